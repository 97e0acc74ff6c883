//! Models of `src/blocking`, with tasks and parkers as they ship.
//!
//! Threads of the pool are started as the runtime does, or adopted where a model begins with one that is idle.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::stage::{Fate, Output, Uncounted};
use crate::blocking::{AtClose, Pool, Ticket};
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{RawInstant, clock, spin_loop, thread};
use crate::harness::{Model, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::task::blocking::unlisted;
use crate::task::meta::Origin;
use crate::task::runnable::Runnable;
use crate::task::{JoinError, JoinHandle};

/// A pool, and how many threads it has started and how many of them have ended.
pub(super) struct Scene {
    pub(super) pool: Pool,
    pub(super) started: AtomicUsize,
    ended: AtomicUsize,
}

impl Scene {
    pub(super) fn new(max_threads: usize, keep_alive: Duration) -> StdArc<Self> {
        let pool = Pool::new(max_threads, keep_alive);
        StdArc::new(Self { pool, started: AtomicUsize::new(0), ended: AtomicUsize::new(0) })
    }

    /// Starts threads of the pool, if the model allows.
    pub(super) fn starter(self: &StdArc<Self>) -> impl FnOnce(Ticket) -> io::Result<thread::JoinHandle<()>> {
        let scene = self.clone();
        move |ticket| {
            let this = scene.clone();
            let thread = thread::Builder::new().spawn(move || {
                this.pool.work(ticket, &Uncounted, || ());
                this.ended.fetch_add(1, Ordering::Relaxed);
            })?;
            scene.started.fetch_add(1, Ordering::Relaxed);
            Ok(thread)
        }
    }

    pub(super) fn submit<R: Send + 'static>(
        self: &StdArc<Self>,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let (job, handle) = unlisted(f, None, Origin::here());
        self.pool.submit(job, AtClose::Cancelled, &Uncounted, self.starter());
        handle
    }

    /// A thread of the pool that the model joins itself.
    fn adopted(self: &StdArc<Self>) -> loom::thread::JoinHandle<()> {
        let ticket = self.pool.adopt(&Uncounted).expect("the pool is open and has room");
        let scene = self.clone();
        spawn(move || scene.pool.work(ticket, &Uncounted, || ()))
    }

    /// Closes the pool and waits for its threads.
    pub(super) fn end(self: &StdArc<Self>) {
        self.pool.close(&Uncounted, self.starter());
        assert!(self.pool.wait(None));
    }

    /// After all threads that submit have been joined.
    pub(super) fn assert_over(&self) {
        assert_eq!(self.started.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed), "a thread is left");
        assert_eq!((self.pool.threads(), self.pool.idle(), self.pool.queued()), (0, 0, 0), "something is left");
    }
}

struct Unpark(Unparker);

