//! Several runtimes in one process, and foreign executors beside them: they wake each other's tasks and await each other's handles.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Handle, Runtime};
use fusee::time::sleep;
use futures::channel::mpsc;
use futures::executor::{self, LocalPool};
use futures::stream::FuturesUnordered;
use futures::task::LocalSpawnExt;
use futures::{SinkExt, StreamExt};
use support::{current_thread, driven, on_every_flavour, watchdog, workers};

const ROUNDS: u32 = 10_000;

async fn play(mut incoming: mpsc::Receiver<u32>, mut outgoing: mpsc::Sender<u32>) -> u32 {
    let mut last = 0;
    while let Some(ball) = incoming.next().await {
        assert_eq!(ball, if last == 0 { ball } else { last + 2 }, "no ball is lost");
        last = ball;
        // The other has left when the last ball is played.
        if ball >= ROUNDS || outgoing.send(ball + 1).await.is_err() || ball + 1 >= ROUNDS {
            break;
        }
    }
    last
}

#[test]
fn tasks_of_two_runtimes_play_ping_pong() {
    watchdog(|| {
        // None stands for the thread in `block_on`.
        let sizes = [(None, None), (None, Some(2)), (Some(1), Some(1)), (Some(2), Some(2)), (Some(1), Some(4))];
        for (left, right) in sizes {
            let build = |size: Option<usize>| size.map_or_else(current_thread, workers);
            let (one, two) = (build(left), build(right));
            let (mut serve, from_two) = mpsc::channel(1);
            let (to_two, from_one) = mpsc::channel(1);
            let first = one.spawn(play(from_two, to_two));
            serve.try_send(1).unwrap();
            let second = two.spawn(play(from_one, serve));
            let last = driven(&two, || one.block_on(async { first.await.unwrap().max(second.await.unwrap()) }));
            assert_eq!(last, ROUNDS);
        }
    });
}

#[test]
fn a_handle_is_awaited_on_another_runtime_on_a_foreign_executor_and_on_a_plain_thread() {
    on_every_flavour(|runtime| {
        let other = workers(2);
        let mut pool = LocalPool::new();
        let task = |n| {
            runtime.spawn(async move {
                sleep(Duration::from_micros(20)).await;
                n
            })
        };
        driven(&runtime, || {
            for n in 0..100 {
                let handle = task(n);
                assert_eq!(other.block_on(other.spawn(handle)).unwrap().unwrap(), n);
                assert_eq!(other.block_on(task(n)).unwrap(), n);
                assert_eq!(executor::block_on(task(n)).unwrap(), n);
                let handle = pool.spawner().spawn_local_with_handle(task(n)).unwrap();
                assert_eq!(pool.run_until(handle).unwrap(), n);
                let handle = task(n);
                assert_eq!(thread::spawn(move || executor::block_on(handle)).join().unwrap().unwrap(), n);
            }
        });
    });
}

#[test]
fn each_thread_and_task_sees_its_own_runtime() {
    watchdog(|| {
        let runtimes: Vec<Runtime> = (1..=4).map(workers).collect();
        let current = || Handle::current().metrics().num_workers();
        for (n, runtime) in runtimes.iter().enumerate() {
            assert_eq!(runtime.block_on(async { current() }), n + 1);
            for other in &runtimes {
                let handle = runtime.handle().clone();
                // A task sees the runtime that it was spawned on, not the one whose task spawned it.
                let seen =
                    other.block_on(other.spawn(async move { handle.spawn(async move { current() }).await.unwrap() }));
                assert_eq!(seen.unwrap(), n + 1);
            }
        }
    });
}

#[test]
fn a_hundred_runtimes_come_and_go_beside_each_other() {
    watchdog(|| {
        let done = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let done = done.clone();
                thread::spawn(move || {
                    for _ in 0..25 {
                        let runtime = workers(2);
                        let counts = done.clone();
                        let task = runtime.spawn(async move {
                            sleep(Duration::from_micros(50)).await;
                            fusee::spawn(async move { counts.fetch_add(1, Ordering::SeqCst) }).await.unwrap();
                        });
                        runtime.block_on(task).unwrap();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(done.load(Ordering::SeqCst), 100);
    });
}

#[test]
fn unordered_futures_gather_handles_of_two_runtimes() {
    on_every_flavour(|runtime| {
        let other = workers(2);
        let task = async {
            let mut handles: FuturesUnordered<_> = (0..1000u64)
                .map(|n| if n % 2 == 0 { runtime.spawn(async move { n }) } else { other.spawn(async move { n }) })
                .collect();
            let mut sum = 0;
            while let Some(outcome) = handles.next().await {
                sum += outcome.unwrap();
            }
            sum
        };
        assert_eq!(driven(&runtime, || executor::block_on(task)), 499_500);
    });
}
