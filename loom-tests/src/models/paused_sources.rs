//! Models of `src/scheduler/polling.rs` and `src/time/driver/paused.rs`: who waits for events while the clock is paused, and what time they are told at.

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64 as Plain, Ordering::Relaxed as Unseen};

use super::reactor::Waiting;
use super::runtime::POLICY;
use super::sourced::{Scene, drive, work, write};
use super::stage::{CountingWaker, Register};
use crate::harness::{Model, join};
use crate::time::clock::Clock;

/// The clock is paused while the worker goes to wait in the selector, or does: the driver gets there, and moves the clock.
///
/// Mutants: `pause_leaves_poller`.
#[test]
fn pause_vs_poller() {
    Model::with_sources("pause_vs_poller", 3_000).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<1>::new(POLICY, |driver| Clock::of_runtime(false, 1, driver));
        let (_source, _peer) = scene.source();
        let driving = drive(&scene.scheduler, scene.driver);
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        let timers = scene.scheduler.timers();
        assert!(timers.clock().pause());
        let waiting = Waiting::new();
        let due = timers.clock().now() + 7;
        let ticket = timers.register(1, due, waiting.waker.clone()).expect("the timers are open");
        while timers.poll(1, ticket, &waiting.waker).is_pending() {
            waiting.parker.park();
        }
        scene.scheduler.close();
        join([working, driving]);
    });
}

/// A paused clock is resumed before the driver has looked, as the worker parks: that has seen the pause and left the selector to the driver, or is in there.
///
/// Mutants: `resume_leaves_parked`, `resume_looks`.
#[test]
fn resume_vs_park() {
    Model::with_sources("resume_vs_park", 20).preemptions(1).branches(10_000).check(|| {
        let scene = Scene::<1>::new(POLICY, |driver| Clock::of_runtime(true, 1, driver));
        let (source, peer) = scene.source();
        let scheduler = scene.scheduler.clone();
        scene.spawn(async move {
            source.read().await;
            scheduler.close();
        });
        let driving = drive(&scene.scheduler, scene.driver);
        let [seed] = scene.seeds;
        let working = work(seed, &scene.scheduler, 0);
        assert!(scene.scheduler.timers().clock().resume());
        write(&peer);
        join([working, driving]);
    });
}

/// A thread that counts as awake sends an event, while a timer waits for time to move: what the event wakes sees the time at which it was sent. If it `pauses`, the
/// clock runs before that, and the worker may be in the selector.
fn event_vs_time(pauses: bool) {
    let scene = Scene::<1>::new(POLICY, |driver| Clock::of_runtime(!pauses, 2, driver));
    let (source, peer) = scene.source();
    let (sent, scheduler) = (StdArc::new(Plain::new(0)), scene.scheduler.clone());
    let seen = sent.clone();
    scene.spawn(async move {
        source.read().await;
        assert_eq!(scheduler.timers().clock().now(), seen.load(Unseen), "an event is overtaken by time");
        scheduler.close();
    });
    let driving = drive(&scene.scheduler, scene.driver);
    let [seed] = scene.seeds;
    let working = work(seed, &scene.scheduler, 0);
    let timers = scene.scheduler.timers();
    if pauses {
        // So that the worker is in the selector, mostly.
        loom::thread::yield_now();
    }
    assert_eq!(timers.clock().pause(), pauses);
    let (_, waker) = CountingWaker::pair();
    let now = timers.clock().now();
    let ticket = timers.register(1, now + 7, waker).expect("the timers are open");
    sent.store(now, Unseen);
    write(&peer);
    timers.clock().rest();
    join([working, driving]);
    timers.cancel(1, ticket);
}

/// The driver is the one to look, before it moves the clock.
///
/// Mutants: `driver_moves_unlooked`.
#[test]
fn event_vs_advance() {
    let model = Model::with_sources("event_vs_advance", 600).preemptions(1).branches(10_000);
    model.check(|| event_vs_time(false));
}

/// The worker may have fetched the event: it counts as awake before it gives up the lease.
///
/// Mutants: `io_stirs_late`.
#[test]
fn event_vs_pause() {
    let model = Model::with_sources("event_vs_pause", 10_000).preemptions(1).branches(10_000);
    model.check(|| event_vs_time(true));
}
