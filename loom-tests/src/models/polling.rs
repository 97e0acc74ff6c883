//! Models of `src/scheduler/polling.rs`, `src/scheduler/worker/sources.rs` and of the watch over sources: who waits for events, with workers and the driver as they ship.
//!
//! What must not happen is that an event is told by nobody: whoever waits for it is blocked for ever.

use std::future::ready;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64 as Plain, Ordering::Relaxed as Unseen};

use super::reactor::Waiting;
use super::runtime::POLICY;
use super::sourced::{BlocksOnWake, Scene, drive, look_and_wait, until_held, work, write};
use super::stage::{CountingWaker, Register};
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::selector::Stream;
use crate::facade::{Arc, clock};
use crate::harness::{Model, join, spawn};
use crate::park::Parker;
use crate::reactor::slot::Direction;
use crate::reactor::{Holder, bits};
use crate::scheduler::watch::Watchman;
use crate::scheduler::worker::{self, Next};
use crate::scheduler::{self, Membership, Policy, Scheduler, Shard, seat};
use crate::task::meta::Origin;
use crate::time::clock::Clock;

/// A worker in the selector is claimed for a task from outside as an event comes: it takes the token that comes with the claim, and counts once.
///
/// Mutants: `worker_leaves_token`.
#[test]
fn poll_vs_claim() {
    Model::with_sources("poll_vs_claim", 4_500).preemptions(2).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let (source, peer) = scene.source();
        let left = StdArc::new(AtomicUsize::new(2));
        let done = |scheduler: Arc<Scheduler>| {
            let left = left.clone();
            move || {
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    scheduler.close();
                }
            }
        };
        let (read, ran) = (done(scene.scheduler.clone()), done(scene.scheduler.clone()));
        scene.spawn(async move {
            source.read().await;
            read();
        });
        let writing = spawn(move || {
            write(&peer);
            peer
        });
        let foreign = scene.foreign.clone();
        let spawning =
            spawn(move || drop(scheduler::spawn(Membership::new(&foreign), async move { ran() }, Origin::here())));
        let [seed] = scene.seeds;
        worker::run(seed.into_worker(Shard::new(scene.scheduler.clone(), 0)));
        join([spawning]);
        drop(writing.join().unwrap());
    });
}

/// Two events come at once to a worker in the selector, and what the first one wakes blocks that worker until the other has taken what the second one wakes. That
/// waits in the selector by then, where the first one has left, and is told by the watch.
///
/// Mutants: `io_batch_silent`, `watch_ignores_queue`.
#[test]
fn poll_batch_vs_sleep() {
    Model::with_sources("poll_batch_vs_sleep", 400).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<2>::running();
        let ((first, peer), (second, other_peer)) = (scene.source(), scene.source());
        let gate = Parker::new();
        let (opener, scheduler) = (gate.unparker(), scene.scheduler.clone());
        scene.spawn(async move {
            first.read().await;
            gate.park();
            scheduler.close();
        });
        scene.spawn(async move {
            second.read().await;
            opener.unpark();
        });
        let [seed, other] = scene.seeds;
        seat::sit(seed.into_worker(Shard::new(scene.scheduler.clone(), 0)));
        let mut rest = scene.scheduler.thread_hooks().rest();
        while let Some(Next::Run(task)) = worker::next(&mut rest) {
            task.run();
        }
        write(&peer);
        write(&other_peer);
        worker::park(&mut rest, || false);
        let working = work(other, &scene.scheduler, 1);
        until_held(&scene.reactor, Holder::Parked(1));
        let ended = Parker::new();
        let (scheduler, driver, end) = (scene.scheduler.clone(), scene.driver, ended.unparker());
        let watching = spawn(move || {
            let mut watchman = Watchman::new(&scheduler);
            while !scheduler.is_closed() {
                match watchman.look(&scheduler) {
                    Some(next) => {
                        loom::thread::yield_now();
                        clock::advance_to(next);
                    }
                    None => {
                        end.unpark();
                        driver.park();
                    }
                }
            }
        });
        // One waits in the selector, so that there is nothing to watch over.
        ended.park();
        worker::run(seat::stand().expect("it is on its seat"));
        join([working, watching]);
    });
}

