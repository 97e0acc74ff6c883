//! Sets of tasks: each is joined once, whoever waits is woken, and what is left is aborted.

mod support;

use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use fusee::runtime::{Builder, Runtime};
use fusee::task::{JoinSet, LocalSet, yield_now};
use futures::channel::oneshot;
use futures::future::{Either, select};
use support::wakers::counting;
use support::{Drops, Latch, message, on_1_2_and_4_workers, on_drop, quiet_panic, until, watchdog, workers};

/// Polls a set once.
fn poll<T: 'static>(set: &mut JoinSet<T>, waker: &Waker) -> Poll<Option<T>> {
    set.poll_join_next(&mut Context::from_waker(waker)).map(|joined| joined.map(Result::unwrap))
}

#[test]
fn every_task_is_joined_once_with_its_own_identifier() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let spawned: BTreeSet<_> = (0..1000).map(|n| (set.spawn(async move { n }).id(), n)).collect();
            assert_eq!(set.len(), 1000);
            let mut joined = BTreeSet::new();
            while let Some(task) = set.join_next_with_id().await {
                assert!(joined.insert(task.unwrap()));
                assert_eq!(set.len(), 1000 - joined.len());
            }
            assert_eq!(joined, spawned);
            assert!(set.is_empty());
            assert!(set.join_next().await.is_none());
            assert!(set.try_join_next().is_none());
        });
    });
}

#[test]
fn tasks_are_joined_in_the_order_in_which_they_complete() {
    watchdog(|| {
        let runtime = workers(1);
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let tell: Vec<_> = (0..5)
                .map(|n| {
                    let (tell, told) = oneshot::channel::<()>();
                    set.spawn(async move { told.await.map(|()| n).unwrap() });
                    tell
                })
                .collect();
            let mut order = [3, 0, 4, 2, 1].into_iter();
            let mut tell: Vec<_> = tell.into_iter().map(Some).collect();
            for n in order.by_ref() {
                tell[n].take().unwrap().send(()).unwrap();
                assert_eq!(set.join_next().await.unwrap().unwrap(), n);
            }
        });
    });
}

#[test]
fn a_panic_and_an_abort_are_joined_as_such_with_the_identifier_of_their_task() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let panics = set.spawn(async { quiet_panic("on purpose") });
            let error = set.join_next_with_id().await.unwrap().unwrap_err();
            assert_eq!(error.id(), panics.id());
            assert_eq!(message(&*error.into_panic()), "on purpose");
            let stuck = set.spawn(pending::<()>());
            stuck.abort();
            let error = set.join_next().await.unwrap().unwrap_err();
            assert!(error.is_cancelled());
            assert_eq!(error.id(), stuck.id());
        });
    });
}

#[test]
fn a_set_that_is_dropped_aborts_its_tasks() {
    on_1_2_and_4_workers(|runtime| {
        let (drops, mut set) = (Drops::new(), JoinSet::new());
        for _ in 0..100 {
            let token = drops.token();
            set.spawn_on(async move { (pending::<()>().await, token) }, runtime.handle());
        }
        drop(set);
        until("all futures are dropped", || drops.count() == 100);
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn outputs_that_panic_in_their_drop_hinder_no_drop_of_the_set() {
    on_1_2_and_4_workers(|runtime| {
        let (drops, mut set) = (Drops::new(), JoinSet::new());
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let token = drops.token();
                let output = on_drop(move || {
                    drop(token);
                    quiet_panic("an output's drop");
                });
                set.spawn_on(async move { output }, runtime.handle())
            })
            .collect();
        until("all are complete", || tasks.iter().all(|task| task.is_finished()));
        drop(set);
        assert_eq!(drops.count(), 10);
    });
}

#[test]
fn tasks_that_are_detached_run_on_and_the_set_goes_on_with_others() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let channels: Vec<_> = (0..100)
                .map(|n| {
                    let (tell, told) = oneshot::channel();
                    set.spawn(async move {
                        yield_now().await;
                        tell.send(n).unwrap();
                    });
                    told
                })
                .collect();
            set.detach_all();
            assert!(set.is_empty());
            set.spawn(yield_now());
            drop(set.join_next().await.unwrap());
            assert!(set.join_next().await.is_none());
            drop(set);
            for (n, told) in channels.into_iter().enumerate() {
                assert_eq!(told.await, Ok(n));
            }
        });
    });
}

