//! Wakes and timers at the very moment at which a worker, the driver or a thread in `block_on` goes to sleep. A lost one hangs.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fusee::runtime::Runtime;
use fusee::time::{Instant, sleep, sleep_until};
use futures::StreamExt;
use futures::channel::mpsc;
use futures::executor;
use support::{Random, on_1_2_and_4_workers, poll_once, watchdog, workers};

/// Two threads hand a ball to each other through a task, each after a short random spin.
fn hand_back_and_forth(runtime: &Runtime, rounds: u64) {
    let (to_task, mut from_thread) = mpsc::unbounded::<u64>();
    let (to_thread, from_task) = std::sync::mpsc::channel();
    let task = runtime.spawn(async move {
        while let Some(ball) = from_thread.next().await {
            to_thread.send(ball).unwrap();
        }
    });
    let mut random = Random::new(rounds);
    for ball in 0..rounds {
        random.jitter(12);
        to_task.unbounded_send(ball).unwrap();
        random.jitter(8);
        assert_eq!(from_task.recv().unwrap(), ball);
    }
    drop(to_task);
    executor::block_on(task).unwrap();
}

#[test]
fn a_wake_from_a_thread_at_every_edge_of_going_idle() {
    on_1_2_and_4_workers(|runtime| hand_back_and_forth(&runtime, 7000));
}

#[test]
fn wakes_from_two_threads_at_once_at_every_edge_of_going_idle() {
    on_1_2_and_4_workers(|runtime| {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| hand_back_and_forth(&runtime, 3000));
            }
        });
    });
}

#[test]
fn a_spawn_from_a_thread_at_every_edge_of_going_idle() {
    on_1_2_and_4_workers(|runtime| {
        let mut random = Random::new(5);
        for n in 0..7000 {
            let task = runtime.spawn(async move { n });
            random.jitter(12);
            assert_eq!(executor::block_on(task).unwrap(), n);
        }
    });
}

#[test]
fn tasks_on_two_workers_wake_each_other_at_every_edge_of_going_idle() {
    on_1_2_and_4_workers(|runtime| {
        let player = |mut incoming: mpsc::UnboundedReceiver<u64>, outgoing: mpsc::UnboundedSender<u64>, seed| {
            runtime.spawn(async move {
                let mut random = Random::new(seed);
                while let Some(ball) = incoming.next().await {
                    random.jitter(10);
                    if ball == 0 || outgoing.unbounded_send(ball - 1).is_err() {
                        break;
                    }
                }
            })
        };
        let (to_two, from_one) = mpsc::unbounded();
        let (to_one, from_two) = mpsc::unbounded();
        to_two.unbounded_send(10_000).unwrap();
        let (one, two) = (player(from_two, to_two, 1), player(from_one, to_one, 2));
        executor::block_on(one).unwrap();
        executor::block_on(two).unwrap();
    });
}

#[test]
fn a_wake_at_every_edge_of_block_on_parking() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let mut random = Random::new(6);
            for n in 0..5000 {
                let task = fusee::spawn(async move { n });
                random.jitter(12);
                assert_eq!(task.await.unwrap(), n);
            }
        });
    });
}

#[test]
fn one_timer_at_a_time_at_every_edge_of_the_drivers_sleep() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let mut random = Random::new(8);
            for _ in 0..3000 {
                let deadline = Instant::now() + Duration::from_nanos(random.below(150_000));
                random.jitter(14);
                sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
            }
        });
    });
}

#[test]
fn earlier_timers_from_several_threads_at_every_edge_of_the_drivers_sleep() {
    watchdog(|| {
        let runtime = workers(2);
        let done = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for seed in 0..3 {
                let (runtime, done) = (&runtime, done.clone());
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    let _entered = runtime.enter();
                    for n in 0..1500 {
                        // A far timer that comes and goes leaves the driver a stale expiry.
                        let mut far = sleep(Duration::from_millis(1 + random.below(50)));
                        let _ = poll_once(&mut far, std::task::Waker::noop());
                        if n % 3 == 0 {
                            drop(far);
                        }
                        random.jitter(12);
                        let near = Duration::from_nanos(random.below(200_000));
                        if n % 2 == 0 {
                            runtime.block_on(sleep(near));
                        } else {
                            // In a worker's shard.
                            executor::block_on(runtime.spawn(async move { sleep(near).await })).unwrap();
                        }
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 3);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}