/// The first source is added, by a thread that then waits for it, as the only worker parks: that finds the selector, or is woken to find it.
///
/// Mutants: `io_born_silent`.
#[test]
fn first_source_vs_park() {
    Model::with_sources("first_source_vs_park", 500).preemptions(2).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        let (mut own, peer) = Stream::pair(1);
        write(&peer);
        let added = scene.reactor.add(&mut own, bits::READABLE).expect("it is open");
        assert!(added.is_first);
        scene.scheduler.has_first_source();
        Waiting::new().read(&added.slot, &own);
        scene.scheduler.close();
        join([working]);
    });
}

/// A worker leaves the selector with an event, and its task blocks it until another event is told, while the watch ends: the driver tells of it.
///
/// Mutants: `watch_ignores_lease`.
#[test]
fn left_vs_driver() {
    Model::with_sources("left_vs_driver", 4_000).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let ((first, peer), (second, other_peer)) = (scene.source(), scene.source());
        scene.has_outsider();
        let scheduler = scene.scheduler.clone();
        scene.spawn(async move {
            first.read().await;
            write(&other_peer);
            second.block(&scheduler);
            scheduler.close();
        });
        let driving = drive(&scene.scheduler, scene.driver);
        let writing = spawn(move || {
            write(&peer);
            peer
        });
        let [seed] = scene.seeds;
        worker::run(seed.into_worker(Shard::new(scene.scheduler.clone(), 0)));
        join([driving]);
        drop(writing.join().unwrap());
    });
}

/// A thread that is no worker waits for a source, the first to do so, and the only worker leaves the selector and is stuck until that is told.
///
/// Mutants: `outsider_waits_silent`.
#[test]
fn outsider_vs_watch() {
    Model::with_sources("outsider_vs_watch", 20_000).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let ((first, peer), (second, other_peer)) = (scene.source(), scene.source());
        write(&peer);
        let gate = Parker::new();
        let (opener, scheduler) = (gate.unparker(), scene.scheduler.clone());
        scene.spawn(async move {
            first.read().await;
            write(&other_peer);
            gate.park();
            scheduler.close();
        });
        let driving = drive(&scene.scheduler, scene.driver);
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        second.block(&scene.scheduler);
        opener.unpark();
        join([working, driving]);
    });
}

/// A worker looks for events, and is stuck in its next poll until one is told, while the driver goes to sleep: that is in the selector.
fn look_vs_driver(pauses: bool) {
    let scene = Scene::<1>::new(Policy { event_interval: 1, ..POLICY }, |driver| Clock::of_runtime(false, 1, driver));
    let (source, peer) = scene.source();
    scene.has_outsider();
    let scheduler = scene.scheduler.clone();
    scene.spawn(async move {
        write(&peer);
        source.block(&scheduler);
        scheduler.close();
    });
    let driving = drive(&scene.scheduler, scene.driver);
    let [seed] = scene.seeds;
    let working = work(seed, &scene.scheduler, 0);
    if pauses {
        assert!(scene.scheduler.timers().clock().pause());
    }
    join([working, driving]);
}

/// The clock runs: the driver goes to sleep because nobody has looked for a while.
#[test]
fn look_vs_watch() {
    Model::with_sources("look_vs_watch", 120).preemptions(1).branches(10_000).check(|| look_vs_driver(false));
}

/// The clock is paused meanwhile: the driver is the only one to wait for events.
#[test]
fn look_vs_pause() {
    Model::with_sources("look_vs_pause", 900).preemptions(1).branches(10_000).check(|| look_vs_driver(true));
}

