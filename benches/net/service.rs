//! What the servers do: generic functions over the runtimes, each a task for every connection.
//!
//! A task ends when its client has closed the connection. What tasks compute is noted, so that it can be taken off the CPU time.

use super::network::Network;
use super::pattern::is_marked;
use super::workload::{SMALL, Service};
use crate::usage::thread_cpu_time;
use std::hint::{black_box, spin_loop};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The bytes of a buffer for small requests: more than one has, as servers' are, so that one read empties the socket.
const ROOMY: usize = 1 << 10;

/// Steps of a computation: about 200 µs. The same work for each server, whatever else its CPU does meanwhile.
const STEPS: u64 = 400_000;

/// How long the hog holds its worker, and the part of it that is noted at a time.
const HOLD: Duration = Duration::from_millis(5);
const PART: Duration = Duration::from_micros(250);

/// The nanoseconds of CPU time that tasks have computed for.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// The CPU time that tasks have computed for, which costs each runtime the same.
pub(super) fn computed() -> Duration {
    Duration::from_nanos(COMPUTED.load(Ordering::Relaxed))
}

/// Begins to serve; the port.
pub(super) async fn start<N: Network>(service: Service) -> io::Result<u16> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    if service == Service::Datagrams {
        let (socket, port) = N::bind(anywhere).await?;
        N::detach(answer_datagrams::<N>(socket));
        return Ok(port);
    }
    let (listener, port) = N::listen(anywhere).await?;
    match service {
        Service::Datagrams | Service::Echo => N::detach(accept::<N, _>(listener, echo::<N, ROOMY>)),
        Service::Relay => N::detach(accept::<N, _>(listener, echo::<N, { 16 << 10 }>)),
        Service::Uneven => N::detach(accept::<N, _>(listener, uneven::<N>)),
        Service::Idle => N::detach(accept::<N, _>(listener, echo::<N, 1>)),
        Service::Hog => {
            N::detach(hog::<N>());
            N::detach(accept::<N, _>(listener, echo::<N, ROOMY>));
        }
    }
    Ok(port)
}

async fn accept<N: Network, T>(listener: N::Listener, task: fn(N::Stream) -> T)
where
    T: Future<Output = ()> + Send + 'static,
{
    loop {
        let stream = N::accept(&listener).await.expect("connections must be accepted");
        N::detach(task(stream));
    }
}

/// Through a buffer of so many bytes.
#[expect(
    clippy::manual_async_fn,
    reason = "a function that is async itself holds its argument twice: the task would be larger"
)]
fn echo<N: Network, const BYTES: usize>(mut stream: N::Stream) -> impl Future<Output = ()> + Send {
    async move {
        let mut buffer = [0; BYTES];
        loop {
            let length = N::read(&mut stream, &mut buffer).await.expect("requests must come");
            if length == 0 {
                break;
            }
            N::write_all(&mut stream, &buffer[..length]).await.expect("answers must go");
        }
    }
}

/// Computes before it answers a request that is marked.
async fn uneven<N: Network>(mut stream: N::Stream) {
    let mut buffer = [0; ROOMY];
    loop {
        let mut length = 0;
        while length < SMALL {
            match N::read(&mut stream, &mut buffer[length..]).await.expect("requests must come") {
                0 => return,
                more => length += more,
            }
        }
        if is_marked(&buffer) {
            let cpu = thread_cpu_time();
            black_box((0..STEPS).fold(0, |done, _| black_box(done + 1)));
            note_computed(thread_cpu_time() - cpu);
        }
        N::write_all(&mut stream, &buffer[..length]).await.expect("answers must go");
    }
}

/// Holds its worker for milliseconds at a time, and yields in between.
async fn hog<N: Network>() {
    loop {
        let start = Instant::now();
        let mut parts = 0;
        while start.elapsed() < HOLD {
            let cpu = thread_cpu_time();
            parts += 1;
            while start.elapsed() < PART * parts {
                spin_loop();
            }
            note_computed(thread_cpu_time() - cpu);
        }
        N::yield_now().await;
    }
}

async fn answer_datagrams<N: Network>(socket: N::Datagrams) {
    let mut buffer = [0; ROOMY];
    loop {
        let (length, peer) = N::receive(&socket, &mut buffer).await.expect("datagrams must come");
        N::answer(&socket, &buffer[..length], peer).await.expect("datagrams must go");
    }
}

fn note_computed(time: Duration) {
    COMPUTED.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
}
