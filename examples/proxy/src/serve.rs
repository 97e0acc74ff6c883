//! The accept loop, and its end.

use std::future::pending;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fusee::net::{TcpListener, TcpStream};
use fusee::sync::Semaphore;
use fusee::task::JoinSet;
use fusee::time::{Duration, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Ending, Upstreams, relay};

/// What may be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long one upstream may take to be connected to.
    pub connect: Duration,
    /// After how long without a byte a connection is cut.
    pub idle: Duration,
    /// How many connections are open at most: others wait where the system keeps them.
    pub most: usize,
    /// How long connections may go on after the end was asked for.
    pub grace: Duration,
}

/// Ends a server: first gently, then at once.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// No new connections.
    pub accepting: CancellationToken,
    /// No connections at all.
    pub everything: CancellationToken,
}

/// What became of the connections. Counters only: they order nothing.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections of clients.
    pub accepted: AtomicU64,
    /// Those for which no upstream could be had.
    pub without_upstream: AtomicU64,
    /// Those that ended in an error of either side.
    pub failed: AtomicU64,
    /// Those over which nothing came for too long.
    pub idle: AtomicU64,
    /// Those that were cut at the end.
    pub cut: AtomicU64,
}

/// Accepts connections and passes them on, until `stop` says otherwise; then waits for those that are open, for as long as the settings and `stop` grant.
pub async fn serve(listener: TcpListener, upstreams: Arc<Upstreams>, settings: Settings, stop: Stop) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let permits = Arc::new(Semaphore::new(settings.most));
    let mut connections = JoinSet::new();
    loop {
        // A permit before the connection: where there is none, the client waits in the listener's backlog and costs nothing. Dropped half-way, it has taken neither.
        let next = async {
            let Ok(permit) = permits.clone().acquire_owned().await else { return pending().await };
            (permit, listener.accept().await)
        };
        fusee::select! {
            biased;
            () = stop.accepting.cancelled() => break,
            // One has ended, and leaves the set.
            Some(_) = connections.join_next() => {}
            (permit, accepted) = next => match accepted {
                Ok((client, _)) => {
                    tally.accepted.fetch_add(1, Ordering::Relaxed);
                    let (upstreams, tally) = (upstreams.clone(), tally.clone());
                    connections.spawn(async move {
                        pass_on(client, &upstreams, settings, &tally).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Too many open files, as a rule: some will be closed.
                    eprintln!("proxy: cannot accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    // From here on connections are refused.
    drop(listener);
    while connections.try_join_next().is_some() {}
    // Whether somebody reads it or not.
    let _ = writeln!(io::stdout(), "stopping; still open: {}", connections.len());
    finish(&mut connections, settings.grace, &stop.everything, &tally).await;
    tally
}

/// Waits for `connections`, and cuts those that are left at the end.
async fn finish(connections: &mut JoinSet<()>, grace: Duration, now: &CancellationToken, tally: &Tally) {
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if !matches!(timeout(grace, now.run_until_cancelled(all_ended)).await, Ok(Some(()))) {
        tally.cut.fetch_add(connections.len() as u64, Ordering::Relaxed);
        connections.shutdown().await;
    }
}

/// One connection, from its first byte to its last.
async fn pass_on(client: TcpStream, upstreams: &Upstreams, settings: Settings, tally: &Tally) {
    let connect = |address: Arc<str>| async move { TcpStream::connect(&*address).await };
    let Some((held, upstream)) = upstreams.connect(settings.connect, connect).await else {
        tally.without_upstream.fetch_add(1, Ordering::Relaxed);
        return;
    };
    // What a relay is handed it sends at once: the ends have put together what belongs together.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let to = held.upstream();
    match relay(client, upstream, settings.idle, &to.there, &to.back).await {
        Ok(Ending::Finished) => {}
        Ok(Ending::Idle) => drop(tally.idle.fetch_add(1, Ordering::Relaxed)),
        Err(_) => drop(tally.failed.fetch_add(1, Ordering::Relaxed)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use fusee::io::{AsyncReadExt, AsyncWriteExt, copy};
    use fusee::task::JoinHandle;
    use fusee::time::{Instant, hold};

    use crate::Policy;

    use super::*;

    const SETTINGS: Settings = Settings {
        connect: Duration::from_secs(3),
        idle: Duration::from_secs(3600),
        most: 1,
        grace: Duration::from_secs(10),
    };

    /// A proxy before an upstream that sends back what comes: where it listens, what ends it, and its task.
    async fn proxy() -> (SocketAddr, Stop, JoinHandle<Arc<Tally>>) {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstreams = [upstream.local_addr().unwrap().to_string()];
        let upstreams = Arc::new(Upstreams::new(upstreams.iter().map(String::as_str), Policy::RoundRobin));
        fusee::spawn(async move {
            while let Ok((mut stream, _)) = upstream.accept().await {
                fusee::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    copy(&mut reader, &mut writer).await
                });
            }
        });
        let (address, stop) = (front.local_addr().unwrap(), Stop::default());
        (address, stop.clone(), fusee::spawn(serve(front, upstreams, SETTINGS, stop)))
    }

    /// A connection over which something has come back. A limit around a connect, as the proxy has one, may be over at once on a paused clock: it is held.
    async fn connect_and_ask(address: SocketAddr) -> TcpStream {
        let _held = hold();
        let mut answer = [0; 4];
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
        stream
    }

    #[fusee::test(start_paused = true)]
    async fn who_is_one_too_many_waits_until_another_has_ended() {
        let (address, _stop, _proxy) = proxy().await;
        let first = connect_and_ask(address).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(b"pong").await.unwrap();
        let mut answer = [0; 4];
        assert!(timeout(Duration::from_secs(600), second.read_exact(&mut answer)).await.is_err());
        // As in `connect_and_ask`.
        let _held = hold();
        drop(first);
        second.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"pong");
    }

    #[fusee::test(start_paused = true)]
    async fn who_does_not_finish_within_the_grace_is_cut_at_its_end() {
        let (address, stop, proxy) = proxy().await;
        let _open = connect_and_ask(address).await;
        let start = Instant::now();
        stop.accepting.cancel();
        let tally = proxy.await.unwrap();
        assert_eq!((start.elapsed(), tally.cut.load(Ordering::Relaxed)), (SETTINGS.grace, 1));
    }
}
