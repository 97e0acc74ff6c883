//! A task blocks its worker: wakes, spawns, stolen and injected tasks, and timers of all others go on without it.

mod support;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::Handle;
use fusee::time::sleep;
use futures::channel::oneshot;
use futures::executor;
use support::{Latch, Random, poll_once, watchdog, workers};

#[test]
fn a_task_spawned_by_a_task_that_then_blocks_runs_elsewhere() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            for _ in 0..500 {
                let task = runtime.spawn(async {
                    let (done, wait) = mpsc::channel();
                    drop(fusee::spawn(async move { done.send(42).unwrap() }));
                    wait.recv().unwrap()
                });
                assert_eq!(runtime.block_on(task).unwrap(), 42);
            }
        }
    });
}

#[test]
fn a_task_woken_by_a_task_that_then_blocks_runs_elsewhere() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            for _ in 0..500 {
                let task = runtime.spawn(async {
                    let (wake, woken) = oneshot::channel();
                    let (done, wait) = mpsc::channel();
                    let polled = Latch::new();
                    let tell = polled.clone();
                    let mut woken = woken;
                    drop(fusee::spawn(poll_fn(move |context| {
                        let answer = Pin::new(&mut woken).poll(context);
                        tell.open();
                        answer.map(|answer| done.send(answer.unwrap()).unwrap())
                    })));
                    polled.wait();
                    wake.send(42).unwrap();
                    wait.recv().unwrap()
                });
                assert_eq!(runtime.block_on(task).unwrap(), 42);
            }
        }
    });
}

#[test]
fn a_root_future_that_blocks_delays_no_task() {
    watchdog(|| {
        for count in [1, 2] {
            let runtime = workers(count);
            runtime.block_on(async {
                for _ in 0..500 {
                    let (done, wait) = mpsc::channel();
                    drop(fusee::spawn(async move { done.send(42).unwrap() }));
                    assert_eq!(wait.recv().unwrap(), 42);
                }
            });
        }
    });
}

#[test]
fn all_workers_but_one_may_block_in_a_chain() {
    /// Spawns a task that does the same and blocks until it is done, `depth` times.
    fn block(handle: Handle, depth: usize) {
        if depth > 0 {
            let (done, wait) = mpsc::channel();
            let inner = handle.clone();
            drop(handle.spawn(async move {
                block(inner, depth - 1);
                done.send(()).unwrap();
            }));
            wait.recv().unwrap();
        }
    }
    watchdog(|| {
        for count in [2, 4, 8] {
            let runtime = workers(count);
            for _ in 0..200 {
                let handle = runtime.handle().clone();
                runtime.block_on(runtime.spawn(async move { block(handle, count - 1) })).unwrap();
            }
        }
    });
}

/// Queues `blockers` tasks that block until `plain` other tasks, queued among them in random order, have run.
fn tangle(handle: &Handle, random: &mut Random, blockers: usize, plain: usize) -> Vec<fusee::task::JoinHandle<()>> {
    let mut kinds: Vec<bool> = (0..blockers + plain).map(|n| n < blockers).collect();
    random.shuffle(&mut kinds);
    let (ran, all) = (Arc::new(AtomicUsize::new(0)), Latch::new());
    kinds
        .into_iter()
        .map(|blocks| {
            let (ran, all) = (ran.clone(), all.clone());
            handle.spawn(async move {
                if blocks {
                    all.wait();
                } else if ran.fetch_add(1, Ordering::SeqCst) + 1 == plain {
                    all.open();
                }
            })
        })
        .collect()
}

#[test]
fn tasks_queued_behind_blockers_by_a_worker_all_run() {
    watchdog(|| {
        let mut random = Random::new(1);
        for count in [2, 4] {
            let runtime = workers(count);
            for round in 0..1000 {
                let handle = runtime.handle().clone();
                let mut order = Random::new(random.below(u64::MAX));
                let plain = 1 + round % 100;
                let task = runtime.spawn(async move { tangle(&handle, &mut order, count - 1, plain) });
                for task in runtime.block_on(task).unwrap() {
                    executor::block_on(task).unwrap();
                }
            }
        }
    });
}

#[test]
fn tasks_queued_behind_blockers_from_outside_all_run() {
    watchdog(|| {
        let mut random = Random::new(2);
        for count in [2, 4] {
            let runtime = workers(count);
            for round in 0..4000 {
                for task in tangle(runtime.handle(), &mut random, count - 1, 1 + round % 100) {
                    executor::block_on(task).unwrap();
                }
            }
        }
    });
}

#[test]
fn one_blocked_worker_of_two_delays_no_timer_of_the_other() {
    watchdog(|| {
        let runtime = workers(2);
        for round in 0..100 {
            let task = runtime.spawn(async move {
                let (done, wait) = mpsc::channel();
                // In this worker's own shard of timers; its task is then polled elsewhere.
                let mut pause = sleep(Duration::from_micros(200 + round));
                let _ = poll_fn(|context| Poll::Ready(poll_once(&mut pause, context.waker()))).await;
                let handed = done.clone();
                drop(fusee::spawn(async move {
                    pause.await;
                    handed.send(()).unwrap();
                }));
                drop(fusee::spawn(async move {
                    for _ in 0..10 {
                        sleep(Duration::from_micros(50)).await;
                    }
                    done.send(()).unwrap();
                }));
                wait.recv().unwrap();
                wait.recv().unwrap();
            });
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn a_foreign_executor_inside_a_worker_works() {
    watchdog(|| {
        let runtime = workers(2);
        for _ in 0..200 {
            let task = runtime.spawn(async {
                executor::block_on(async {
                    let inner = fusee::spawn(async {
                        sleep(Duration::from_micros(20)).await;
                        40
                    });
                    sleep(Duration::from_micros(20)).await;
                    inner.await.unwrap() + 2
                })
            });
            assert_eq!(runtime.block_on(task).unwrap(), 42);
        }
    });
}
