//! Models of `src/scheduler/worker/mod.rs`: tasks that are left in a queue without a notification.
//!
//! Two workers, and two tasks: one is queued again after a poll, the other (or a waker) blocks its worker until the first has been polled again.
//! So the worker that is blocked must not keep the first task from the other one.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::runtime::{POLICY, for_model, run_all, seed};
use super::stage::Register;
use super::timer::TICK;
use crate::facade::{Arc, RawInstant, clock};
use crate::harness::{Model, join, spawn};
use crate::park::Parker;
use crate::scheduler::worker::{self, Next, Seed};
use crate::scheduler::{self, Membership, Policy, Scheduler, Shard, seat};
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;

/// Where what blocks is, when the other task is queued again.
#[derive(Clone, Copy, PartialEq)]
enum Blocker {
    /// In the slot of the worker that polls that task.
    Slot,
    /// In its queue, in front of that task, with nothing in the slot.
    Queue,
    /// In the injector.
    Injector,
    /// The waker of a timer that is due.
    Timer,
}

type Blocks = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A waker that waits for a token, and closes the scheduler.
struct BlockOnWake(Parker, Arc<Scheduler>);

// SAFETY: one thread wakes it, once.
unsafe impl Sync for BlockOnWake {}

impl Wake for BlockOnWake {
    fn wake(self: StdArc<Self>) {
        self.0.park();
        self.1.close();
    }
}

/// Runs the two tasks on two workers.
fn run(policy: Policy, blocker: Blocker) {
    let seeds = [seed(), seed()];
    let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
    let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, policy);
    let foreign = Shard::new(scheduler.clone(), 2);
    let gate = Parker::new();
    let opener = gate.unparker();
    let close = scheduler.clone();
    let mut blocks: Option<Blocks> = None;
    if blocker == Blocker::Timer {
        let waker = Waker::from(StdArc::new(BlockOnWake(gate, close)));
        scheduler.timers().register(0, TICK, waker).expect("the timers are open");
        let until = RawInstant::now() + Duration::from_millis(1);
        spawn(move || clock::advance_to(until));
    } else {
        blocks = Some(Box::pin(async move {
            gate.park();
            close.close();
        }));
    }
    let injected = if blocker == Blocker::Injector { blocks.take() } else { None };
    let shard = foreign.clone();
    let mut polls = 0;
    let polled_again = poll_fn(move |context| {
        polls += 1;
        let spawn = |task: Blocks| drop(scheduler::spawn(Membership::new(&shard), task, Origin::here()));
        match (polls, blocker) {
            (1, Blocker::Queue) => {
                // Into the slot; it wakes this task, once that is pending.
                let waker = context.waker().clone();
                spawn(Box::pin(async move { waker.wake() }));
                spawn(blocks.take().expect("it is spawned once"));
                return Poll::Pending;
            }
            // A worker looks at its timers on every second poll at most.
            (2, Blocker::Queue | Blocker::Timer) => {}
            (1, _) => blocks.take().into_iter().for_each(spawn),
            _ => {
                opener.unpark();
                return Poll::Ready(());
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    });
    drop(scheduler::spawn(Membership::new(&foreign), polled_again, Origin::here()));
    if let Some(blocks) = injected {
        drop(scheduler::spawn(Membership::new(&foreign), blocks, Origin::here()));
    }
    run_all(seeds, &scheduler, || ());
}

/// The task is queued again while the one that blocks is in the slot, and so runs first: its worker notifies of it.
///
/// Mutants: `worker_requeue_silent`.
#[test]
fn requeue_behind() {
    let model = Model::new("requeue_behind", 60).preemptions(1).branches(10_000);
    model.check(|| run(POLICY, Blocker::Slot));
}

/// The task is queued again behind the one that blocks, without a notification: of the other somebody was told, who sees this one, too.
///
/// Mutants: `deque_pop_release`.
#[test]
fn requeue_behind_queued() {
    let model = Model::new("requeue_behind_queued", 100).preemptions(2).branches(10_000);
    model.check(|| run(POLICY, Blocker::Queue));
}

/// The task is queued again alone, without a notification; then its worker looks at the injector first, takes the one that blocks from there,
/// and notifies.
///
/// Mutants: `worker_injector_silent`.
#[test]
fn requeue_vs_injector() {
    let policy = Policy { global_queue_interval: 1, ..POLICY };
    let model = Model::new("requeue_vs_injector", 1_000).preemptions(2).branches(10_000);
    model.check(move || run(policy, Blocker::Injector));
}

/// The same with a timer that is due, whose waker blocks.
///
/// Mutants: `worker_fires_silent`.
#[test]
fn requeue_vs_timer() {
    let policy = Policy { event_interval: 1, ..POLICY };
    let model = Model::new("requeue_vs_timer", 100).preemptions(1).branches(10_000);
    model.check(move || run(policy, Blocker::Timer));
}

/// A worker fires the timer of one task while the one that blocks is in its slot, and so runs first: it notifies of the other.
///
/// Mutants: `worker_fires_behind`.
#[test]
fn timer_behind_slot() {
    let policy = Policy { event_interval: 1, ..POLICY };
    Model::new("timer_behind_slot", 10).preemptions(1).branches(10_000).check(move || {
        let [first, second] = [seed(), seed()];
        let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
        let remotes = Box::new([first.remote(), second.remote()]);
        let scheduler = for_model(remotes, timers, policy);
        let foreign = Shard::new(scheduler.clone(), 2);
        let spawn_task = |task: Blocks| drop(scheduler::spawn(Membership::new(&foreign), task, Origin::here()));
        let gate = Parker::new();
        let (opener, timing) = (gate.unparker(), scheduler.clone());
        let mut polls = 0;
        spawn_task(Box::pin(poll_fn(move |context| {
            polls += 1;
            if polls == 1 {
                timing.timers().register(0, TICK, context.waker().clone()).expect("the timers are open");
                return Poll::Pending;
            }
            opener.unpark();
            Poll::Ready(())
        })));
        seat::sit(first.into_worker(Shard::new(scheduler.clone(), 0)));
        run_next(&scheduler);
        let (shard, close) = (foreign.clone(), scheduler.clone());
        spawn_task(Box::pin(async move {
            let blocks = async move {
                gate.park();
                close.close();
            };
            drop(scheduler::spawn(Membership::new(&shard), blocks, Origin::here()));
            clock::advance_to(RawInstant::now() + Duration::from_millis(1));
        }));
        let other = second.into_worker(Shard::new(scheduler.clone(), 1));
        run_next(&scheduler);
        let working = spawn(move || worker::run(other));
        worker::run(seat::stand().expect("it is on its seat"));
        join([working]);
    });
}

/// Polls the next task of this thread's worker.
fn run_next(scheduler: &Scheduler) {
    let Some(Next::Run(task)) = worker::next(&mut scheduler.thread_hooks().rest()) else { panic!("there is a task") };
    task.run();
}
