//! Models of `src/scheduler/worker.rs`: tasks that are left in a queue without a notification.

use std::future::poll_fn;
use std::task::Poll;

use super::runtime::{POLICY, for_model};
use crate::harness::{Model, spawn};
use crate::park::Parker;
use crate::scheduler::worker::{self, Seed};
use crate::scheduler::{self, Policy, Shard};
use crate::task::meta::Origin;
use crate::time::driver::Timers;

/// Two workers, and two tasks: one that is queued again after its first poll, and one that blocks its worker until the other has been polled
/// for the second time. `between` says how many tasks are queued between them.
fn two_tasks(policy: Policy, behind: bool) {
    let seeds = [Seed::new(), Seed::new()];
    let timers = Timers::new(3, Parker::new().unparker());
    let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, policy);
    let foreign = Shard::new(scheduler.clone(), 2);
    let blocked = Parker::new();
    let (unparker, close) = (blocked.unparker(), scheduler.clone());
    let shard = Shard::new(scheduler.clone(), 0);
    let mut blocks = Some(async move {
        blocked.park();
        close.close();
    });
    let mut later = if behind { None } else { blocks.take() };
    let mut polls = 0;
    let yields = poll_fn(move |context| {
        polls += 1;
        if polls == 2 {
            unparker.unpark();
            return Poll::Ready(());
        }
        // On its worker's own queue, in front of this task.
        if let Some(blocks) = blocks.take() {
            drop(scheduler::spawn(&shard, blocks, Origin::here()));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    });
    drop(scheduler::spawn(&foreign, yields, Origin::here()));
    if let Some(blocks) = later.take() {
        drop(scheduler::spawn(&foreign, blocks, Origin::here()));
    }
    let workers = seeds.into_iter().enumerate().map(|(index, seed)| {
        let worker = seed.into_worker(Shard::new(scheduler.clone(), index));
        spawn(move || worker::run(worker))
    });
    let workers: Vec<_> = workers.collect();
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn requeue_behind() {
    Model::new("requeue_behind", 500).preemptions(2).branches(10_000).check(|| two_tasks(POLICY, true));
}

#[test]
fn requeue_vs_injector() {
    let policy = Policy { global_queue_interval: 1, ..POLICY };
    Model::new("requeue_vs_injector", 500).preemptions(2).branches(10_000).check(move || two_tasks(policy, false));
}
