//! What the models of who waits for events share: a scheduler with sources, its worker threads and its driver thread.

use std::future::{Future, poll_fn};
use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};

use super::reactor::Waiting;
use super::runtime::{POLICY, with_sources};
use crate::facade::selector::Stream;
use crate::facade::{Arc, clock};
use crate::harness::spawn;
use crate::park::{Parker, Unparker};
use crate::reactor::slot::{Direction, Slot};
use crate::reactor::{Holder, Reactor, bits};
use crate::scheduler::watch::Watchman;
use crate::scheduler::worker::{self, Seed};
use crate::scheduler::{self, Membership, Policy, Scheduler, Shard};
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;

/// A scheduler with sources, and the threads that it is to have.
pub(super) struct Scene<const WORKERS: usize> {
    pub(super) reactor: Arc<Reactor>,
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) foreign: Arc<Shard>,
    pub(super) seeds: [Seed; WORKERS],
    pub(super) driver: Parker,
}

/// A source that a task or a thread waits for.
pub(super) struct Watched {
    pub(super) own: Stream,
    pub(super) slot: Arc<Slot>,
}

impl<const WORKERS: usize> Scene<WORKERS> {
    pub(super) fn new(policy: Policy, clock: impl FnOnce(Unparker) -> Clock) -> Self {
        let reactor = Reactor::new(policy.io_grace);
        let seeds = [(); WORKERS].map(|()| Seed::new(&reactor));
        let driver = Parker::polling(&reactor);
        let timers = Timers::new(clock(driver.unparker()), WORKERS + 1, driver.unparker());
        let scheduler = with_sources(&seeds, timers, &reactor, policy);
        let foreign = Shard::new(scheduler.clone(), WORKERS);
        Self { reactor, scheduler, foreign, seeds, driver }
    }

    /// Of a clock that only runs.
    pub(super) fn running() -> Self {
        Self::new(POLICY, |_| Clock::new())
    }

    /// A source, with its other side.
    pub(super) fn source(&self) -> (Watched, Stream) {
        let (mut own, peer) = Stream::pair(1);
        let slot = self.reactor.add(&mut own, bits::READABLE).expect("it is open").slot;
        (Watched { own, slot }, peer)
    }

    /// A thread that is no worker has waited for a source: else nobody watches over the sources of a lone worker.
    pub(super) fn has_outsider(&self) {
        self.scheduler.is_waited_for(Waker::noop());
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(scheduler::spawn(Membership::new(&self.foreign), task, Origin::here()));
    }
}

impl Watched {
    /// Reads a byte, as a task.
    pub(super) async fn read(&self) {
        poll_fn(|context| {
            loop {
                match self.slot.poll_ready(Direction::Read, context.waker()) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(seen) => {
                        let seen = seen.expect("the reactor closes last");
                        if self.own.read(&mut [0]).is_ok() {
                            return Poll::Ready(());
                        }
                        self.slot.refute(seen);
                    }
                }
            }
        })
        .await;
    }

    /// Reads a byte, and blocks its thread until then, as an executor within a task does.
    pub(super) fn block(&self, scheduler: &Scheduler) {
        scheduler.is_waited_for(Waker::noop());
        Waiting::new().read(&self.slot, &self.own);
    }
}

/// Blocks whoever wakes it until a source, whose event it causes, is told of.
pub(super) struct BlocksOnWake {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) source: Watched,
    pub(super) peer: Stream,
}

impl Wake for BlocksOnWake {
    fn wake(self: StdArc<Self>) {
        write(&self.peer);
        self.source.block(&self.scheduler);
        self.scheduler.close();
    }
}

pub(super) fn write(peer: &Stream) {
    assert_eq!(peer.write(b"a").expect("there is room"), 1);
}

/// Starts the worker `index`.
pub(super) fn work(seed: Seed, scheduler: &Arc<Scheduler>, index: usize) -> loom::thread::JoinHandle<()> {
    let worker = seed.into_worker(Shard::new(scheduler.clone(), index));
    spawn(move || worker::run(worker))
}

/// Starts the driver. To it time passes as soon as it waits for it.
pub(super) fn drive(scheduler: &Arc<Scheduler>, driver: Parker) -> loom::thread::JoinHandle<()> {
    let scheduler = scheduler.clone();
    spawn(move || {
        let mut watchman = Watchman::new(&scheduler);
        let watch = || {
            let next = watchman.look(&scheduler);
            if let Some(next) = next {
                loom::thread::yield_now();
                clock::advance_to(next);
            }
            next
        };
        let has_work = || scheduler.has_waiting_tasks();
        let lease = || scheduler.lease_for_driver();
        scheduler.timers().drive(&driver, has_work, watch, lease, |due| scheduler.wake_on_driver(due));
    })
}

/// Waits, running, until `holder` has the lease.
pub(super) fn until_held(reactor: &Reactor, holder: Holder) {
    while reactor.holder() != Some(holder) {
        loom::thread::yield_now();
    }
}

/// Has the driver look twice, a period apart, and then wait in the selector, if it is to, until it is called. It was called for the first source.
pub(super) fn look_and_wait(scheduler: &Scheduler, driver: &Parker) -> Watchman {
    let mut watchman = Watchman::new(scheduler);
    driver.park();
    let next = watchman.look(scheduler).expect("somebody must wait");
    clock::advance_to(next);
    watchman.look(scheduler);
    if let Some(mut lease) = scheduler.lease_for_driver() {
        assert!(driver.poll(&mut lease, None, &mut Vec::new(), || true), "nothing but a token ends the wait");
    }
    watchman
}
