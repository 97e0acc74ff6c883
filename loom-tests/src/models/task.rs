//! Models of `src/task/state.rs`, through tasks, wakers and handles as they ship.
//!
//! A waker sets a flag, relaxed, and wakes. When all threads have ended, a task whose flag is set has completed or is queued;
//! anything else is a lost wake-up. Main looks at that after joining the threads, which orders its own look and nothing before it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::stage::{AwaitFlag, CountingWaker, Fate, Output, Queue, Signal};
use crate::harness::{Model, spawn, witness};
use crate::task::JoinHandle;

/// A task that has been polled once, so that its waker is at hand, and is queued again.
pub(super) struct Scene {
    pub(super) queue: StdArc<Queue>,
    signal: StdArc<Signal>,
    pub(super) fate: StdArc<Fate>,
    pub(super) handle: JoinHandle<Output>,
}

impl Scene {
    pub(super) fn polled() -> Self {
        let (queue, signal, fate) = (Queue::new(), Signal::new(), Fate::new());
        let handle = queue.spawn(AwaitFlag::new(&signal, &fate));
        assert!(queue.run_one());
        Self { queue, signal, fate, handle }
    }

    pub(super) fn queued() -> Self {
        let scene = Self::polled();
        scene.signal.waker().wake();
        scene
    }

    pub(super) fn runner(&self) -> impl FnOnce() + 'static {
        let queue = self.queue.clone();
        move || {
            queue.run_one();
        }
    }

    /// Sets the flag, then wakes, by value or by reference.
    fn waker(&self, by_value: bool) -> impl FnOnce() + 'static {
        let (signal, waker) = (self.signal.clone(), self.signal.waker());
        move || {
            signal.set();
            if by_value {
                waker.wake();
            } else {
                waker.wake_by_ref();
            }
        }
    }

    /// After the threads: whatever is queued runs, and then the task must be complete.
    pub(super) fn settle(&self) {
        while self.queue.run_one() {}
        assert!(self.handle.is_finished(), "a wake-up was lost");
        assert_eq!(self.fate.futures_dropped(), 1);
    }
}

/// A wake meets the task before, while or after it runs. It is polled again unless that poll saw the flag already.
///
/// Mutants: `task_idle_store`.
#[test]
fn task_wake_running() {
    let model = Model::new("task_wake_running", 20).preemptions(3).witnesses(&["seen by the poll", "polled again"]);
    model.check(|| {
        let scene = Scene::queued();
        let (runner, waker) = (spawn(scene.runner()), spawn(scene.waker(false)));
        runner.join().unwrap();
        waker.join().unwrap();
        witness(if scene.handle.is_finished() { "seen by the poll" } else { "polled again" });
        scene.settle();
    });
}

/// A wake that finds the task notified already: the poll about to start must see what the waker wrote before.
///
/// Mutants: `task_wake_skips_write`, `task_wake`.
#[test]
fn task_wake_notified() {
    Model::new("task_wake_notified", 10).preemptions(3).witnesses(&["one more poll", "two more polls"]).check(|| {
        let scene = Scene::queued();
        let waker = spawn(scene.waker(false));
        scene.queue.run_one();
        // The second run, if it is there, has nothing but the state word to order it after the waker.
        scene.queue.run_one();
        waker.join().unwrap();
        scene.settle();
        witness(if scene.fate.polls() == 2 { "one more poll" } else { "two more polls" });
    });
}

/// One wake by value and one by reference while the task runs: one queue entry at most, and neither wake is lost.
///
/// Mutants: `task_wake_ignores_notified`.
#[test]
fn task_wake_vs_by_ref() {
    Model::new("task_wake_vs_by_ref", 1_000).preemptions(2).witnesses(&["one entry", "no entry"]).check(|| {
        let scene = Scene::queued();
        let wakers = [spawn(scene.waker(true)), spawn(scene.waker(false))];
        scene.queue.run_one();
        for waker in wakers {
            waker.join().unwrap();
        }
        let entries = scene.queue.len();
        assert!(entries <= 1, "a task is queued once");
        witness(if entries == 1 { "one entry" } else { "no entry" });
        scene.settle();
    });
}

/// A wake meets completion: a complete task is never queued.
///
/// Mutants: `task_wake_ignores_complete`.
#[test]
fn task_wake_complete() {
    Model::new("task_wake_complete", 5).preemptions(3).witnesses(&["woken before", "woken after"]).check(|| {
        let scene = Scene::queued();
        scene.signal.set();
        let waker = scene.signal.waker();
        let before = scene.handle.abort_handle();
        let waking = spawn(move || {
            let before = !before.is_finished();
            waker.wake_by_ref();
            before
        });
        scene.queue.run_one();
        let before = waking.join().unwrap();
        witness(if before { "woken before" } else { "woken after" });
        assert!(scene.handle.is_finished());
        assert_eq!(scene.queue.len(), 0, "a complete task is not queued");
    });
}

/// Two workers run the task one after the other, brought about by a wake: the second poll sees what the first wrote.
///
/// Mutants: `task_handover`.
#[test]
fn task_handover() {
    Model::new("task_handover", 20).preemptions(3).witnesses(&["both polled", "one polled"]).check(|| {
        let scene = Scene::queued();
        let waker = scene.signal.waker();
        let runners = [spawn(scene.runner()), spawn(scene.runner())];
        waker.wake_by_ref();
        for runner in runners {
            runner.join().unwrap();
        }
        witness(if scene.fate.polls() == 3 { "both polled" } else { "one polled" });
        scene.signal.set();
        waker.wake();
        scene.settle();
    });
}

