//! Connections that are idle cost no CPU time, and a runtime without sources no descriptor.
//!
//! One test alone, for it measures the CPU time of the whole process, and counts its files.
#![cfg(feature = "net")]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee::runtime::Runtime;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::proc::{cpu_time, open_files};
use support::{current_thread, driven, until, watchdog, workers};

/// As many connections as this process may have, two descriptors each, at most.
const MOST: usize = 10_000;

/// CPU time of a third of a second in which nothing happens.
const SPENT: Duration = Duration::from_millis(20);

fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("the hard limit is allowed");
    let files = limit.maximum.map_or(usize::MAX, |most| most as usize);
    MOST.min(files.saturating_sub(200) / 2)
}

/// Connects so many clients to a server that echoes. The clients, one of which talks first.
async fn connect(count: usize) -> Vec<TcpStream> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(fusee::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(fusee::spawn(async move {
                let mut bytes = [0; 64];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    stream.write_all(&bytes[..count]).await.expect("the client is there");
                }
            }));
        }
    }));
    let mut clients = Vec::new();
    for n in 0..count {
        let mut client = TcpStream::connect(address).await.expect("a connection");
        if n % 100 == 0 {
            client.write_all(b"hello").await.expect("a question");
            client.read_exact(&mut [0; 5]).await.expect("an answer");
        }
        clients.push(client);
    }
    clients
}

#[test]
fn ten_thousand_idle_connections_cost_nothing_for_a_third_of_a_second() {
    watchdog(|| {
        let count = connections();
        let empty = open_files();
        for runtime in [current_thread(), workers(1), workers(2), workers(4)] {
            runtime.block_on(async { fusee::spawn(fusee::time::sleep(Duration::from_millis(1))).await.unwrap() });
            assert_eq!(open_files(), empty, "a runtime without sources has no descriptor");
            let clients = runtime.block_on(connect(count));
            driven(&runtime, || assert_idle(&runtime));
            let one = runtime.block_on(async {
                let mut clients = clients;
                let one = clients.last_mut().expect("there are some");
                one.write_all(b"hello").await.unwrap();
                one.read_exact(&mut [0; 5]).await.unwrap();
                clients
            });
            drop(one);
            drop(runtime);
            assert_eq!(open_files(), empty, "a runtime that is gone has none");
        }
    });
}

fn assert_idle(runtime: &Runtime) {
    let metrics = runtime.metrics();
    let wakes = || (0..metrics.num_workers()).map(|worker| metrics.worker_park_count(worker)).sum::<u64>();
    let all_park = || (0..metrics.num_workers()).all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1);
    let mut before = (wakes(), metrics.driver_wake_count());
    until("all sleep", || {
        // tidy: real time, because only time shows that a thread stays parked.
        std::thread::sleep(Duration::from_millis(10));
        let now = (wakes(), metrics.driver_wake_count());
        std::mem::replace(&mut before, now) == now && all_park()
    });
    let (start, spent) = (Instant::now(), cpu_time());
    // tidy: real time, because what is measured is what happens while it passes.
    std::thread::sleep(Duration::from_secs(1) / 3);
    let spent = cpu_time() - spent;
    assert!(spent <= SPENT, "{spent:?} of CPU time in {:?}", start.elapsed());
    assert!(metrics.driver_wake_count() - before.1 <= 4, "the watch has stopped");
    assert!(wakes() - before.0 <= 4, "the workers sleep on");
}
