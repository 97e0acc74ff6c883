//! Who waits for events: parked workers, running ones between two polls, and the timer driver when no worker does.
#![cfg(feature = "net")]

#[path = "selector/driver.rs"]
mod driver;
mod support;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee::runtime::Runtime;
use fusee::task::{JoinHandle, yield_now};
use fusee::time::{Duration, sleep, timeout};
use support::{Latch, block_a_worker, current_thread, on_every_flavour, on_one_worker, until, watchdog, workers};

const ROUNDS: usize = 100;

/// A server of the standard library's, on a thread of its own, that answers each byte with the next one, for one client.
fn foreign_server() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.set_nodelay(true).expect("an option");
        let mut byte = [0];
        while stream.read(&mut byte).expect("a byte") == 1 {
            stream.write_all(&[byte[0].wrapping_add(1)]).expect("an answer");
        }
    });
    address
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), question: u8) {
    let mut answer = [0];
    stream.write_all(&[question]).await.expect("a question");
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer[0], question.wrapping_add(1));
}

/// Asks as often as a test wants to.
async fn ask_foreign_server() {
    let mut stream = TcpStream::connect(foreign_server()).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    for round in 0..ROUNDS {
        ask(&mut stream, round as u8).await;
    }
}

/// Both ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connecting = TcpStream::connect(address).await.expect("a connection");
    let (accepted, _) = listener.accept().await.expect("a client");
    connecting.set_nodelay(true).expect("an option");
    accepted.set_nodelay(true).expect("an option");
    (connecting, accepted)
}

#[test]
fn the_root_future_is_answered_while_all_workers_are_blocked() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let blocked: Vec<_> = (0..count).map(|_| block_a_worker(&runtime)).collect();
            runtime.block_on(ask_foreign_server());
            blocked.iter().for_each(|(end, _)| end.open());
            // The workers take over from the driver.
            runtime.block_on(async {
                for (_, task) in blocked {
                    task.await.unwrap();
                }
                fusee::spawn(ask_foreign_server()).await.unwrap();
            });
        }
    });
}

#[test]
fn another_worker_takes_over_from_one_that_an_event_woke_and_that_then_blocks() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            for _ in 0..20 {
                let end = Latch::new();
                let wait = end.clone();
                let blocking = runtime.spawn(async move {
                    let (mut near, mut far) = pair().await;
                    let answering = fusee::spawn(async move {
                        let mut byte = [0];
                        far.read_exact(&mut byte).await.unwrap();
                        far.write_all(&[byte[0] + 1]).await.unwrap();
                        byte[0]
                    });
                    ask(&mut near, 7).await;
                    wait.wait();
                    answering.await.unwrap()
                });
                let asking = runtime.spawn(ask_foreign_server());
                runtime.block_on(asking).unwrap();
                end.open();
                assert_eq!(runtime.block_on(blocking).unwrap(), 7);
            }
        }
    });
}

#[test]
#[cfg(unix)]
fn what_one_event_wakes_does_not_keep_waiting_what_another_wakes() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            for _ in 0..100 {
                let end = Latch::new();
                let [(blocks, first), (opens, second)] =
                    [(); 2].map(|()| std::os::unix::net::UnixStream::pair().unwrap());
                let read = |stream: std::os::unix::net::UnixStream| {
                    stream.set_nonblocking(true).unwrap();
                    async move {
                        let mut stream = fusee::net::UnixStream::from_std(stream).unwrap();
                        stream.read_exact(&mut [0]).await.unwrap();
                    }
                };
                let (reads, wait) = (read(blocks), end.clone());
                let blocking = runtime.spawn(async move {
                    reads.await;
                    wait.wait();
                });
                let reads = read(opens);
                let opening = runtime.spawn(async move {
                    reads.await;
                    end.open();
                });
                // Both wait, as a rule, and one worker fetches both events.
                runtime.block_on(yield_now());
                (&first).write_all(b"a").unwrap();
                (&second).write_all(b"b").unwrap();
                runtime.block_on(opening).unwrap();
                runtime.block_on(blocking).unwrap();
            }
        }
    });
}

