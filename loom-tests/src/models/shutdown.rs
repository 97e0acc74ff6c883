//! Models of a runtime's end, beside what other threads still ask of it.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::runtime::{POLICY, for_model, run_all};
use super::stage::{Fate, Output};
use crate::harness::{Model, spawn, witness};
use crate::park::Parker;
use crate::runtime;
use crate::runtime::threads::Threads;
use crate::scheduler::worker::{self, Seed};
use crate::scheduler::{self, Membership, Shard};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::thread::Builder;
use crate::sync::{RawInstant, clock};
use crate::task::JoinHandle;
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;

/// Whether the task has completed, not been cancelled; it is one or the other.
fn has_run<T>(mut handle: JoinHandle<T>) -> bool {
    match Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(_)) => true,
        Poll::Ready(Err(error)) => {
            assert!(error.is_cancelled());
            false
        }
        Poll::Pending => panic!("a handle resolves once the runtime has shut down"),
    }
}

/// A wake is under way while the scheduler closes: the worker ends, the task completes or is dropped, and nothing of it is left.
///
/// Mutants: `scheduler_unpark_before_flag`, `scheduler_check_before_push`.
#[test]
fn shutdown_inflight_wake() {
    let model = Model::new("shutdown_inflight_wake", 500).preemptions(2).branches(5_000);
    model.witnesses(&["ran", "dropped"]).check(|| {
        let seed = Seed::new();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 1);
        let flag = StdArc::new(AtomicBool::new(false));
        let mut waking = None;
        let woken = poll_fn(move |context| {
            waking.get_or_insert_with(|| {
                let (flag, waker) = (flag.clone(), context.waker().clone());
                spawn(move || {
                    flag.store(true, Ordering::Relaxed);
                    waker.wake();
                })
            });
            if flag.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        });
        let handle = scheduler::spawn(Membership::new(&foreign), woken, Origin::here());
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        drop(foreign);
        let working = spawn(move || worker::run(worker));
        scheduler.close();
        working.join().unwrap();
        witness(if has_run(handle) { "ran" } else { "dropped" });
    });
}

/// A task spawns another while the scheduler closes, and while the other worker, on its way out, shuts down the tasks of both: the new task
/// runs or is dropped, and nothing of it stays in a queue.
///
/// Mutants: `worker_exit_keeps_queue`.
#[test]
fn spawn_vs_close() {
    let model = Model::new("spawn_vs_close", 200).preemptions(1).branches(5_000);
    model.witnesses(&["ran", "dropped", "never spawned"]).check(|| {
        let seeds = [Seed::new(), Seed::new()];
        let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let shard = Shard::new(scheduler.clone(), 0);
        let mut spawns = scheduler::spawn(
            Membership::new(&Shard::new(scheduler.clone(), 2)),
            // Wrapped, for nobody is to await it here.
            async move { Some(scheduler::spawn(Membership::new(&shard), ready(()), Origin::here())) },
            Origin::here(),
        );
        run_all(seeds, &scheduler, || scheduler.close());
        match Pin::new(&mut spawns).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(Some(handle))) => witness(if has_run(handle) { "ran" } else { "dropped" }),
            Poll::Ready(_) => witness("never spawned"),
            Poll::Pending => panic!("a handle resolves once the runtime has shut down"),
        }
    });
}

/// A task is spawned on a current-thread runtime that is dropped, by a thread that is not in it: its future is dropped, and nothing of it
/// stays in the injector.
///
/// Mutants: `scheduler_check_before_push`.
#[test]
fn current_thread_drop_vs_spawn() {
    Model::new("current_thread_drop_vs_spawn", 100).preemptions(2).branches(5_000).check(|| {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let (handle, fate) = (runtime.handle().clone(), Fate::new());
        let output = Output(fate.clone());
        let spawning = spawn(move || handle.spawn(async move { output }));
        drop(runtime);
        let handle = spawning.join().unwrap();
        assert!(handle.is_finished() && !has_run(handle), "nobody runs it");
        assert_eq!(fate.outputs_dropped(), 1);
    });
}

/// A runtime's two threads, of which one may not end before the wait for them does: that returns at its limit, or once both have ended.
///
/// Mutants: `threads_counted_out_early`.
#[test]
fn threads_wait() {
    let model = Model::new("threads_wait", 500).preemptions(2);
    model.witnesses(&["ended", "given up"]).check(|| {
        let mut threads = Threads::new();
        let gate = Parker::new();
        let opener = gate.unparker();
        let ended = StdArc::new(AtomicUsize::new(0));
        let count = |ended: &AtomicUsize| {
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let (first, second) = (ended.clone(), ended.clone());
        let blocks = move || {
            gate.park();
            count(&first);
        };
        threads.start(Builder::new(), blocks).unwrap();
        threads.start(Builder::new(), move || count(&second)).unwrap();
        let deadline = RawInstant::now() + Duration::from_millis(1);
        spawn(move || clock::advance_to(deadline));
        if RawInstant::now() < deadline {
            opener.unpark();
        }
        threads.wait(Some(deadline));
        if ended.load(Ordering::Relaxed) == 2 {
            witness("ended");
        } else {
            witness("given up");
            assert!(RawInstant::now() >= deadline, "it waits until its limit");
        }
        opener.unpark();
    });
}
