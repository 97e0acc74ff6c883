//! The end of a runtime, at any moment.

use std::task::Waker;

use shuttle_tests::harness::{Census, Counted, check, linger, random, wait_until, witness};
use shuttle_tests::runtime::{Builder, Handle, Runtime};
use shuttle_tests::spawn;
use shuttle_tests::task::{JoinHandle, block_in_place, spawn_blocking, yield_now};
use shuttle_tests::time::{Duration, sleep};

use crate::tools::Mailbox;

/// Tasks of all kinds, which spawn others.
fn crowd(runtime: &Runtime, census: &Census, mailbox: &Mailbox<()>) -> Vec<JoinHandle<Counted>> {
    let tasks = (0..12).map(|number| {
        let (counted, mailbox, census) = (census.count(), mailbox.clone(), census.clone());
        runtime.spawn(async move {
            match number % 6 {
                0 => mailbox.receive().await,
                1 => sleep(Duration::from_micros(random(2_000) as u64)).await,
                2 => {
                    let counted = census.count();
                    let _ = spawn_blocking(move || drop(counted)).await;
                }
                3 => block_in_place(|| linger(5)),
                _ => {
                    let counted = census.count();
                    drop(spawn(async move {
                        yield_now().await;
                        drop(counted);
                    }));
                    yield_now().await;
                }
            }
            counted
        })
    });
    tasks.collect()
}

fn resolve(tasks: Vec<JoinHandle<Counted>>) {
    let resolver = Builder::new_current_thread().build().expect("a runtime is built");
    for task in tasks {
        assert!(task.is_finished(), "every handle resolves once the runtime is gone");
        match resolver.block_on(task) {
            Ok(_) => witness("output"),
            Err(error) => {
                assert!(error.is_cancelled());
                witness("cancelled");
            }
        }
    }
}

/// A runtime is dropped beside tasks of all kinds, beside wakes, aborts and spawns from outside: all threads end, all handles resolve,
/// nothing is left.
#[test]
fn dropped_at_any_moment() {
    check("shutdown::dropped_at_any_moment", &["output", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let mailbox = Mailbox::new();
        let tasks = crowd(&runtime, &census, &mailbox);
        let aborters: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
        let (handle, counted, post) = (runtime.handle().clone(), census.clone(), mailbox.clone());
        let outside = shuttle::thread::spawn(move || {
            let mut spawned = Vec::new();
            for aborter in &aborters[..4] {
                linger(20);
                post.send((), random(2) == 0);
                aborter.abort();
                let (one, other) = (counted.count(), counted.count());
                spawned.push(handle.spawn(async move { one }));
                spawned.push(handle.spawn_blocking(move || other));
            }
            spawned
        });
        linger(200);
        drop(runtime);
        let spawned = outside.join().unwrap();
        resolve(tasks);
        resolve(spawned);
        drop(mailbox);
        census.settle();
    });
}

/// As above, on a thread that does not wait for long, or not at all: the threads end by themselves.
#[test]
fn left_behind() {
    check("shutdown::left_behind", &["output", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let mailbox = Mailbox::new();
        let tasks = crowd(&runtime, &census, &mailbox);
        linger(100);
        if random(2) == 0 {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_micros(random(300) as u64));
        }
        wait_until(|| tasks.iter().all(JoinHandle::is_finished));
        resolve(tasks);
        drop(mailbox);
        census.settle_in_time();
    });
}

/// The last handle to a runtime is dropped inside it: by a task, or by a job.
#[test]
fn dropped_within() {
    check("shutdown::dropped_within", &["task", "job"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let mailbox = Mailbox::new();
        let mut tasks = crowd(&runtime, &census, &mailbox);
        let (handle, counted) = (runtime.handle().clone(), census.count());
        if random(2) == 0 {
            witness("task");
            tasks.push(handle.spawn(async move {
                yield_now().await;
                drop(runtime);
                counted
            }));
        } else {
            witness("job");
            tasks.push(handle.spawn_blocking(move || {
                drop(runtime);
                counted
            }));
        }
        drop(handle);
        wait_until(|| tasks.iter().all(JoinHandle::is_finished));
        drop((tasks, mailbox));
        census.settle_in_time();
    });
}

/// Wakers of tasks, kept by a thread outside, are woken while the runtime ends and afterwards.
#[test]
fn wakers_outlive_it() {
    check("shutdown::wakers_outlive_it", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let wakers = Mailbox::<Waker>::new();
        for _ in 0..6 {
            let (wakers, counted) = (wakers.clone(), census.count());
            drop(runtime.spawn(async move {
                let _counted = counted;
                std::future::poll_fn::<(), _>(|context| {
                    wakers.send(context.waker().clone(), false);
                    std::task::Poll::Pending
                })
                .await;
            }));
        }
        let outside = shuttle::thread::spawn(move || {
            let alone = Builder::new_current_thread().build().expect("a runtime is built");
            let mut kept = Vec::new();
            for _ in 0..4 {
                // Each task sends one to begin with, and one for each time that it is woken.
                let waker = alone.block_on(wakers.receive());
                waker.wake_by_ref();
                kept.push(waker);
                linger(10);
            }
            kept.into_iter().for_each(Waker::wake);
        });
        linger(100);
        // Not before the first polls: the thread waits for wakers.
        outside.join().unwrap();
        drop(runtime);
        census.settle();
    });
}

/// Threads in `Handle::block_on` go on beside the end of their runtime.
#[test]
fn beside_block_on() {
    check("shutdown::beside_block_on", &["output", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (handle, census): (Handle, Census) = (runtime.handle().clone(), census.clone());
                shuttle::thread::spawn(move || {
                    for _ in 0..4 {
                        linger(30);
                        let counted = census.count();
                        let joined = handle.block_on(async { spawn(async move { counted }).await });
                        witness(if joined.is_ok() { "output" } else { "cancelled" });
                    }
                })
            })
            .collect();
        linger(100);
        drop(runtime);
        for thread in threads {
            thread.join().unwrap();
        }
        census.settle();
    });
}