/// A task that yields until it is ended, and counts its polls.
#[cfg(unix)]
fn hog(runtime: &Runtime) -> (Arc<AtomicU64>, Arc<AtomicBool>, JoinHandle<()>) {
    let (polls, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (counting, ending) = (polls.clone(), ended.clone());
    let task = runtime.spawn(async move {
        while !ending.load(Ordering::Relaxed) {
            counting.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    (polls, ended, task)
}

/// So many questions of one task that another answers. What is written is there at once: no other thread is waited for.
#[cfg(unix)]
async fn exchange(rounds: usize) {
    let (mut near, mut far) = fusee::net::UnixStream::pair().unwrap();
    let echo = fusee::spawn(async move {
        let mut byte = [0];
        for _ in 0..rounds {
            far.read_exact(&mut byte).await.unwrap();
            far.write_all(&[byte[0].wrapping_add(1)]).await.unwrap();
        }
    });
    for round in 0..rounds {
        ask(&mut near, round as u8).await;
    }
    echo.await.unwrap();
}

#[test]
#[cfg(unix)]
fn a_hog_that_yields_starves_no_socket_for_more_than_a_look_around() {
    on_one_worker(|runtime| {
        let (polls, ended, hog) = hog(&runtime);
        let counted = polls.clone();
        let exchange = runtime.spawn(async move {
            let before = counted.load(Ordering::Relaxed);
            exchange(ROUNDS).await;
            counted.load(Ordering::Relaxed) - before
        });
        let polls = runtime.block_on(exchange).unwrap();
        ended.store(true, Ordering::Relaxed);
        runtime.block_on(hog).unwrap();
        // Each round waits for two events, each for a look around: after 61 polls at most, and a few to run what was found.
        assert!(polls <= (ROUNDS as u64 + 1) * 2 * 66, "{polls} polls of the hog in {ROUNDS} rounds");
    });
}

#[test]
fn a_thread_that_only_has_a_handle_is_answered_while_nobody_drives_the_runtime() {
    watchdog(|| {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        // Nobody is in `Runtime::block_on`: the driver waits for events.
        thread::spawn(move || handle.block_on(ask_foreign_server())).join().unwrap();
        let handle = runtime.handle().clone();
        thread::spawn(move || {
            let _entered = handle.enter();
            futures::executor::block_on(ask_foreign_server());
        })
        .join()
        .unwrap();
        runtime.block_on(ask_foreign_server());
        let handle = runtime.handle().clone();
        thread::spawn(move || handle.block_on(ask_foreign_server())).join().unwrap();
    });
}

#[test]
fn an_executor_within_a_task_is_answered_though_it_blocks_the_only_worker() {
    on_one_worker(|runtime| {
        let task = runtime.spawn(async { futures::executor::block_on(ask_foreign_server()) });
        runtime.block_on(task).unwrap();
        runtime.block_on(async { futures::executor::block_on(ask_foreign_server()) });
    });
}

#[test]
fn what_is_registered_from_outside_while_all_sleep_is_waited_for() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let _entered = runtime.enter();
            futures::executor::block_on(ask_foreign_server());
        }
    });
}

#[test]
fn events_and_timers_wake_one_worker_that_waits_for_both() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(async {
            let (mut near, mut far) = pair().await;
            let mut byte = [0];
            for round in 0..ROUNDS {
                // Nothing comes, and the limit ends the wait.
                let limit = Duration::from_micros(100 + 10 * round as u64);
                assert!(timeout(limit, far.read(&mut byte)).await.is_err());
                near.write_all(&[round as u8]).await.unwrap();
                assert_eq!(timeout(Duration::from_secs(60), far.read(&mut byte)).await.unwrap().unwrap(), 1);
                assert_eq!(byte[0], round as u8);
            }
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_runtime_that_is_dropped_by_a_task_on_a_socket_ends() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let handle = runtime.handle().clone();
            let (ended, wait) = std::sync::mpsc::channel();
            drop(handle.spawn(async move {
                let (mut near, mut far) = pair().await;
                near.write_all(&[1]).await.unwrap();
                far.read_exact(&mut [0]).await.unwrap();
                drop(runtime);
                ended.send(()).unwrap();
                // The stream is there until the task is dropped at its next suspension point.
                sleep(Duration::from_secs(3600)).await;
            }));
            wait.recv().unwrap();
        }
    });
}

#[test]
fn who_waits_on_another_thread_is_told_when_the_runtime_ends() {
    on_every_flavour(|runtime| {
        let polled = Latch::new();
        let (handle, tell) = (runtime.handle().clone(), polled.clone());
        let waiting = thread::spawn(move || {
            handle.block_on(async move {
                let (mut near, _far) = pair().await;
                let mut byte = [0];
                let reading = near.read(&mut byte);
                tell.open();
                reading.await.unwrap_err().to_string()
            })
        });
        polled.wait();
        drop(runtime);
        let error = waiting.join().unwrap();
        assert!(error.contains("has shut down"), "{error}");
    });
}