/// Abort meets a run and a wake: the handle gets the output or the cancellation, and the future is dropped once, never by the
/// thread that aborts.
///
/// Mutants: `task_abort_takes_running`.
#[test]
fn task_abort_run() {
    Model::new("task_abort_run", 2_500).preemptions(2).witnesses(&["output", "cancelled"]).check(|| {
        let scene = Scene::queued();
        let (abort, fate) = (scene.handle.abort_handle(), scene.fate.clone());
        let waking = spawn(scene.waker(true));
        let aborting = spawn(move || abort.abort());
        scene.queue.run_one();
        aborting.join().unwrap();
        waking.join().unwrap();
        scene.settle();
        match result(scene.handle) {
            Ok(output) => {
                witness("output");
                drop(output);
                assert_eq!(fate.outputs_dropped(), 1);
            }
            Err(error) => {
                assert!(error.is_cancelled());
                witness("cancelled");
                assert_eq!(fate.outputs_dropped(), 0);
            }
        }
    });
}

/// Shutdown meets a run: the future is dropped once, and never while it is polled.
///
/// Mutants: `task_shutdown_takes_running`.
#[test]
fn task_shutdown_run() {
    Model::new("task_shutdown_run", 10).preemptions(3).witnesses(&["output", "cancelled"]).check(|| {
        let scene = Scene::queued();
        scene.signal.set();
        let (queue, fate) = (scene.queue.clone(), scene.fate.clone());
        let closing = spawn(move || queue.list.close());
        scene.queue.run_one();
        closing.join().unwrap();
        scene.settle();
        witness(if result(scene.handle).is_ok() { "output" } else { "cancelled" });
        assert_eq!(fate.futures_dropped(), 1);
    });
}

/// A joiner meets completion: it sees the output, or it is woken.
///
/// Mutants: `task_complete`, `join_ignores_complete`.
#[test]
fn join_poll_complete() {
    Model::new("join_poll_complete", 10).preemptions(3).witnesses(&["ready", "woken"]).check(|| {
        let mut scene = Scene::queued();
        scene.signal.set();
        let runner = spawn(scene.runner());
        let (wakes, waker) = CountingWaker::pair();
        let polled = Pin::new(&mut scene.handle).poll(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(output) => {
                witness("ready");
                runner.join().unwrap();
                assert_eq!(scene.fate.futures_dropped(), 1, "the future is gone when the handle resolves");
                drop(output.expect("it completed"));
            }
            Poll::Pending => {
                witness("woken");
                runner.join().unwrap();
                assert_eq!(wakes.wakes(), 1, "a waiting joiner is woken once");
                drop(result(scene.handle).expect("it completed"));
            }
        }
        assert_eq!(scene.fate.outputs_dropped(), 1);
    });
}

/// A joiner polls with one waker, then with another, while the task completes: pending twice means that the second is woken.
///
/// Mutants: `task_complete`, `join_write_keeps_bit`, `join_keeps_waker`.
#[test]
fn join_new_waker() {
    Model::new("join_new_waker", 20).preemptions(3).witnesses(&["ready", "first woken", "second woken"]).check(|| {
        let mut scene = Scene::queued();
        scene.signal.set();
        let runner = spawn(scene.runner());
        let (first_wakes, first) = CountingWaker::pair();
        let (second_wakes, second) = CountingWaker::pair();
        let mut poll = |waker| Pin::new(&mut scene.handle).poll(&mut Context::from_waker(waker));
        let polls = [poll(&first), Poll::Pending];
        let last = if polls[0].is_pending() { poll(&second) } else { Poll::Pending };
        runner.join().unwrap();
        if polls[0].is_ready() {
            witness("ready");
        } else if last.is_ready() {
            witness("first woken");
        } else {
            witness("second woken");
            assert_eq!(second_wakes.wakes(), 1, "the latest waker is woken");
            assert_eq!(first_wakes.wakes(), 0, "the earlier one is not");
        }
    });
}

/// The handle is dropped while the task completes: the output is dropped once, by one of the two.
///
/// Mutants: `task_drop_join_skips_arbitration`.
#[test]
fn join_drop_complete() {
    Model::new("join_drop_complete", 10).preemptions(3).check(|| {
        let mut scene = Scene::queued();
        scene.signal.set();
        let runner = spawn(scene.runner());
        let (_, waker) = CountingWaker::pair();
        let polled = Pin::new(&mut scene.handle).poll(&mut Context::from_waker(&waker));
        let Scene { handle, fate, .. } = scene;
        drop(polled);
        drop(handle);
        runner.join().unwrap();
        assert_eq!(fate.outputs_dropped(), 1, "the output is dropped once");
        assert_eq!(fate.futures_dropped(), 1);
    });
}

/// The run, a waker and an abort handle give up their references: the last one frees, after everybody's uses.
///
/// Mutants: `task_references`.
#[test]
fn task_last_ref() {
    Model::new("task_last_ref", 50).check(|| {
        let (queue, dropped) = (Queue::new(), Fate::new());
        let output = dropped.clone();
        let handle = queue.spawn(poll_fn(move |_| Poll::Ready(Output(output.clone()))));
        let abort = handle.abort_handle();
        let freed = queue.clone();
        let runner = spawn(move || {
            queue.run_one();
        });
        let dropper = spawn(move || drop(abort));
        drop(handle);
        runner.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(dropped.outputs_dropped(), 1);
        assert_eq!(StdArc::strong_count(&freed), 1, "the task is freed, and its reference to the queue with it");
    });
}

/// The handle's answer, for a task that is finished.
pub(super) fn result<T>(mut handle: JoinHandle<T>) -> Result<T, crate::task::JoinError> {
    let (_, waker) = CountingWaker::pair();
    match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the task is finished"),
    }
}
