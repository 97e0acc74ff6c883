//! Streams between tasks: on workers that wait for events, look for them, and are stuck.

use std::io;

use shuttle_tests::harness::{Census, check, linger, random, witness};
use shuttle_tests::net::{End, Stream, pair};
use shuttle_tests::runtime::Builder;
use shuttle_tests::spawn;
use shuttle_tests::task::{JoinHandle, block_in_place, yield_now};
use shuttle_tests::time::{Duration, Instant, pause, sleep};

use crate::tools::Gate;

/// Messages that a client sends.
const MESSAGES: usize = 3;

/// Answers what comes with itself, until the end.
async fn serve(census: Census, end: End) -> io::Result<()> {
    let (_counted, stream) = (census.count(), Stream::new(end)?);
    let mut buffer = [0; 4];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
        if random(4) == 0 {
            yield_now().await;
        }
    }
}

/// Sends messages, of a length that there may be no room for, and reads the answers.
async fn ask(census: Census, end: End) -> io::Result<()> {
    let (_counted, stream) = (census.count(), Stream::new(end)?);
    for number in 0..MESSAGES {
        let message = [number as u8; 3];
        let message = &message[..1 + random(3)];
        stream.write_all(message).await?;
        let (mut answer, mut count) = ([9; 3], 0);
        while count < message.len() {
            match stream.read(&mut answer[count..message.len()]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => count += read,
            }
        }
        assert_eq!(&answer[..count], message);
    }
    Ok(())
}

/// So many, or one: a lone worker has nobody to share events with, and rules of its own.
fn some(workers: usize) -> usize {
    if random(3) == 0 { 1 } else { workers }
}

fn server(census: &Census) -> (JoinHandle<io::Result<()>>, End) {
    let (own, peer) = pair(1 + random(3));
    (spawn(serve(census.clone(), own)), peer)
}

/// Clients and servers are tasks of one runtime.
#[test]
fn echo() {
    check("sources::echo", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(some(workers));
        runtime.block_on(async {
            let (servers, ends): (Vec<_>, Vec<_>) = (0..3).map(|_| server(&census)).unzip();
            let clients: Vec<_> = ends.into_iter().map(|end| spawn(ask(census.clone(), end))).collect();
            for task in clients.into_iter().chain(servers) {
                task.await.unwrap().unwrap();
            }
        });
        drop(runtime);
        census.settle();
    });
}

/// Polls block their workers, each until an exchange is over whose tasks other workers, or the driver, are told of.
#[test]
fn behind_stuck_polls() {
    check("sources::behind_stuck_polls", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let stuck: Vec<_> = (1..workers)
            .map(|_| {
                let census = census.clone();
                runtime.spawn(async move {
                    let (server, end) = server(&census);
                    let (gate, client) = (Gate::new(), spawn(ask(census, end)));
                    let opener = gate.clone();
                    let asking = spawn(async move {
                        client.await.unwrap().unwrap();
                        opener.open();
                    });
                    for _ in 0..random(3) {
                        yield_now().await;
                    }
                    if random(4) == 0 {
                        block_in_place(|| gate.pass());
                    } else {
                        gate.pass();
                    }
                    asking.await.unwrap();
                    server.await.unwrap().unwrap();
                })
            })
            .collect();
        census.settle_after(runtime, stuck);
    });
}

/// Threads in `block_on` are clients of servers on another runtime, of either flavour, and so sources of one runtime are written to by another.
#[test]
fn between_runtimes() {
    check("sources::between_runtimes", &["current-thread", "multi-thread"], |workers| {
        let census = Census::new();
        let near = std::sync::Arc::new(if random(2) == 0 {
            witness("current-thread");
            census.build(Builder::new_current_thread())
        } else {
            witness("multi-thread");
            census.multi_thread(2)
        });
        let far = census.multi_thread(some(workers));
        let (servers, ends): (Vec<_>, Vec<_>) = far.block_on(async { (0..3).map(|_| server(&census)).unzip() });
        let threads = ends.into_iter().map(|end| {
            let (near, census) = (near.clone(), census.clone());
            shuttle::thread::spawn(move || near.block_on(ask(census, end)).unwrap())
        });
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        for server in servers {
            far.block_on(server).unwrap().unwrap();
        }
        drop((near, far));
        census.settle();
    });
}

/// On a paused clock an exchange takes no time, though a timer waits for time to move; also if the clock is paused while workers wait for events.
#[test]
fn paused() {
    check("sources::paused", &["from the start", "later"], |workers| {
        let census = Census::new();
        let is_paused = random(2) == 0;
        witness(if is_paused { "from the start" } else { "later" });
        let mut builder = if random(3) == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
        builder.worker_threads(some(workers)).start_paused(is_paused);
        let runtime = census.build(builder);
        runtime.block_on(async {
            let (server, end) = server(&census);
            if !is_paused {
                let (other, other_end) = self::server(&census);
                ask(census.clone(), other_end).await.unwrap();
                other.await.unwrap().unwrap();
                pause();
            }
            let start = Instant::now();
            let sleeping = spawn(async move {
                sleep(Duration::from_millis(5)).await;
                Instant::now()
            });
            ask(census.clone(), end).await.unwrap();
            assert_eq!(Instant::now(), start, "time overtakes an exchange");
            server.await.unwrap().unwrap();
            assert_eq!(sleeping.await.unwrap(), start + Duration::from_millis(5));
        });
        drop(runtime);
        census.settle();
    });
}

/// A runtime is dropped in the middle of exchanges: all threads end, and a stream that is left says so.
#[test]
fn dropped_at_any_moment() {
    check("sources::dropped_at_any_moment", &["answered", "cancelled", "refused"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(some(workers));
        let (own, peer) = pair(2);
        let left = runtime.block_on(async { Stream::new(own).unwrap() });
        let (servers, ends): (Vec<_>, Vec<_>) = runtime.block_on(async { (0..3).map(|_| server(&census)).unzip() });
        let clients: Vec<_> = ends.into_iter().map(|end| runtime.spawn(ask(census.clone(), end))).collect();
        let (handle, counted) = (runtime.handle().clone(), census.clone());
        let outside = shuttle::thread::spawn(move || {
            linger(60);
            // Its runtime may be gone at any time.
            let told = handle.block_on(async { serve(counted, peer).await });
            witness(if told.is_ok() { "answered" } else { "refused" });
        });
        linger(200);
        drop(runtime);
        let alone = Builder::new_current_thread().build().unwrap();
        for task in clients.into_iter().chain(servers) {
            match alone.block_on(task) {
                Ok(answer) => witness(if answer.is_ok() { "answered" } else { "refused" }),
                Err(error) => {
                    assert!(error.is_cancelled());
                    witness("cancelled");
                }
            }
        }
        assert!(alone.block_on(left.read(&mut [0])).is_err(), "nobody tells of what comes");
        drop(left);
        outside.join().unwrap();
        drop(alone);
        census.settle();
    });
}
