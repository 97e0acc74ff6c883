//! Models of the parts together: the scheduler as it ships, and a whole runtime.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sourced::write;
use super::stage::{CountingWaker, Fate, Output};
use crate::blocking::Pool;
use crate::facade::selector::Stream;
use crate::facade::{Arc, clock, deque};
use crate::harness::{Model, spawn, witness};
use crate::park::Parker;
use crate::reactor::Reactor;
use crate::runtime::{Builder, Handle};
use crate::scheduler::hooks::Hooks;
use crate::scheduler::thread_settings::{ThreadName, ThreadSettings};
use crate::scheduler::worker::{self, Next, Seed};
use crate::scheduler::{self, Membership, Plan, Policy, Remote, RuntimeFlavor, Scheduler, Shard, seat};
use crate::source::Evented;
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;
use crate::time::sleep;

pub(super) const POLICY: Policy = Policy {
    flavor: RuntimeFlavor::MultiThread,
    global_queue_interval: 61,
    event_interval: 61,
    io_grace: Duration::ZERO,
};

/// Of a worker without sources.
pub(super) fn seed() -> Seed {
    Seed::new(&Reactor::new(POLICY.io_grace))
}

/// A scheduler whose blocking pool nobody uses.
pub(super) fn for_model(remotes: Box<[Remote]>, timers: Timers, policy: Policy) -> Arc<Scheduler> {
    with_hooks(remotes, timers, policy, Hooks::default())
}

/// The same, with hooks.
pub(super) fn with_hooks(remotes: Box<[Remote]>, timers: Timers, policy: Policy, hooks: Hooks) -> Arc<Scheduler> {
    Arc::new(Scheduler::new(remotes, timers, Reactor::new(policy.io_grace), plan(policy, hooks)))
}

/// The same, for the sources of `reactor`.
pub(super) fn with_sources(seeds: &[Seed], timers: Timers, reactor: &Arc<Reactor>, policy: Policy) -> Arc<Scheduler> {
    let remotes = seeds.iter().map(Seed::remote).collect();
    Arc::new(Scheduler::new(remotes, timers, reactor.clone(), plan(policy, Hooks::default())))
}

fn plan(policy: Policy, hooks: Hooks) -> Plan {
    let threads = ThreadSettings { name: ThreadName::new("model"), stack_size: None };
    Plan { name: None, policy, threads, blocking: Pool::new(1, Duration::ZERO), hooks, recorder: None }
}

/// A task is spawned from outside while the runtime closes: it runs, or it is dropped, and nothing of it stays in the injector.
/// An entry left behind keeps its task, and that the scheduler: loom reports the leak.
///
/// Mutants: `scheduler_check_before_push`.
#[test]
fn injector_shutdown() {
    Model::new("injector_shutdown", 50).preemptions(2).witnesses(&["ran", "dropped"]).check(|| {
        let seed = seed();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        let foreign = Shard::new(scheduler.clone(), 1);
        let working = spawn(move || worker::run(worker));
        let spawning = spawn(move || scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
        scheduler.close();
        let mut handle = spawning.join().unwrap();
        working.join().unwrap();
        let (_, waker) = CountingWaker::pair();
        match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(Ok(())) => witness("ran"),
            Poll::Ready(Err(error)) => {
                assert!(error.is_cancelled());
                witness("dropped");
            }
            Poll::Pending => panic!("a handle resolves once the runtime has shut down"),
        }
    });
}

/// A task is spawned from outside while the runtime closes and a worker exits that has not been on a seat: to leave one passes a fence, too.
///
/// Mutants: `scheduler_close`.
#[test]
fn injector_vs_exit() {
    Model::new("injector_vs_exit", 20).preemptions(2).branches(10_000).check(|| {
        let seed = seed();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        let foreign = Shard::new(scheduler.clone(), 1);
        let spawning = spawn(move || scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
        scheduler.close();
        worker.exit();
        assert!(spawning.join().unwrap().is_finished(), "it is dropped, by whoever sees it");
    });
}

/// A worker takes two tasks out of the injector, one alone and one in a batch, while another thread asks how many were put in: never more
/// than there were.
///
/// Mutants: `queue_account`.
#[test]
fn remote_schedules_never_twice() {
    Model::new("remote_schedules_never_twice", 20).witnesses(&["missed one", "exact"]).check(|| {
        let seed = seed();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        let foreign = Shard::new(scheduler.clone(), 1);
        drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
        drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
        let reader = scheduler.clone();
        let reading = spawn(move || {
            let count = reader.remote_schedules();
            assert!(count <= 2, "a task was counted twice");
            witness(if count < 2 { "missed one" } else { "exact" });
        });
        for _ in 0..2 {
            match worker.next(&mut scheduler.thread_hooks().rest()) {
                Next::Run(task) => worker::poll(task),
                Next::Park | Next::Fire | Next::Exit => panic!("two tasks wait"),
            }
        }
        reading.join().unwrap();
        assert_eq!(scheduler.remote_schedules(), 2);
        scheduler.close();
        worker.exit();
    });
}

/// Tasks are spawned and run one after the other, on a worker's thread and on no worker's, while another thread asks how many are alive: never more than one.
///
/// Mutants: `queue_account`.
#[test]
fn live_tasks_never_too_many() {
    Model::new("live_tasks_never_too_many", 20).preemptions(2).witnesses(&["none", "one"]).check(|| {
        let seed = seed();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 1);
        let reader = scheduler.clone();
        let reading = spawn(move || {
            let count = reader.live_tasks();
            assert!(count <= 1, "a task that had ended was counted as alive");
            witness(if count == 0 { "none" } else { "one" });
        });
        let spawn_and_run = || {
            drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
            match worker::next(&mut scheduler.thread_hooks().rest()) {
                Some(Next::Run(task)) => worker::poll(task),
                _ => panic!("a task waits"),
            }
        };
        seat::sit(seed.into_worker(Shard::new(scheduler.clone(), 0)));
        spawn_and_run();
        spawn_and_run();
        let worker = seat::stand().unwrap();
        for _ in 0..2 {
            scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()).refuse();
        }
        reading.join().unwrap();
        assert_eq!(scheduler.live_tasks(), 0);
        scheduler.close();
        worker.exit();
    });
}