#[test]
fn shutdown_returns_when_all_futures_are_dropped_whatever_they_do() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let (drops, mut set) = (Drops::new(), JoinSet::new());
            for n in 0..100 {
                let token = drops.token();
                let last = on_drop(move || {
                    if n % 10 == 0 {
                        quiet_panic("a future's drop");
                    }
                });
                set.spawn(async move {
                    let _held = (token, last);
                    pending::<()>().await;
                });
            }
            set.shutdown().await;
            assert!(set.is_empty());
            assert_eq!(drops.count(), 100);
        });
    });
}

#[test]
fn join_all_answers_all_outputs_or_panics_as_the_task_did_and_aborts_the_rest() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let set: JoinSet<_> = (0..1000).map(|n| async move { n }).collect();
            let outputs: BTreeSet<_> = set.join_all().await.into_iter().collect();
            assert_eq!(outputs, (0..1000).collect());
        });
        let (drops, mut set) = (Drops::new(), JoinSet::new());
        let token = drops.token();
        set.spawn_on(async move { drop((pending::<()>().await, token)) }, runtime.handle());
        set.spawn_on(async { quiet_panic("on purpose") }, runtime.handle());
        let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(set.join_all()))).unwrap_err();
        assert_eq!(message(&*payload), "on purpose");
        until("the other task is aborted", || drops.count() == 1);
        let mut set = JoinSet::new();
        set.spawn_on(pending::<()>(), runtime.handle()).abort();
        let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(set.join_all()))).unwrap_err();
        assert!(message(&*payload).contains("was cancelled"), "{}", message(&*payload));
    });
}

/// A set with one task that completes when it is told to.
fn waiting(runtime: &Runtime) -> (JoinSet<u32>, oneshot::Sender<u32>) {
    let (tell, told) = oneshot::channel();
    let mut set = JoinSet::new();
    set.spawn_on(async { told.await.unwrap() }, runtime.handle());
    (set, tell)
}

#[test]
fn whoever_has_polled_last_is_woken_once_also_after_looks_without_a_waker() {
    on_1_2_and_4_workers(|runtime| {
        let (mut set, tell) = waiting(&runtime);
        let ((first, first_waker), (second, second_waker)) = (counting(), counting());
        assert!(poll(&mut set, &first_waker).is_pending());
        assert!(poll(&mut set, &second_waker).is_pending());
        assert!(poll(&mut set, &second_waker).is_pending());
        assert!(set.try_join_next().is_none());
        assert!(set.try_join_next_with_id().is_none());
        assert_eq!((first.get(), second.get()), (0, 0), "nobody is woken for nothing");
        tell.send(7).unwrap();
        until("the joiner is woken", || second.get() > 0);
        assert_eq!(poll(&mut set, &first_waker), Poll::Ready(Some(7)));
        assert_eq!(poll(&mut set, &first_waker), Poll::Ready(None));
        assert_eq!((first.get(), second.get()), (0, 1));
    });
}

#[test]
fn a_joiner_that_waits_hears_of_tasks_that_come_after_a_detachment() {
    on_1_2_and_4_workers(|runtime| {
        let (mut set, _tell) = waiting(&runtime);
        let (woken, waker) = counting();
        assert!(poll(&mut set, &waker).is_pending());
        set.detach_all();
        set.spawn_on(async { 7 }, runtime.handle());
        until("the joiner is woken", || woken.get() > 0);
        assert_eq!(poll(&mut set, &waker), Poll::Ready(Some(7)));
    });
}

#[test]
fn a_join_that_is_given_up_loses_no_task() {
    on_1_2_and_4_workers(|runtime| {
        let (mut set, tell) = waiting(&runtime);
        let task = runtime.spawn(async move {
            for _ in 0..10 {
                match select(pin!(set.join_next()), pin!(yield_now())).await {
                    Either::Left(_) => panic!("nobody has told the task to complete"),
                    Either::Right(((), _given_up)) => {}
                }
            }
            tell.send(7).unwrap();
            set.join_next().await
        });
        assert_eq!(runtime.block_on(task).unwrap().unwrap().unwrap(), 7);
    });
}

#[test]
fn a_set_keeps_no_waker_when_it_is_gone() {
    on_1_2_and_4_workers(|runtime| {
        let (mut set, _tell) = waiting(&runtime);
        let (count, waker) = counting();
        assert!(poll(&mut set, &waker).is_pending());
        drop((set, waker));
        until("the last waker is dropped", || Arc::strong_count(&count) == 1);
    });
}

