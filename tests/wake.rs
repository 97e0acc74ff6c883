//! Wakes: during a poll, many at once, after the end, by whatever thread. Each leads to one more poll, or to none when it must not.

#![expect(clippy::waker_clone_wake, reason = "waking by value is tested too")]

mod support;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::JoinHandle;
use support::{block_a_worker, driven, on_every_flavour, until_within, watchdog, workers};

/// A task that counts its polls and leaves its waker; it ends at poll number `last`.
fn counted(runtime: &Runtime, last: usize) -> (Arc<AtomicUsize>, Waker, JoinHandle<()>) {
    let polls = Arc::new(AtomicUsize::new(0));
    let slot = Arc::new(Mutex::new(None));
    let (count, leave) = (polls.clone(), slot.clone());
    let task = runtime.spawn(poll_fn(move |context| {
        leave.lock().unwrap().get_or_insert_with(|| context.waker().clone());
        if count.fetch_add(1, Ordering::SeqCst) + 1 == last { Poll::Ready(()) } else { Poll::Pending }
    }));
    until_within(runtime, "the task is polled", || polls.load(Ordering::SeqCst) == 1);
    let waker = slot.lock().unwrap().take().unwrap();
    (polls, waker, task)
}

#[test]
fn a_wake_during_the_poll_leads_to_another() {
    on_every_flavour(|runtime| {
        let mut polls = 0;
        let task = runtime.spawn(poll_fn(move |context| {
            polls += 1;
            match polls % 4 {
                0 => context.waker().wake_by_ref(),
                1 => context.waker().clone().wake(),
                2 => {
                    let waker = context.waker().clone();
                    thread::spawn(move || waker.wake()).join().unwrap();
                }
                _ => (0..10).for_each(|_| context.waker().wake_by_ref()),
            }
            if polls == 100 { Poll::Ready(polls) } else { Poll::Pending }
        }));
        assert_eq!(runtime.block_on(task).unwrap(), 100);
    });
}

#[test]
fn many_wakes_of_a_task_that_waits_in_a_queue_are_one_poll() {
    watchdog(|| {
        let runtime = workers(1);
        let (polls, waker, task) = counted(&runtime, 0);
        for round in 1..=20 {
            let (go, blocker) = block_a_worker(&runtime);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..100 {
                            waker.wake_by_ref();
                            waker.clone().wake();
                        }
                    });
                }
            });
            go.open();
            runtime.block_on(blocker).unwrap();
            // A task queued now runs after all that the wakes have queued.
            runtime.block_on(runtime.spawn(async {})).unwrap();
            runtime.block_on(runtime.spawn(async {})).unwrap();
            assert_eq!(polls.load(Ordering::SeqCst), 1 + round);
        }
        assert!(!task.is_finished());
    });
}

#[test]
fn a_wake_after_the_end_does_nothing() {
    on_every_flavour(|runtime| {
        let (polls, waker, task) = counted(&runtime, 2);
        waker.wake_by_ref();
        runtime.block_on(task).unwrap();
        for _ in 0..100 {
            waker.wake_by_ref();
            waker.clone().wake();
        }
        runtime.block_on(runtime.spawn(async {})).unwrap();
        assert_eq!(polls.load(Ordering::SeqCst), 2);
        waker.wake();
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn no_wake_is_lost_when_it_races_the_end_of_the_poll() {
    on_every_flavour(|runtime| {
        // Each wake is told by a number written before it; the task sees the last number, or it hangs.
        let number = Arc::new(AtomicUsize::new(0));
        let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
        let (read, leave) = (number.clone(), slot.clone());
        let task = runtime.spawn(poll_fn(move |context| {
            leave.lock().unwrap().get_or_insert_with(|| context.waker().clone());
            if read.load(Ordering::Relaxed) == 40_000 { Poll::Ready(()) } else { Poll::Pending }
        }));
        until_within(&runtime, "the task is polled", || slot.lock().unwrap().is_some());
        let waker = slot.lock().unwrap().take().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        number.fetch_add(1, Ordering::Relaxed);
                        waker.wake_by_ref();
                    }
                });
            }
            runtime.block_on(task).unwrap();
        });
    });
}

#[test]
fn wakers_of_one_task_know_each_other_and_no_other_task() {
    on_every_flavour(|runtime| {
        let (_, one, _task) = counted(&runtime, 0);
        let (_, two, _task) = counted(&runtime, 0);
        assert!(one.will_wake(&one.clone()));
        assert!(!one.will_wake(&two));
        let task = runtime.spawn(async {
            let first = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
            fusee::task::yield_now().await;
            poll_fn(|context| Poll::Ready(context.waker().will_wake(&first))).await
        });
        assert!(runtime.block_on(task).unwrap(), "the waker of a task is the same at every poll");
    });
}

#[test]
fn a_wake_under_a_lock_that_the_task_takes_does_not_deadlock() {
    on_every_flavour(|runtime| {
        let lock = Arc::new(Mutex::new(0));
        let (inside, slot) = (lock.clone(), Arc::new(Mutex::new(None::<Waker>)));
        let leave = slot.clone();
        let task = runtime.spawn(poll_fn(move |context| {
            *leave.lock().unwrap() = Some(context.waker().clone());
            if *inside.lock().unwrap() == 1000 { Poll::Ready(()) } else { Poll::Pending }
        }));
        until_within(&runtime, "the task is polled", || slot.lock().unwrap().is_some());
        driven(&runtime, || {
            for _ in 0..1000 {
                let mut number = lock.lock().unwrap();
                *number += 1;
                let waker = slot.lock().unwrap().clone();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn what_a_hook_for_parking_spawns_runs() {
    for build in [Builder::new_multi_thread, Builder::new_current_thread] {
        watchdog(move || {
            let (ran, seen) = channel();
            let once = Mutex::new(Some(ran));
            let runtime = build()
                .worker_threads(1)
                .on_thread_park(move || {
                    // Outside a worker's own context it would be injected, and wake the worker that way.
                    if let Some(ran) = once.lock().unwrap().take() {
                        drop(fusee::spawn(async move { ran.send(()).unwrap() }));
                    }
                })
                .build()
                .unwrap();
            let waiting = async {
                while seen.try_recv().is_err() {
                    fusee::time::sleep(Duration::from_millis(1)).await;
                }
            };
            runtime.block_on(waiting);
        });
    }
}
