//! Local tasks and other threads: wakes, aborts and handles from anywhere. Each future is polled and dropped on its set's thread,
//! once.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::thread;

use fusee::task::{JoinHandle, LocalSet, yield_now};
use futures::channel::oneshot;
use futures::future::join_all;

use crate::stays::{Stays, wake};
use crate::support::{Drops, Random, on_1_2_and_4_workers, poll_once, watchdog};

#[test]
fn wakes_from_other_threads_are_never_lost() {
    on_1_2_and_4_workers(|runtime| {
        let local = LocalSet::new();
        let (asks, asked) = std::sync::mpsc::channel::<oneshot::Sender<usize>>();
        // Answers at once, while the set runs, waits, or is about to.
        let answers = thread::spawn(move || {
            let mut random = Random::new(7);
            for (n, ask) in asked.into_iter().enumerate() {
                random.jitter(12);
                ask.send(n).unwrap();
            }
        });
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let asks = asks.clone();
                local.spawn_local(async move {
                    let mut sum = 0;
                    for _ in 0..500 {
                        let (ask, answer) = oneshot::channel();
                        asks.send(ask).unwrap();
                        sum += answer.await.unwrap();
                    }
                    Rc::new(sum)
                })
            })
            .collect();
        drop(asks);
        let sums = local.block_on(&runtime, join_all(tasks));
        assert_eq!(sums.into_iter().map(|sum| *sum.unwrap()).sum::<usize>(), 4_000 * 3_999 / 2);
        answers.join().unwrap();
    });
}

#[test]
fn a_task_woken_elsewhere_waits_for_a_bounded_number_of_polls() {
    watchdog(|| {
        let mut local = LocalSet::new();
        let drops = Drops::new();
        let stays = Stays::new(2, &drops);
        let (slot, woken) = (stays.waker.clone(), local.spawn_local(stays));
        let polls = Rc::new(Cell::new(0));
        let count = polls.clone();
        drop(local.spawn_local(poll_fn(move |context| -> Poll<()> {
            count.set(count.get() + 1);
            if count.get() == 2 {
                let slot = slot.clone();
                thread::spawn(move || wake(&slot)).join().unwrap();
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })));
        let seen = polls.clone();
        let mut beside = local.spawn_local(async move {
            woken.await.unwrap();
            seen.get()
        });
        assert!(poll_once(&mut local, Waker::noop()).is_pending());
        let Poll::Ready(Ok(seen)) = poll_once(&mut beside, Waker::noop()) else {
            panic!("one poll of the set saw the wake-up, ran the task and its joiner");
        };
        assert!((3..=2 + 31 + 1).contains(&seen), "{seen}");
    });
}

#[test]
fn an_abort_from_another_thread_is_carried_out_on_the_sets_thread() {
    on_1_2_and_4_workers(|runtime| {
        let mut random = Random::new(11);
        for _ in 0..100 {
            let (local, drops) = (LocalSet::new(), Drops::new());
            let task = local.spawn_local(Stays::new(usize::MAX, &drops));
            if random.below(2) == 0 {
                local.block_on(&runtime, yield_now());
            }
            let abort = task.abort_handle();
            let aborts = thread::spawn(move || abort.abort());
            assert!(local.block_on(&runtime, task).unwrap_err().is_cancelled());
            assert_eq!(drops.count(), 1);
            aborts.join().unwrap();
        }
    });
}

#[test]
fn an_abort_from_another_thread_meets_wakes_and_completion() {
    on_1_2_and_4_workers(|runtime| {
        let mut random = Random::new(13);
        let drops = Drops::new();
        for round in 1..=200 {
            let local = LocalSet::new();
            let stays = Stays::new(3, &drops);
            let slot = stays.waker.clone();
            let task = local.spawn_local(stays);
            let (abort, mut jitter) = (task.abort_handle(), Random::new(random.below(u64::MAX)));
            let meddles = thread::spawn(move || {
                while !abort.is_finished() {
                    wake(&slot);
                    jitter.jitter(8);
                    if jitter.below(4) == 0 {
                        abort.abort();
                    }
                }
                wake(&slot);
            });
            match local.block_on(&runtime, task) {
                Ok(polls) => assert_eq!(polls.get(), 3),
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
            assert_eq!(drops.count(), round, "before its handle resolves");
            meddles.join().unwrap();
        }
    });
}

#[test]
fn handles_of_send_outputs_are_awaited_and_dropped_anywhere() {
    on_1_2_and_4_workers(|runtime| {
        let (local, drops) = (LocalSet::new(), Drops::new());
        let task = || {
            let (token, stays) = (drops.token(), Stays::new(1, &drops));
            local.spawn_local(async move {
                stays.await;
                yield_now().await;
                token
            })
        };
        // Awaited by a task of the runtime.
        let awaited = task();
        let elsewhere = runtime.spawn(async move { drop(awaited.await.unwrap()) });
        local.block_on(&runtime, elsewhere).unwrap();
        assert_eq!(drops.count(), 2);
        // Dropped on another thread after completion: the output goes with it.
        let complete = task();
        local.block_on(&runtime, async { until_finished(&complete).await });
        assert_eq!(drops.count(), 3);
        thread::spawn(move || drop(complete)).join().unwrap();
        assert_eq!(drops.count(), 4);
        // And before: then the output is the set's to drop.
        let early = task();
        thread::spawn(move || drop(early)).join().unwrap();
        runtime.block_on(local);
        assert_eq!(drops.count(), 6);
    });
}

async fn until_finished<T>(task: &JoinHandle<T>) {
    while !task.is_finished() {
        yield_now().await;
    }
}
