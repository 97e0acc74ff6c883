//! Paused clocks beside real sockets: an exchange within the process is never overtaken, one that nobody takes part in costs no time.

use std::io::{Read, Write};
use std::net::SocketAddr;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
#[cfg(unix)]
use fusee::net::UnixStream;
use fusee::net::{TcpListener, TcpStream};

use super::*;

const ROUNDS: u64 = 200;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    let connecting = TcpStream::connect(address).await.expect("a connection");
    let (accepted, _) = listener.accept().await.expect("a client");
    connecting.set_nodelay(true).expect("an option");
    accepted.set_nodelay(true).expect("an option");
    (connecting, accepted)
}

/// A server of the standard library's that answers each byte when it is told to.
fn slow_server() -> (SocketAddr, std::sync::mpsc::Sender<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, wait) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut byte = [0];
        while stream.read(&mut byte).is_ok_and(|count| count == 1) && wait.recv().is_ok() {
            if stream.write_all(&byte).is_err() {
                return;
            }
        }
    });
    (address, tell)
}

#[test]
fn an_exchange_within_the_process_is_not_overtaken_by_a_time_limit() {
    on_paused_runtimes(|runtime| {
        let task = runtime.spawn(async {
            let start = Instant::now();
            let (mut near, mut far) = pair().await;
            let echo = fusee::spawn(async move {
                let mut byte = [0];
                while far.read(&mut byte).await.unwrap() == 1 {
                    far.write_all(&byte).await.unwrap();
                }
            });
            let mut byte = [0];
            for round in 0..ROUNDS {
                near.write_all(&[round as u8]).await.unwrap();
                // One nanosecond of virtual time: nothing else would do.
                timeout(Duration::from_nanos(1), near.read_exact(&mut byte)).await.expect("in time").unwrap();
                assert_eq!(byte[0], round as u8);
            }
            drop(near);
            echo.await.unwrap();
            start.elapsed()
        });
        assert_eq!(runtime.block_on(task).unwrap(), Duration::ZERO);
    });
}

#[test]
fn an_exchange_between_two_runtimes_is_waited_for_during_the_grace() {
    watchdog(|| {
        let server = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (listener, address) = server.block_on(listener());
        drop(server.spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut byte = [0];
            while stream.read(&mut byte).await.unwrap() == 1 {
                stream.write_all(&byte).await.unwrap();
            }
        }));
        // As long as a thread may take on a busy machine, and longer.
        let grace = Duration::from_secs(30);
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()].into_iter().take(1) {
            let runtime = paused(builder.io_grace(grace));
            runtime.block_on(async {
                let mut near = TcpStream::connect(address).await.unwrap();
                near.set_nodelay(true).unwrap();
                for round in 0..50 {
                    near.write_all(&[round]).await.unwrap();
                    let mut byte = [0];
                    timeout(Duration::from_millis(1), near.read_exact(&mut byte)).await.expect("in time").unwrap();
                    assert_eq!(byte[0], round);
                }
            });
        }
    });
}

#[test]
fn an_idle_listener_beside_an_interval_costs_no_real_time() {
    // With a grace for each tick it would take hours.
    let set_up = |builder: &mut Builder| {
        builder.io_grace(Duration::from_secs(10));
    };
    on_paused_runtimes_with(set_up, |runtime| {
        let task = runtime.spawn(async {
            let (listener, _) = listener().await;
            let start = Instant::now();
            let mut ticks = interval(Duration::from_secs(60));
            let accepting = listener.accept();
            let ticking = async {
                for _ in 0..=1440 {
                    ticks.tick().await;
                }
            };
            futures::future::select(Box::pin(accepting), Box::pin(ticking)).await;
            start.elapsed()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 24 * HOUR);
    });
}

#[test]
fn a_slow_answer_from_outside_is_overtaken_unless_the_clock_is_held() {
    on_paused_runtimes(|runtime| {
        let (address, tell) = slow_server();
        let task = runtime.spawn(async move {
            let mut near = TcpStream::connect(address).await.unwrap();
            near.write_all(&[1]).await.unwrap();
            assert!(
                timeout(HOUR, near.read_exact(&mut [0])).await.is_err(),
                "nobody has said that it is to be waited for"
            );
            tell.send(()).unwrap();
            near.read_exact(&mut [0]).await.unwrap();
            let start = Instant::now();
            let held = time::hold();
            near.write_all(&[2]).await.unwrap();
            tell.send(()).unwrap();
            timeout(HOUR, near.read_exact(&mut [0])).await.expect("in time").unwrap();
            drop(held);
            start.elapsed()
        });
        assert_eq!(runtime.block_on(task).unwrap(), Duration::ZERO);
    });
}

#[test]
fn a_clock_that_is_paused_beside_a_worker_that_waits_for_events_is_exact_and_goes_on_when_resumed() {
    watchdog(|| {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(2).build().unwrap();
            let task = runtime.spawn(async {
                for round in 0..50 {
                    // A worker waits in the selector by now, or is about to.
                    let (mut near, mut far) = pair().await;
                    let reading = fusee::spawn(async move {
                        let mut byte = [0];
                        far.read_exact(&mut byte).await.unwrap();
                        byte[0]
                    });
                    yield_now().await;
                    time::pause();
                    let start = Instant::now();
                    sleep(HOUR).await;
                    assert_eq!(start.elapsed(), HOUR);
                    near.write_all(&[round]).await.unwrap();
                    assert_eq!(timeout(Duration::from_nanos(1), reading).await.expect("in time").unwrap(), round);
                    time::resume();
                    let (mut near, mut far) = pair().await;
                    near.write_all(&[round]).await.unwrap();
                    far.read_exact(&mut [0]).await.unwrap();
                }
            });
            runtime.block_on(task).unwrap();
        }
    });
}

#[cfg(unix)]
#[test]
fn the_first_source_is_waited_for_while_a_task_stays_awake() {
    on_paused_runtimes(|runtime| {
        let task = runtime.spawn(async {
            let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
            far.set_nonblocking(true).unwrap();
            let mut far = UnixStream::from_std(far).unwrap();
            let reading = fusee::spawn(async move { far.read_exact(&mut [0]).await.map(drop) });
            yield_now().await;
            Write::write_all(&mut &near, &[1]).unwrap();
            while !reading.is_finished() {
                yield_now().await;
            }
        });
        runtime.block_on(task).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn a_pause_that_ends_at_once_leaves_nobody_waiting() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let (told, wait) = std::sync::mpsc::channel();
        let reading = runtime.spawn(async move {
            let mut far = UnixStream::from_std(far).unwrap();
            while far.read(&mut [0]).await.unwrap() > 0 {
                told.send(()).unwrap();
            }
        });
        let _entered = runtime.enter();
        for round in 0..4000 {
            // The worker leaves the selector, and parks again just as the clock stands still: that is over before the driver has seen it.
            drop(runtime.spawn(async {}));
            (0..round % 1000 * 20).for_each(|_| std::hint::spin_loop());
            time::pause();
            (0..round % 7 * 20).for_each(|_| std::hint::spin_loop());
            time::resume();
            Write::write_all(&mut near, &[1]).unwrap();
            wait.recv().unwrap();
        }
        drop(near);
        runtime.block_on(reading).unwrap();
    });
}
