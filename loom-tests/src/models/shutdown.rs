//! Models of a runtime's end, beside what other threads still ask of it.

use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::runtime::{POLICY, for_model, run_all, seed, with_hooks};
use super::stage::{Fate, Output};
use crate::facade::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::facade::thread::Builder;
use crate::facade::{RawInstant, UnsafeCell, clock, deque};
use crate::harness::{Model, join, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::runtime;
use crate::runtime::threads::Threads;
use crate::scheduler::hooks::Hooks;
use crate::scheduler::watch::Watchman;
use crate::scheduler::worker::{self, Seed, Worker};
use crate::scheduler::{self, Membership, Scheduler, Shard};
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
/// Mutants: `scheduler_unpark_before_flag`, `close_keeps_late_wake`, `task_parts_queued`.
#[test]
fn shutdown_inflight_wake() {
    let model = Model::new("shutdown_inflight_wake", 500).preemptions(2).branches(5_000);
    model.witnesses(&["ran", "dropped"]).check(|| {
        let seed = seed();
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

/// Something that one thread writes, and another reads afterwards.
struct Written(UnsafeCell<bool>);

// SAFETY: loom runs one thread at a time, and checks that accesses are ordered: that they are is what the model is about.
unsafe impl Sync for Written {}

impl Written {
    fn new() -> Self {
        Self(UnsafeCell::new(false))
    }

    fn write(&self) {
        self.0.with_mut(|written| {
            // SAFETY: loom checks that nobody else is here.
            unsafe { *written = true }
        });
    }

    fn is_written(&self) -> bool {
        self.0.with(|written| {
            // SAFETY: loom checks that nobody writes meanwhile.
            unsafe { *written }
        })
    }
}

/// Two threads end their last polls, and leave; whoever is the last closes the timers: what both polls did is seen at the timers' end.
///
/// Mutants: `scheduler_leave`, `timers_close`.
#[test]
fn leave_vs_close() {
    Model::new("leave_vs_close", 10).check(|| {
        let driver = Parker::new();
        let seeds = [seed(), seed()];
        let timers = Timers::new(Clock::new(), 3, driver.unparker());
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let polled = StdArc::new([Written::new(), Written::new()]);
        let poll_and_leave = |index: usize| {
            let (scheduler, polled) = (scheduler.clone(), polled.clone());
            move || {
                polled[index].write();
                scheduler.leave();
            }
        };
        let leaving = spawn(poll_and_leave(0));
        let leaves = poll_and_leave(1);
        let driving = {
            let (scheduler, polled) = (scheduler.clone(), polled.clone());
            spawn(move || {
                scheduler.timers().drive(&driver, || false, || None, || None, |due| due.clear());
                polled.each_ref().map(Written::is_written)
            })
        };
        leaves();
        assert_eq!(driving.join().unwrap(), [true; 2]);
        leaving.join().unwrap();
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
        let seeds = [seed(), seed()];
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

/// A task queues two others, of which the second drives the first out of its worker's slot, while the other worker exits and shuts down what it sees; and then it blocks its
/// worker until both are gone: they are, for the driver drops what was missed.
///
/// Mutants: `close_tells_nobody`.
#[test]
fn displaced_vs_close() {
    Model::new("displaced_vs_close", 200).preemptions(1).branches(10_000).check(|| {
        let driver = Parker::new();
        let seeds = [seed(), seed()];
        let timers = Timers::new(Clock::new(), 3, driver.unparker());
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 2);
        let [exits, blocks] = seeds;
        let exits = exits.into_worker(Shard::new(scheduler.clone(), 0));
        let blocks = blocks.into_worker(Shard::new(scheduler.clone(), 1));
        let shard = blocks.shard().clone();
        let blocking = async move {
            let (gone, waits) = (StdArc::new(AtomicUsize::new(0)), Parker::new());
            for _ in 0..2 {
                let guard = CountOnDrop(gone.clone(), waits.unparker());
                drop(scheduler::spawn(Membership::new(&shard), async move { drop(guard) }, Origin::here()));
            }
            while gone.load(Ordering::Relaxed) < 2 {
                waits.park();
            }
        };
        let handle = scheduler::spawn(Membership::new(&foreign), blocking, Origin::here());
        let (driving, driver_owns) = (scheduler.clone(), foreign);
        let driving = spawn(move || {
            let mut watchman = Watchman::new(&driving);
            let watch = || watchman.look(&driving);
            driving.timers().drive(&driver, || false, watch, || None, |due| due.clear());
            drop(driver_owns);
        });
        let working = spawn(move || worker::run(blocks));
        let closing = spawn(move || close_and_exit(&scheduler, *exits));
        join([working, driving, closing]);
        has_run(handle);
    });
}

/// On a thread of its own, so that it is one preemption of the other worker's.
fn close_and_exit(scheduler: &Scheduler, worker: Worker) {
    scheduler.close();
    worker.exit();
}

/// Counts its drop, and unparks a thread.
struct CountOnDrop(StdArc<AtomicUsize>, Unparker);

impl Drop for CountOnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.unpark();
    }
}

/// A worker takes a batch of tasks from the injector while another exits and shuts down what it sees; the first of them would block its worker until the second
/// is gone. It is not polled, or the second is seen.
///
/// Mutants: `worker_ignores_close`.
#[test]
fn batch_vs_close() {
    Model::new("batch_vs_close", 40).preemptions(1).branches(10_000).check(|| {
        deque::spans_blocks(true);
        let seeds = [seed(), seed()];
        let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 2);
        let [exits, works] = seeds;
        let exits = exits.into_worker(Shard::new(scheduler.clone(), 0));
        let works = works.into_worker(Shard::new(scheduler.clone(), 1));
        let gone = Parker::new();
        let guard = CountOnDrop(StdArc::default(), gone.unparker());
        // A worker's first task is taken alone.
        drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
        drop(scheduler::spawn(Membership::new(&foreign), async move { gone.park() }, Origin::here()));
        drop(scheduler::spawn(Membership::new(&foreign), async move { drop(guard) }, Origin::here()));
        let working = spawn(move || worker::run(works));
        let closing = spawn(move || close_and_exit(&scheduler, *exits));
        join([working, closing]);
    });
}

/// A task is pending for the first time while the list that it is about to enter closes: its future is dropped once.
///
/// Mutants: `membership_ignores_refusal`.
#[test]
fn first_pending_vs_close() {
    let model = Model::new("first_pending_vs_close", 50).preemptions(2).branches(10_000);
    model.witnesses(&["polled", "never polled"]).check(|| {
        let seeds = [seed(), seed()];
        let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 2);
        let (fate, polls) = (Fate::new(), StdArc::new(AtomicUsize::new(0)));
        let (output, counts) = (Output(fate.clone()), polls.clone());
        let pending = poll_fn(move |_| {
            let _owned = &output;
            counts.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        });
        let handle = scheduler::spawn(Membership::new(&foreign), pending, Origin::here());
        let [exits, works] = seeds;
        let exits = exits.into_worker(Shard::new(scheduler.clone(), 0));
        let works = works.into_worker(Shard::new(scheduler.clone(), 1));
        let working = spawn(move || worker::run(works));
        let closing = spawn(move || close_and_exit(&scheduler, *exits));
        join([working, closing]);
        assert!(!has_run(handle));
        assert_eq!(fate.outputs_dropped(), 1);
        witness(if polls.load(Ordering::Relaxed) == 1 { "polled" } else { "never polled" });
    });
}

/// Two threads end the last tasks of a scheduler and give back their references to it: it is freed once, after both have used it.
///
/// Mutants: `scheduler_lent`.
#[test]
fn lent_references() {
    Model::new("lent_references", 4).preemptions(3).check(|| {
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let used = Used(UnsafeCell::new(()));
        let mut hooks = Hooks::default();
        hooks.task.terminate = Some(StdArc::new(move |_| used.touch()));
        let scheduler = with_hooks(Box::new([seed().remote()]), timers, POLICY, hooks);
        let foreign = Shard::new(scheduler, 1);
        let [first, second] =
            [(); 2].map(|()| scheduler::spawn(Membership::new(&foreign), pending::<()>(), Origin::here()));
        // The last owner goes: nothing but the handles is left of the tasks.
        drop(foreign);
        let giving = spawn(move || first.refuse());
        second.refuse();
        drop(second);
        giving.join().unwrap();
    });
}

/// What is used through a scheduler, and goes with it; loom sees both.
struct Used(UnsafeCell<()>);

// SAFETY: shared access is for reading; loom checks it.
unsafe impl Sync for Used {}

impl Used {
    fn touch(&self) {
        self.0.with(|_| ());
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        self.0.with_mut(|_| ());
    }
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
