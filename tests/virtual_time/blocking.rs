//! Threads that block: what runs in the pool, or in place of a worker, keeps the clock where it is.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, RuntimeFlavor};
use fusee::task;
use fusee::time::{Instant, sleep};
use futures::executor;
use futures::future::join_all;

use super::support::{Latch, watchdog};
use super::{HOUR, on_paused_runtimes, paused};

#[test]
fn a_blocking_job_keeps_the_clock_where_it_is() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            for _ in 0..20 {
                let start = Instant::now();
                let hour = fusee::spawn(async { sleep(HOUR).await });
                let (waiting, go) = (Latch::new(), Latch::new());
                let (opens, waits) = (waiting.clone(), go.clone());
                let job = task::spawn_blocking(move || {
                    opens.open();
                    waits.wait();
                    assert_eq!(start.elapsed(), Duration::ZERO);
                });
                let other = thread::spawn(move || {
                    waiting.wait();
                    go.open();
                });
                job.await.unwrap();
                assert_eq!(start.elapsed(), Duration::ZERO, "it ends before time moves on");
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
                other.join().unwrap();
                // Nobody awaits this one: when it has ended time goes on all the same.
                drop(task::spawn_blocking(|| ()));
                sleep(HOUR).await;
            }
        });
    });
}

#[test]
fn whoever_waits_for_a_timer_while_it_blocks_lets_time_move() {
    on_paused_runtimes(|runtime| {
        let flavor = runtime.handle().runtime_flavor();
        let block = || {
            let start = Instant::now();
            Handle::current().block_on(async { sleep(HOUR).await });
            assert_eq!(start.elapsed(), HOUR);
        };
        runtime.block_on(async {
            task::spawn_blocking(block).await.unwrap();
            if flavor == RuntimeFlavor::MultiThread {
                fusee::spawn(async move { task::block_in_place(block) }).await.unwrap();
                // In the root future, too, and again in there.
                task::block_in_place(|| {
                    block();
                    Handle::current().block_on(async { task::block_in_place(block) });
                });
            }
            // Nothing counts twice or not at all after that.
            let start = Instant::now();
            task::spawn_blocking(move || assert_eq!(start.elapsed(), Duration::ZERO)).await.unwrap();
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
        });
    });
}

#[test]
fn a_job_that_drives_the_runtime_itself_lets_time_move() {
    watchdog(|| {
        let runtime = Arc::new(paused(&mut Builder::new_current_thread()));
        let driven = runtime.clone();
        let job = runtime.spawn_blocking(move || {
            let start = driven.block_on(async { Instant::now() });
            driven.block_on(async { fusee::spawn(async { sleep(HOUR).await }).await.unwrap() });
            assert_eq!(start.elapsed(), HOUR);
            drop(fusee::spawn(async { sleep(HOUR).await }));
            assert_eq!(start.elapsed(), HOUR, "the job counts again");
        });
        executor::block_on(job).unwrap();
    });
}

#[test]
fn a_task_that_blocks_in_place_keeps_the_clock_until_its_poll_has_ended() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = paused(Builder::new_multi_thread().worker_threads(count));
            runtime.block_on(async {
                let start = Instant::now();
                let hour = fusee::spawn(async { sleep(HOUR).await });
                let blocking = (0..20).map(|_| {
                    fusee::spawn(async move {
                        // The worker goes elsewhere, finds another task and rests.
                        task::block_in_place(|| drop(fusee::spawn(async {})));
                        for _ in 0..100 {
                            assert_eq!(start.elapsed(), Duration::ZERO);
                            thread::yield_now();
                        }
                    })
                });
                join_all(blocking.collect::<Vec<_>>()).await.into_iter().for_each(|outcome| outcome.unwrap());
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
            });
        }
    });
}

#[test]
fn a_sleep_within_the_second_closure_that_blocks_in_one_poll_lets_time_move() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).start_paused(true).build().unwrap();
        let task = runtime.spawn(async {
            let pause = || Handle::current().block_on(sleep(Duration::from_secs(1)));
            task::block_in_place(|| ());
            task::block_in_place(pause);
            task::block_in_place(pause);
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_job_that_waits_for_a_thread_lets_time_move_if_those_that_have_one_wait_for_that() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let runtime = paused(build().worker_threads(1).max_blocking_threads(2));
            runtime.block_on(async {
                let start = Instant::now();
                let sleeps = |hours: u32| {
                    task::spawn_blocking(move || {
                        Handle::current().block_on(async { sleep(hours * HOUR).await });
                        start.elapsed()
                    })
                };
                // The first two have a thread; each of the others begins when one of those before it ends.
                let jobs = [sleeps(1), sleeps(2), sleeps(3), sleeps(1), sleeps(4)];
                let mut ends = Vec::new();
                for job in jobs {
                    ends.push(job.await.unwrap());
                }
                assert_eq!(ends, [1, 2, 4, 3, 7].map(|hours| hours * HOUR));
            });
        }
    });
}

#[test]
fn a_job_that_waits_for_a_thread_that_runs_keeps_the_clock_where_it_is() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let runtime = paused(build().worker_threads(1).max_blocking_threads(1));
            runtime.block_on(async {
                let start = Instant::now();
                let (running, go) = (Latch::new(), Latch::new());
                let (opens, waits) = (running.clone(), go.clone());
                let first = task::spawn_blocking(move || {
                    opens.open();
                    waits.wait();
                });
                running.wait();
                let second = task::spawn_blocking(move || start.elapsed());
                let hour = fusee::spawn(async { sleep(HOUR).await });
                let other = thread::spawn(move || {
                    (0..1000).for_each(|_| thread::yield_now());
                    go.open();
                });
                assert_eq!(second.await.unwrap(), Duration::ZERO);
                first.await.unwrap();
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
                other.join().unwrap();
            });
        }
    });
}