#[test]
fn a_runtime_that_has_shut_down_cancels_at_once_and_the_joiner_hears_of_it() {
    watchdog(|| {
        let (closed, open) = (workers(1), workers(1));
        let handle = closed.handle().clone();
        drop(closed);
        let (mut set, _tell) = waiting(&open);
        let (woken, waker) = counting();
        assert!(poll(&mut set, &waker).is_pending());
        let drops = Drops::new();
        let token = drops.token();
        let refused = set.spawn_on(
            async move {
                drop(token);
                1
            },
            &handle,
        );
        assert_eq!((drops.count(), woken.get()), (1, 1));
        let error = set.try_join_next().unwrap().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.id(), refused.id());
        assert_eq!(set.len(), 1);
    });
}

#[test]
fn a_set_is_filled_moved_and_joined_anywhere() {
    on_1_2_and_4_workers(|runtime| {
        let mut set = JoinSet::default();
        {
            let _entered = runtime.enter();
            set.extend((0..5).map(|n| async move { n }));
        }
        assert_eq!(format!("{set:?}"), "JoinSet { len: 5, .. }");
        let mut set = std::thread::spawn(move || {
            let first = futures::executor::block_on(set.join_next());
            assert!(first.unwrap().is_ok());
            set
        })
        .join()
        .unwrap();
        let task = runtime.spawn(async move {
            set.spawn(async { 5 });
            set.join_all().await.len()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 5);
        let payload = catch_unwind(|| JoinSet::new().spawn(async {})).unwrap_err();
        assert!(message(&*payload).contains("no current fusee runtime"));
    });
}

#[test]
fn tasks_of_a_set_that_yield_run_in_turns() {
    watchdog(|| {
        let runtime = workers(1);
        let turns = Arc::new([(); 10].map(|()| AtomicUsize::new(0)));
        let task = runtime.spawn(async move {
            let mut set: JoinSet<_> = (0..10).map(|own| in_turns(own, turns.clone())).collect();
            while let Some(task) = set.join_next().await {
                task.unwrap();
            }
        });
        runtime.block_on(task).unwrap();
    });
}

/// Yields a hundred times: no other task is ever more than a turn ahead or behind.
fn in_turns(own: usize, turns: Arc<[AtomicUsize; 10]>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for turn in 1..=100 {
            turns[own].store(turn, Ordering::SeqCst);
            yield_now().await;
            for other in turns.iter() {
                let other = other.load(Ordering::SeqCst);
                assert!(turn.abs_diff(other) <= 1, "a task has had {other} turns, another {turn}");
            }
        }
    })
}

#[test]
fn jobs_that_block_are_joined_beside_tasks_and_one_that_waits_for_a_thread_can_be_aborted() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
        let (mut set, latch) = (JoinSet::new(), Latch::new());
        let opens = latch.clone();
        set.spawn_blocking_on(move || latch.wait(), runtime.handle());
        set.spawn_blocking_on(|| panic!("it is aborted before it gets the thread"), runtime.handle()).abort();
        set.spawn_on(async move { opens.open() }, runtime.handle());
        runtime.block_on(async {
            set.spawn_blocking(|| ());
            let mut joined = Vec::new();
            while let Some(job) = set.join_next().await {
                joined.push(job.is_err_and(|error| error.is_cancelled()));
            }
            joined.sort();
            assert_eq!(joined, [false, false, false, true]);
        });
    });
}

#[test]
fn local_tasks_are_joined_as_they_complete_and_aborted_with_the_set() {
    watchdog(|| {
        let (runtime, local) = (workers(1), LocalSet::new());
        let held = Rc::new(());
        let mut set = JoinSet::new();
        let stuck = held.clone();
        set.spawn_local_on(async move { drop((pending::<()>().await, stuck)) }, &local);
        let body = async {
            let quick = held.clone();
            set.spawn_local(async move {
                yield_now().await;
                drop(quick);
            });
            set.join_next().await.unwrap().unwrap();
            assert_eq!((set.len(), Rc::strong_count(&held)), (1, 2));
            drop(set);
            while Rc::strong_count(&held) > 1 {
                yield_now().await;
            }
        };
        runtime.block_on(local.run_until(body));
    });
}