/// Two workers and a batch of tasks in the injector, of which one blocks its worker until another has run. Whoever takes both at once
/// must not keep the second from the other worker, even if that one looked around while they were on their way from queue to queue.
///
/// Mutants: `worker_batch`.
#[test]
fn batch_vs_sleep() {
    Model::new("batch_vs_sleep", 1_000).preemptions(2).branches(10_000).check(|| {
        // A worker's first task is taken alone, and of three that are left a batch is two.
        batch(true);
    });
}

/// The same of a batch that leaves the injector empty.
///
/// Mutants: `worker_batch`.
#[test]
fn batch_of_all_vs_sleep() {
    Model::new("batch_of_all_vs_sleep", 1_000).preemptions(2).branches(10_000).check(|| {
        deque::spans_blocks(true);
        batch(false);
    });
}

/// `one_more` task is behind those two.
fn batch(one_more: bool) {
    let seeds = [seed(), seed()];
    let timers = Timers::new(Clock::new(), 3, Parker::new().unparker());
    let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
    let foreign = Shard::new(scheduler.clone(), 2);
    let blocked = Parker::new();
    let unparker = blocked.unparker();
    let close = scheduler.clone();
    drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
    let blocking = async move {
        blocked.park();
        close.close();
    };
    drop(scheduler::spawn(Membership::new(&foreign), blocking, Origin::here()));
    drop(scheduler::spawn(Membership::new(&foreign), async move { unparker.unpark() }, Origin::here()));
    if one_more {
        drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
    }
    run_all(seeds, &scheduler, || ());
}

/// Runs both workers to their end, and `beside` them.
pub(super) fn run_all(seeds: [Seed; 2], scheduler: &Arc<Scheduler>, beside: impl FnOnce()) {
    let workers = seeds.into_iter().enumerate().map(|(index, seed)| {
        let worker = seed.into_worker(Shard::new(scheduler.clone(), index));
        spawn(move || worker::run(worker))
    });
    let workers: Vec<_> = workers.collect();
    beside();
    for worker in workers {
        worker.join().unwrap();
    }
}

/// The first program of the README in small: `block_on` awaits a task that sleeps, on a runtime with its driver and one worker, while
/// time passes.
#[test]
fn e2e_spawn_sleep() {
    Model::new("e2e_spawn_sleep", 1_000).preemptions(1).branches(10_000).check(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(async {
            // Made here: its deadline is fixed before time begins to pass.
            let pause = sleep(Duration::from_millis(1));
            let task = crate::task::spawn(async {
                pause.await;
                42
            });
            let until = crate::facade::RawInstant::now() + Duration::from_millis(2);
            spawn(move || clock::advance_to(until));
            assert_eq!(task.await.unwrap(), 42);
        });
    });
}

/// A runtime is dropped while a task of it is about to sleep, or asleep: both threads end, and the future is dropped.
///
/// Mutants: `threads_end_untold`.
#[test]
fn e2e_shutdown_asleep() {
    Model::new("e2e_shutdown_asleep", 100).preemptions(1).branches(10_000).check(|| {
        let fate = Fate::new();
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let output = Output(fate.clone());
        let asleep = runtime.spawn(async move {
            let _output = output;
            sleep(Duration::from_secs(1)).await;
        });
        drop(runtime);
        assert!(asleep.is_finished(), "shutdown cancels the task that sleeps");
        assert_eq!(fate.outputs_dropped(), 1);
        assert_eq!(StdArc::strong_count(&fate), 1);
    });
}

/// A whole current-thread runtime runs a blocking job that spawns a task and blocks on it, and is dropped with the pool's thread idle or about to be: all
/// threads end.
#[test]
fn e2e_spawn_blocking() {
    Model::new("e2e_spawn_blocking", 500).preemptions(1).branches(10_000).check(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let job = runtime.spawn_blocking(|| Handle::current().block_on(crate::task::spawn(ready(42))));
        assert_eq!(runtime.block_on(job).unwrap().unwrap(), 42);
        drop(runtime);
    });
}

/// A whole runtime answers a byte that a thread sends: the answer is there, and nothing leaks.
#[test]
fn e2e_echo() {
    Model::with_sources("e2e_echo", 25).preemptions(0).branches(10_000).check(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (own, peer) = Stream::pair(1);
        let writing = spawn(move || {
            write(&peer);
            peer
        });
        runtime.block_on(async {
            let own = Evented::new(own).unwrap();
            let mut byte = [0];
            let read = poll_fn(|context| own.poll_read(context, 1, |own| own.read(&mut byte))).await;
            assert_eq!(read.unwrap(), 1);
            let written = poll_fn(|context| own.poll_write(context, 1, |own| own.write(&byte))).await;
            assert_eq!(written.unwrap(), 1);
        });
        drop(runtime);
        let mut answer = [0];
        assert_eq!(writing.join().unwrap().read(&mut answer).unwrap(), 1);
        assert_eq!(&answer, b"a");
    });
}