impl Wake for Unpark {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

pub(super) struct OpensOnDrop(pub(super) Unparker);

impl Drop for OpensOnDrop {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

/// Blocks until the task is complete.
pub(super) fn wait<R>(mut handle: JoinHandle<R>) -> Result<R, JoinError> {
    let parker = Parker::new();
    let waker = Waker::from(StdArc::new(Unpark(parker.unparker())));
    loop {
        if let Poll::Ready(outcome) = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
            return outcome;
        }
        parker.park();
    }
}

/// The outcome of a job, once all threads have ended.
pub(super) fn settled<R>(handle: JoinHandle<R>) -> Result<R, JoinError> {
    assert!(handle.is_finished(), "a job runs or is cancelled");
    wait(handle)
}

/// A job and a work come while the pool's one thread is idle, or about to be, for as long as it takes: both run.
///
/// Mutants: `blocking_notify`.
#[test]
fn blocking_wake() {
    Model::new("blocking_wake", 300).preemptions(2).witnesses(&["it carried", "it was busy"]).check(|| {
        thread::allow(0);
        let scene = Scene::new(1, Duration::MAX);
        let idle = scene.adopted();
        assert_eq!(wait(scene.submit(|| 42)).unwrap(), 42);
        let gate = Parker::new();
        let opener = gate.unparker();
        if scene.pool.submit_now(Box::new(move || opener.unpark()), scene.starter()).is_ok() {
            gate.park();
            witness("it carried");
        } else {
            witness("it was busy");
        }
        scene.end();
        idle.join().unwrap();
        scene.assert_over();
    });
}

/// A job is submitted while the pool's one thread, idle, is about to end: that thread runs it, or a new one. Else it waits for ever.
///
/// Mutants: `blocking_expiry`.
#[test]
fn blocking_expiry() {
    let model = Model::new("blocking_expiry", 10_000).preemptions(3).branches(5_000);
    model.witnesses(&["the idle thread", "another thread"]).check(|| {
        let scene = Scene::new(1, Duration::from_millis(1));
        let idle = scene.adopted();
        let until = RawInstant::now() + Duration::from_millis(2);
        let clock = spawn(move || clock::advance_to(until));
        assert_eq!(wait(scene.submit(|| 42)).unwrap(), 42);
        witness(if scene.started.load(Ordering::Relaxed) == 0 { "the idle thread" } else { "another thread" });
        scene.end();
        idle.join().unwrap();
        clock.join().unwrap();
        scene.assert_over();
    });
}

/// Two idle threads whose time may be up, and two jobs of which the first waits for the second: a notification that reaches a thread
/// after another has kept the promise leaves nobody waiting.
///
/// Mutants: `blocking_expiry`.
#[test]
fn blocking_two_idle() {
    let model = Model::new("blocking_two_idle", 9_000).preemptions(1).branches(5_000);
    model.witnesses(&["the idle threads", "another thread"]).check(|| {
        let scene = Scene::new(2, Duration::from_millis(1));
        let idle = [scene.adopted(), scene.adopted()];
        while scene.pool.idle() < 2 {
            spin_loop();
        }
        let until = RawInstant::now() + Duration::from_millis(2);
        spawn(move || clock::advance_to(until));
        // Five threads are all that a model has.
        thread::allow(1);
        let gate = Parker::new();
        // Opens the gate if it is cancelled, too.
        let opener = OpensOnDrop(gate.unparker());
        let first = scene.submit(move || gate.park());
        let second = scene.submit(move || drop(opener));
        if scene.started.load(Ordering::Relaxed) == 0 {
            wait(first).unwrap();
            wait(second).unwrap();
            witness("the idle threads");
        } else {
            // A job of two may be left without a thread; the end cancels it.
            witness("another thread");
        }
        scene.end();
        idle.into_iter().for_each(|thread| thread.join().unwrap());
        scene.assert_over();
    });
}

/// A job is submitted while the pool closes: it runs or is cancelled, and its thread is joined by then, even if it ends before the
/// submitter has its handle.
///
/// Mutants: `blocking_closed`, `blocking_gone`.
#[test]
fn blocking_close() {
    Model::new("blocking_close", 500).branches(5_000).witnesses(&["ran", "cancelled"]).check(|| {
        let scene = Scene::new(1, Duration::ZERO);
        let other = scene.clone();
        let submitter = spawn(move || other.submit(|| ()));
        scene.end();
        match settled(submitter.join().unwrap()) {
            Ok(()) => witness("ran"),
            Err(error) => {
                assert!(error.is_cancelled());
                witness("cancelled");
            }
        }
        scene.assert_over();
    });
}

/// The pool closes while a thread comes for a job, one that starts or one that was idle: the job runs.
///
/// Mutants: `blocking_coming`.
#[test]
fn blocking_close_coming() {
    let model = Model::new("blocking_close_coming", 100).preemptions(3).branches(5_000);
    model.witnesses(&["it started", "it was idle"]).check(|| {
        let scene = Scene::new(1, Duration::MAX);
        assert_eq!(wait(scene.submit(|| 41)).unwrap(), 41);
        let was_idle = scene.pool.idle() == 1;
        let second = scene.submit(|| 42);
        let only = Scene::new(1, Duration::MAX);
        let third = only.submit(|| 43);
        only.end();
        assert_eq!(settled(third).expect("a thread started for it"), 43);
        witness("it started");
        scene.end();
        if was_idle {
            assert_eq!(settled(second).expect("a thread was promised to it"), 42);
            witness("it was idle");
        }
        scene.assert_over();
        only.assert_over();
    });
}

/// The pool closes while a thread is idle, or about to be: it ends.
///
/// Mutants: `blocking_close_wakes`.
#[test]
fn blocking_close_idle() {
    Model::new("blocking_close_idle", 5).check(|| {
        let scene = Scene::new(1, Duration::MAX);
        let idle = scene.adopted();
        scene.end();
        idle.join().unwrap();
        scene.assert_over();
        assert!(scene.pool.adopt(&Uncounted).is_none(), "a closed pool adopts nobody");
    });
}

/// Two jobs and no thread for either: whoever fails last finds the other's job too.
///
/// Mutants: `blocking_orphans`.
#[test]
fn blocking_no_thread() {
    Model::new("blocking_no_thread", 10).check(|| {
        thread::allow(0);
        let scene = Scene::new(2, Duration::ZERO);
        let other = scene.clone();
        let submitter = spawn(move || other.submit(|| ()));
        let handles = [scene.submit(|| ()), submitter.join().unwrap()];
        for handle in handles {
            assert!(settled(handle).unwrap_err().is_cancelled());
        }
        scene.assert_over();
    });
}

/// The start of a thread fails while the only other one may be ending, its time up: the job runs there, or is cancelled.
#[test]
fn blocking_start_fails() {
    let model = Model::new("blocking_start_fails", 12_000).branches(5_000);
    model.witnesses(&["ran", "cancelled"]).check(|| {
        thread::allow(0);
        let scene = Scene::new(2, Duration::ZERO);
        let other = scene.adopted();
        match wait(scene.submit(|| 42)) {
            Ok(output) => {
                assert_eq!(output, 42);
                witness("ran");
            }
            Err(error) => {
                assert!(error.is_cancelled());
                witness("cancelled");
            }
        }
        other.join().unwrap();
        scene.assert_over();
    });
}

/// A work is handed on while the pool closes: accepted, it runs; else it comes back.
///
/// Mutants: `blocking_handed`.
#[test]
fn blocking_hand_on() {
    let model = Model::new("blocking_hand_on", 5_000).preemptions(3).branches(5_000);
    model.witnesses(&["ran here", "ran there", "came back"]).check(|| {
        let scene = Scene::new(1, Duration::MAX);
        let idle = scene.adopted();
        let closing = scene.clone();
        let closer = spawn(move || closing.pool.close(&Uncounted, closing.starter()));
        let ran = StdArc::new(AtomicUsize::new(0));
        let run = ran.clone();
        let count = move || {
            run.fetch_add(1, Ordering::Relaxed);
        };
        let outcome = scene.pool.submit_now(Box::new(count), scene.starter());
        closer.join().unwrap();
        assert!(scene.pool.wait(None));
        idle.join().unwrap();
        scene.assert_over();
        let times = ran.load(Ordering::Relaxed);
        match outcome {
            Ok(()) => {
                assert_eq!(times, 1, "a work that was accepted runs");
                witness(if scene.started.load(Ordering::Relaxed) == 0 { "ran here" } else { "ran there" });
            }
            Err(work) => {
                assert_eq!(times, 0, "a work that came back has not run");
                drop(work);
                witness("came back");
            }
        }
    });
}

/// A work is handed to the only thread, then a job is submitted that blocks until the work has run. No other thread can be started: the
/// thread carries the work, and the job is cancelled or runs after it.
///
/// Mutants: `blocking_work_first`.
#[test]
fn blocking_work_first() {
    let model = Model::new("blocking_work_first", 12_000).branches(5_000);
    model.witnesses(&["no thread for the work", "job ran", "job cancelled"]).check(|| {
        thread::allow(0);
        let scene = Scene::new(1, Duration::MAX);
        let idle = scene.adopted();
        let gate = Parker::new();
        let opener = gate.unparker();
        let accepted = scene.pool.submit_now(Box::new(move || opener.unpark()), scene.starter());
        match accepted {
            Ok(()) => match wait(scene.submit(move || gate.park())) {
                Ok(()) => witness("job ran"),
                Err(_) => witness("job cancelled"),
            },
            // The thread was not idle yet.
            Err(work) => {
                drop(work);
                witness("no thread for the work");
            }
        }
        scene.end();
        idle.join().unwrap();
        scene.assert_over();
    });
}

/// A job is aborted while it is run: its closure runs or does not, is dropped once, and the handle learns which.
#[test]
fn blocking_abort() {
    let model = Model::new("blocking_abort", 2_000).preemptions(2);
    model.witnesses(&["ran", "cancelled"]).check(|| match abort_beside(Runnable::run) {
        Ok(()) => witness("ran"),
        Err(error) => {
            assert!(error.is_cancelled());
            witness("cancelled");
        }
    });
}

/// A job is aborted while the pool cancels it: it does not run, and its closure is dropped once.
#[test]
fn blocking_cancel() {
    Model::new("blocking_cancel", 2_000).preemptions(2).check(|| {
        assert!(abort_beside(Runnable::cancel).unwrap_err().is_cancelled());
    });
}

/// What becomes of a job that is aborted beside `end`.
fn abort_beside(end: fn(Runnable)) -> Result<(), JoinError> {
    let fate = Fate::new();
    let output = Output(fate.clone());
    let (job, handle) = unlisted(move || output, None, Origin::here());
    let abort = handle.abort_handle();
    let aborter = spawn(move || abort.abort());
    let runner = spawn(move || end(job));
    let outcome = wait(handle).map(drop);
    assert_eq!(fate.outputs_dropped(), 1);
    aborter.join().unwrap();
    runner.join().unwrap();
    assert_eq!(StdArc::strong_count(&fate), 1, "nothing of the task is left");
    outcome
}