/// The driver is in the selector when the worker comes to park: in the end the worker is.
///
/// Mutants: `seat_leaves_driver`.
#[test]
fn seat_vs_driver() {
    Model::with_sources("seat_vs_driver", 170).preemptions(2).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let (_source, _peer) = scene.source();
        scene.has_outsider();
        let (scheduler, driver) = (scene.scheduler.clone(), scene.driver);
        let driving = spawn(move || {
            let mut watchman = look_and_wait(&scheduler, &driver);
            watchman.look(&scheduler);
        });
        until_held(&scene.reactor, Holder::Driver);
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        join([driving]);
        until_held(&scene.reactor, Holder::Parked(0));
        scene.scheduler.close();
        join([working]);
    });
}

/// The driver finds nobody to wake, for a worker searches, and goes to the selector, for that has stopped, beside another worker that parked meanwhile while the lease
/// was a third one's: it does not stay there.
///
/// Mutants: `driver_keeps_lease`, `driver_polls`.
#[test]
fn driver_vs_parked() {
    Model::with_sources("driver_vs_parked", 380).preemptions(2).branches(10_000).check(|| {
        let scene = Scene::<2>::running();
        let (_source, _peer) = scene.source();
        scene.scheduler.has_first_source();
        let [seed, searching] = scene.seeds;
        seat::sit(searching.into_worker(Shard::new(scene.scheduler.clone(), 1)));
        let mut rest = scene.scheduler.thread_hooks().rest();
        assert!(matches!(worker::next(&mut rest), Some(Next::Park)), "it searches, and has nothing to do");
        let lease = scene.reactor.lease(Holder::Parked(1)).expect("nobody else waits");
        let working = work(seed, &scene.scheduler, 0);
        loom::thread::yield_now();
        drop(lease);
        let (scheduler, driver) = (scene.scheduler.clone(), scene.driver);
        let driving = spawn(move || {
            look_and_wait(&scheduler, &driver);
        });
        worker::pause();
        join([driving]);
        scene.scheduler.close();
        seat::stand().expect("it is on its seat").exit();
        join([working]);
    });
}

/// The driver leaves the selector with an event that blocks it, as a worker parks: that waits for events.
///
/// Mutants: `driver_blocks_silent`.
#[test]
fn driver_blocks_vs_park() {
    Model::with_sources("driver_blocks_vs_park", 4_000).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let ((first, peer), (source, other_peer)) = (scene.source(), scene.source());
        scene.has_outsider();
        let blocks = BlocksOnWake { scheduler: scene.scheduler.clone(), source, peer: other_peer };
        assert!(first.slot.poll_ready(Direction::Read, &StdArc::new(blocks).into()).is_pending());
        let driving = drive(&scene.scheduler, scene.driver);
        until_held(&scene.reactor, Holder::Driver);
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        write(&peer);
        join([working, driving]);
    });
}

/// The scheduler closes while its worker goes to wait in the selector, or does: the worker ends.
///
/// Mutants: `scheduler_unpark_before_flag`.
#[test]
fn poll_vs_close() {
    Model::with_sources("poll_vs_close", 13).preemptions(3).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let (_source, _peer) = scene.source();
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        scene.scheduler.close();
        join([working]);
    });
}

/// The scheduler closes as a task from outside claims the worker, and an event comes to it: it wakes who waits for that, and leaves no searchers before it was counted.
///
/// Mutants: `close_counts_searchers`.
#[test]
fn events_vs_close() {
    Model::with_sources("events_vs_close", 50).preemptions(2).branches(10_000).check(|| {
        let scene = Scene::<1>::running();
        let (source, peer) = scene.source();
        let (_, waker) = CountingWaker::pair();
        assert!(source.slot.poll_ready(Direction::Read, &waker).is_pending());
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        let foreign = scene.foreign.clone();
        let spawning = spawn(move || drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here())));
        write(&peer);
        scene.scheduler.close();
        join([working, spawning]);
    });
}
