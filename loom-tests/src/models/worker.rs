//! Models of `src/scheduler/worker/mod.rs`: tasks that are left in a queue without a notification.
//!
//! Two workers, and two tasks: one is queued again after its first poll, the other blocks its worker until the first has been polled again.
//! So the worker that is blocked must not keep the first task from the other one. With crossbeam's own queues nobody would be kept waiting even
//! without the notifications, for whoever takes a task releases what it did before, and so shows what is left in its queue; with no more than
//! what `scheduler/queue.rs` assumes of them, as here, somebody would.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::runtime::{POLICY, for_model, run_all};
use crate::harness::Model;
use crate::park::Parker;
use crate::scheduler::worker::Seed;
use crate::scheduler::{self, Membership, Policy, Shard};
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;

/// Where the task that blocks is queued.
#[derive(Clone, Copy, PartialEq)]
enum Blocker {
    /// In the queue of the worker that polls the other task, in front of that.
    Local,
    /// In the injector.
    Injected,
}

/// Runs the two tasks on two workers.
fn run(policy: Policy, blocker: Blocker) {
    let seeds = [Seed::new(), Seed::new()];
    let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
    let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, policy);
    let foreign = Shard::new(scheduler.clone(), 2);
    let gate = Parker::new();
    let (opener, close) = (gate.unparker(), scheduler.clone());
    let blocks: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        gate.park();
        close.close();
    });
    let (local, injected) = if blocker == Blocker::Local { (Some(blocks), None) } else { (None, Some(blocks)) };
    let shard = foreign.clone();
    let mut local = local;
    let mut polled = false;
    let polled_again = poll_fn(move |context| {
        if polled {
            opener.unpark();
            return Poll::Ready(());
        }
        polled = true;
        if let Some(blocks) = local.take() {
            drop(scheduler::spawn(Membership::new(&shard), blocks, Origin::here()));
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

/// The task is queued again behind the one that blocks: its worker notifies of it.
///
/// Mutants: `worker_requeue_silent`.
#[test]
fn requeue_behind() {
    let model = Model::new("requeue_behind", 60).preemptions(1).branches(10_000);
    model.check(|| run(POLICY, Blocker::Local));
}

/// The task is queued again alone, without a notification; then its worker looks at the injector first, takes the one that blocks from there,
/// and notifies.
///
/// Mutants: `worker_injector_silent`.
#[test]
fn requeue_vs_injector() {
    let policy = Policy { global_queue_interval: 1, ..POLICY };
    let model = Model::new("requeue_vs_injector", 1_000).preemptions(2).branches(10_000);
    model.check(move || run(policy, Blocker::Injected));
}
