//! Models of `src/task/local`: a local set on the thread that made it, and another thread that wakes or aborts its task.
//!
//! The model's main thread is the set's. The task writes a cell at each poll and in its drop, so that loom sees one that is not
//! on that thread, or not ordered.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use super::stage::{AwaitFlag, CountingWaker, Fate, Output, Signal, panics_when_cloned};
use crate::facade::catch_unwind;
use crate::harness::{Model, join, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::task::{JoinHandle, LocalSet};

/// A set whose one task has been polled once, so that its waker is at hand, and for which nobody waits.
struct Scene {
    local: LocalSet,
    signal: StdArc<Signal>,
    fate: StdArc<Fate>,
    handle: JoinHandle<Output>,
}

impl Scene {
    fn new() -> Self {
        let (local, signal, fate) = (LocalSet::new(), Signal::new(), Fate::new());
        let handle = local.spawn_local(AwaitFlag::new(&signal, &fate));
        let polled = pin!(local.run_until(pending::<()>())).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending() && fate.polls() == 1);
        Self { local, signal, fate, handle }
    }
}

/// The waker of the thread that polls the set.
struct Unparks(Unparker);

impl Wake for Unparks {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

/// Polls `future` until it is ready, and parks in between; as `block_on` does. How often it parked.
fn block_on(future: &mut (impl Future + Unpin)) -> usize {
    let parker = Parker::new();
    let waker = Waker::from(StdArc::new(Unparks(parker.unparker())));
    for parked in 0.. {
        if Pin::new(&mut *future).poll(&mut Context::from_waker(&waker)).is_ready() {
            return parked;
        }
        parker.park();
    }
    unreachable!("the loop ends by returning")
}

/// Another thread wakes the task while its set goes idle: either the set sees the task before it waits, or whoever waits is
/// woken. The poll sees what the waker wrote.
///
/// Mutants: `local_recheck`, `local_push_order`.
#[test]
fn local_wake_vs_idle() {
    Model::new("local_wake_vs_idle", 30).witnesses(&["seen at once", "woken"]).check(|| {
        let Scene { mut local, signal, fate, handle } = Scene::new();
        let waker = signal.waker();
        let wakes = spawn(move || {
            signal.set();
            waker.wake();
        });
        let parked = block_on(&mut local);
        witness(if parked == 0 { "seen at once" } else { "woken" });
        assert!(handle.is_finished());
        assert_eq!(fate.futures_dropped(), 1);
        wakes.join().unwrap();
    });
}

/// Two other threads wake a task each: whoever waits is woken for both, also if the first one's wake-up took the only waker.
///
/// Mutants: `local_rewait`.
#[test]
fn local_two_wakes() {
    Model::new("local_two_wakes", 500).preemptions(3).witnesses(&["seen at once", "woken once", "woken twice"]).check(
        || {
            let Scene { mut local, signal, fate, handle } = Scene::new();
            let (other_signal, other_fate) = (Signal::new(), Fate::new());
            let other = local.spawn_local(AwaitFlag::new(&other_signal, &other_fate));
            let polled = pin!(local.run_until(pending::<()>())).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            let wakes = [signal, other_signal].map(|signal| {
                let waker = signal.waker();
                spawn(move || {
                    signal.set();
                    waker.wake();
                })
            });
            witness(["seen at once", "woken once", "woken twice"][block_on(&mut local)]);
            assert!(handle.is_finished() && other.is_finished());
            assert_eq!((fate.futures_dropped(), other_fate.futures_dropped()), (1, 1));
            join(wakes);
        },
    );
}

/// One task polls the set and gives it to another, which waits for it, while another thread wakes the set's task: the other is woken.
///
/// Mutants: `local_rewait`.
#[test]
fn local_other_task() {
    let model = Model::new("local_other_task", 30);
    model.witnesses(&["seen at once", "first woken", "second woken"]).check(|| {
        let Scene { mut local, signal, handle, .. } = Scene::new();
        let waker = signal.waker();
        let wakes = spawn(move || {
            signal.set();
            waker.wake();
        });
        let (first_wakes, first) = CountingWaker::pair();
        if Pin::new(&mut local).poll(&mut Context::from_waker(&first)).is_ready() {
            witness("seen at once");
        } else {
            let parked = block_on(&mut local);
            witness(if parked == 0 { "first woken" } else { "second woken" });
            assert_eq!(first_wakes.wakes() + parked, 1, "the latest waker is woken");
        }
        assert!(handle.is_finished());
        wakes.join().unwrap();
    });
}

/// The set is polled with a waker whose clone panics, then with a good one, while another thread wakes its task: the good one is woken.
///
/// Mutants: `local_clone_under_lock`.
#[test]
fn local_clone_panics() {
    Model::new("local_clone_panics", 30).witnesses(&["not parked", "woken"]).check(|| {
        let Scene { mut local, signal, handle, .. } = Scene::new();
        let waker = signal.waker();
        let wakes = spawn(move || {
            signal.set();
            waker.wake();
        });
        let bad = panics_when_cloned(|| {});
        let polled = catch_unwind(|| Pin::new(&mut local).poll(&mut Context::from_waker(&bad)));
        assert!(polled.is_err(), "a set without anything left to run has cloned the waker");
        witness(if block_on(&mut local) == 0 { "not parked" } else { "woken" });
        assert!(handle.is_finished());
        wakes.join().unwrap();
    });
}

/// Another thread wakes the task while its set is dropped: the future is dropped once, on the set's thread, and no entry stays
/// behind in the queues. One that does keeps its task, and that the queues: loom reports the leak.
///
/// Mutants: `local_closed`.
#[test]
fn local_wake_vs_drop() {
    Model::new("local_wake_vs_drop", 180).check(|| {
        let Scene { local, signal, fate, handle } = Scene::new();
        let waker = signal.waker();
        let wakes = spawn(move || {
            signal.set();
            waker.wake();
        });
        drop(local);
        assert!(handle.is_finished());
        assert_eq!((fate.polls(), fate.futures_dropped()), (1, 1));
        wakes.join().unwrap();
    });
}

/// Another thread aborts the task while its set runs it: output or cancelled, and the future is dropped once, on the set's thread.
///
/// Mutants: `local_thread`.
#[test]
fn local_abort_vs_run() {
    Model::new("local_abort_vs_run", 400).preemptions(3).witnesses(&["output", "cancelled"]).check(|| {
        let Scene { mut local, signal, fate, mut handle } = Scene::new();
        let abort = handle.abort_handle();
        let aborts = spawn(move || abort.abort());
        signal.set();
        signal.waker().wake();
        block_on(&mut local);
        assert_eq!(fate.futures_dropped(), 1);
        match Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(_)) => witness("output"),
            Poll::Ready(Err(error)) => {
                assert!(error.is_cancelled());
                witness("cancelled");
            }
            Poll::Pending => panic!("a set is ready when its tasks are complete"),
        }
        aborts.join().unwrap();
    });
}
