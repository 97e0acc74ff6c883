//! Starting a runtime: its parts are made, then its threads.
//!
//! An error on the way, or a panic of the user's function for names, drops the `Runtime` made so far, which closes it, and ends and joins the
//! threads that it has.

use std::io;
use std::task::Waker;

use super::context;
use super::handle::Handle;
use super::runtime::Runtime;
use super::worker_slot::WorkerSlot;
use crate::duty;
use crate::facade::Arc;
use crate::facade::thread;
use crate::park::Parker;
use crate::reactor::Reactor;
use crate::recorder;
use crate::scheduler::queue;
use crate::scheduler::thread_settings::{Role, check_room};
use crate::scheduler::watch::Watchman;
use crate::scheduler::worker::{self, Seed, Worker};
use crate::scheduler::{Plan, Scheduler, Shard};
use crate::time::clock::Clock;
use crate::time::driver::Timers;

/// A runtime whose workers are threads of their own.
pub(super) fn multi_thread(plan: Plan, workers: usize, paused: bool) -> io::Result<Runtime> {
    check_room(workers)
        .map_err(|error| because(&format!("there is no room for the threads of {workers} workers"), &error))?;
    let reactor = Reactor::new(plan.policy.io_grace);
    let seeds: Vec<Seed> = (0..workers).map(|_| Seed::new(&reactor)).collect();
    let (scheduler, parker) = scheduler(&seeds, reactor, plan, paused);
    // All names before the first thread: the user's function is asked for the workers' first.
    let settings = scheduler.threads();
    let threads = (0..workers).map(|index| settings.builder(Role::Worker(index))).collect::<io::Result<Vec<_>>>();
    let (threads, driver) = (threads?, settings.builder(Role::Driver)?);
    let mut runtime = Runtime::of(foreign_handle(&scheduler), None);
    // Dropped before the runtime, whose shutdown waits for the last worker to exit.
    let mut unstarted = Unstarted { scheduler: &scheduler, workers };
    start_driver(&mut runtime, driver, &scheduler, parker)?;
    for (index, (seed, thread)) in seeds.into_iter().zip(threads).enumerate() {
        let worker = seed.into_worker(Shard::new(scheduler.clone(), index));
        start_worker(&mut runtime, thread, worker)
            .map_err(|error| because(&format!("worker {} of {workers} could not be started", index + 1), &error))?;
        unstarted.workers -= 1;
    }
    drop(unstarted);
    Ok(runtime)
}

/// A runtime whose worker waits for a thread in `block_on`.
pub(super) fn current_thread(plan: Plan, paused: bool) -> io::Result<Runtime> {
    let reactor = Reactor::new(plan.policy.io_grace);
    let seed = Seed::new(&reactor);
    let (scheduler, parker) = scheduler(std::slice::from_ref(&seed), reactor, plan, paused);
    let driver = scheduler.threads().builder(Role::Driver)?;
    let slot = WorkerSlot::new(seed.into_worker(Shard::new(scheduler.clone(), 0)));
    let mut runtime = Runtime::of(foreign_handle(&scheduler), Some(slot));
    start_driver(&mut runtime, driver, &scheduler, parker)?;
    Ok(runtime)
}

/// The scheduler of the workers that grow from `seeds`, and the parker of its timer driver.
fn scheduler(seeds: &[Seed], reactor: Arc<Reactor>, plan: Plan, paused: bool) -> (Arc<Scheduler>, Parker) {
    queue::prepare();
    let parker = Parker::polling(&reactor);
    // All workers are awake. While the one of a current-thread runtime waits for a thread, `WorkerSlot` says more.
    let clock = Clock::of_runtime(paused, seeds.len(), parker.unparker());
    let timers = Timers::new(clock, seeds.len() + 1, parker.unparker());
    let remotes = seeds.iter().map(Seed::remote).collect();
    (Arc::new(Scheduler::new(remotes, timers, reactor, plan)), parker)
}

/// The handle of threads that are no workers.
fn foreign_handle(scheduler: &Arc<Scheduler>) -> Handle {
    Handle::new(Shard::new(scheduler.clone(), scheduler.workers()))
}

/// Counts workers that will never exit, for they were not started, as gone: so that the last of the others closes the timers.
struct Unstarted<'a> {
    scheduler: &'a Scheduler,
    workers: usize,
}

impl Drop for Unstarted<'_> {
    fn drop(&mut self) {
        (0..self.workers).for_each(|_| self.scheduler.leave());
    }
}

fn start_worker(runtime: &mut Runtime, thread: thread::Builder, worker: Box<Worker>) -> io::Result<()> {
    runtime.start_thread(thread, move || {
        duty::become_runtime_thread();
        let handle = Handle::new(worker.shard().clone());
        let _entered = context::enter(&handle);
        handle.scheduler().thread_hooks().around(|| {
            worker::run(worker);
            // Handed on by `block_in_place`, it has another thread now, and this one takes its turn in the pool.
            if let Some(ticket) = handle.scheduler().adopt_thread() {
                duty::become_pool_thread();
                handle.scheduler().run_blocking(ticket);
            }
        });
    })
}

fn start_driver(
    runtime: &mut Runtime,
    thread: thread::Builder,
    scheduler: &Arc<Scheduler>,
    parker: Parker,
) -> io::Result<()> {
    // An owner: it has tasks in its hands when it rescues them.
    let handle = foreign_handle(scheduler);
    let started = runtime.start_thread(thread, move || {
        duty::become_runtime_thread();
        // It drops futures when a shutdown leaves it some, and what they do then may need their runtime.
        let _entered = context::enter(&handle);
        let scheduler = handle.scheduler();
        // SAFETY: the handle keeps the scheduler, and is dropped later.
        let _recorded = unsafe { scheduler.record_thread(recorder::Role::Driver) };
        let has_work = || scheduler.has_waiting_tasks();
        scheduler.thread_hooks().around(|| {
            let mut watchman = Watchman::new(scheduler);
            let watch = || watchman.look(scheduler);
            let wake_all = |due: &mut Vec<Waker>| scheduler.wake_on_driver(due);
            scheduler.timers().drive(&parker, has_work, watch, || scheduler.lease_for_driver(), wake_all);
        });
    });
    started.map_err(|error| because("the timer driver could not be started", &error))
}

/// `error` with what it kept from happening.
fn because(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
