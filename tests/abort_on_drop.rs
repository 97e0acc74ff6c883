//! Handles that abort their task when they are dropped, whatever it does then; and not once they are detached.

mod support;

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

use fusee::task::{AbortOnDrop, AbortOnDropHandle};
use fusee::time::timeout;
use futures::channel::oneshot;
use futures::future::{Either, select};
use support::{
    Drops, Latch, driven, message, on_1_2_and_4_workers, on_drop, on_every_flavour, quiet_panic, until_within,
};

#[test]
fn a_task_that_waits_is_aborted_by_the_drop_of_its_handle() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let task = AbortOnDropHandle::new(runtime.spawn(async move { (pending::<()>().await, token) }));
        runtime.block_on(fusee::task::yield_now());
        assert_eq!(drops.count(), 0);
        drop(task);
        until_within(&runtime, "the future is dropped", || drops.count() == 1);
    });
}

#[test]
fn a_task_that_is_polled_as_its_handle_is_dropped_ends_after_that_poll_on_its_own_thread() {
    on_1_2_and_4_workers(|runtime| {
        let (entered, leave) = (Latch::new(), Latch::new());
        let (tell, told) = std::sync::mpsc::channel::<ThreadId>();
        let ended = on_drop(move || tell.send(thread::current().id()).unwrap());
        let (enter, wait) = (entered.clone(), leave.clone());
        let task = AbortOnDropHandle::new(runtime.spawn(async move {
            let _ended = ended;
            poll_fn(|_| {
                enter.open();
                wait.wait();
                Poll::<()>::Pending
            })
            .await;
        }));
        entered.wait();
        drop(task);
        assert!(told.try_recv().is_err(), "its future lives while it is polled");
        leave.open();
        assert_ne!(told.recv().unwrap(), thread::current().id());
    });
}

#[test]
fn a_detached_task_runs_on() {
    on_every_flavour(|runtime| {
        let (tell, told) = oneshot::channel();
        let task = AbortOnDropHandle::new(runtime.spawn(async { told.await.unwrap() }));
        let task = task.detach();
        let (tell_other, told) = oneshot::channel();
        let other = runtime.spawn(async { told.await.unwrap() });
        drop(AbortOnDrop::new(other.abort_handle()).detach());
        driven(&runtime, || {
            tell.send(42).unwrap();
            tell_other.send(43).unwrap();
        });
        assert_eq!(runtime.block_on(task).unwrap(), 42);
        assert_eq!(runtime.block_on(other).unwrap(), 43);
    });
}

#[test]
fn it_resolves_as_the_handle_within() {
    on_every_flavour(|runtime| {
        let mut task = AbortOnDropHandle::new(runtime.spawn(async { 42 }));
        assert_eq!(task.id(), task.as_ref().id());
        assert_eq!(runtime.block_on(&mut task).unwrap(), 42);
        assert!(task.is_finished());
        let task = AbortOnDropHandle::new(runtime.spawn(async { quiet_panic("on purpose") }));
        assert_eq!(message(&*runtime.block_on(task).unwrap_err().into_panic()), "on purpose");
        let task = AbortOnDropHandle::new(runtime.spawn(pending::<()>()));
        let abort = task.abort_handle();
        assert!(format!("{task:?}").contains(&task.id().to_string()));
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert!(abort.is_finished());
    });
}

#[test]
fn an_output_that_nobody_took_is_dropped_once() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let task = AbortOnDropHandle::new(runtime.spawn(async move { token }));
        until_within(&runtime, "it is complete", || task.is_finished());
        assert_eq!(drops.count(), 0);
        drop(task);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn giving_up_the_future_that_owns_it_aborts_the_task() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        runtime.block_on(async {
            let task = fusee::spawn(async move { (pending::<()>().await, token) });
            let abort = task.abort_handle();
            let late = timeout(Duration::from_millis(1), AbortOnDropHandle::new(task)).await;
            assert!(late.is_err());
            while !abort.is_finished() {
                fusee::task::yield_now().await;
            }
        });
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn an_abort_handle_that_aborts_when_it_is_dropped_leaves_its_clones_harmless() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(pending::<()>());
        let clone = task.abort_handle();
        let guard = AbortOnDrop::new(clone.clone());
        assert_eq!(guard.id(), task.id());
        drop(clone);
        runtime.block_on(fusee::task::yield_now());
        assert!(!guard.is_finished());
        assert!(format!("{guard:?}").contains(&task.id().to_string()));
        drop(guard);
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        let task = runtime.spawn(pending::<()>());
        AbortOnDrop::new(task.abort_handle()).abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn of_two_that_race_the_one_that_loses_is_aborted() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let shared = Arc::new(drops.token());
        let loser = shared.clone();
        runtime.block_on(async move {
            let fast = AbortOnDropHandle::new(fusee::spawn(async { 42 }));
            let slow = AbortOnDropHandle::new(fusee::spawn(async move { (pending::<()>().await, loser) }));
            match select(fast, slow).await {
                Either::Left((answer, _slow)) => assert_eq!(answer.unwrap(), 42),
                Either::Right(_) => panic!("it waits for ever"),
            }
        });
        until_within(&runtime, "the loser's future is dropped", || Arc::strong_count(&shared) == 1);
    });
}
