//! Models of `src/park.rs` and the reactor's lease: a thread that waits in the selector, and who wakes it.

use std::sync::Arc as StdArc;
use std::time::Duration;

use super::stage::CountingWaker;
use crate::facade::Arc;
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::selector::Stream;
use crate::harness::{Model, join, spawn, witness};
use crate::park::Parker;
use crate::reactor::slot::Direction;
use crate::reactor::{Holder, Reactor, bits};
use crate::scheduler::watch::Watch;

/// A reactor with a source that nobody waits for, which must be kept.
fn with_selector() -> (Arc<Reactor>, (Stream, Stream)) {
    let (reactor, (mut own, peer)) = (Reactor::new(Duration::ZERO), Stream::pair(1));
    drop(reactor.add(&mut own, bits::READABLE).expect("it is open"));
    (reactor, (own, peer))
}

/// As `parker_unpark`, of a thread that waits in the selector.
///
/// Mutants: `poller_wakes_before_token`, `parker_token`.
#[test]
fn poller_unpark() {
    let model =
        Model::with_sources("poller_unpark", 800).preemptions(3).witnesses(&["no wait", "one wait", "two waits"]);
    model.check(|| {
        let (reactor, _source) = with_selector();
        let parker = Parker::polling(&reactor);
        let arrived = StdArc::new(AtomicUsize::new(0));
        let unparker = StdArc::new(parker.unparker());
        let unparkers = [(); 2].map(|()| {
            let (unparker, arrived) = (unparker.clone(), arrived.clone());
            spawn(move || {
                arrived.fetch_add(1, Ordering::Relaxed);
                unparker.unpark();
            })
        });
        let mut lease = reactor.lease(Holder::Driver).expect("nobody else waits");
        let mut waits = 0;
        while arrived.load(Ordering::Relaxed) < 2 {
            assert!(parker.poll(&mut lease, None, &mut Vec::new(), || true), "nothing but a token ends the wait");
            waits += 1;
        }
        drop(lease);
        witness(match waits {
            0 => "no wait",
            1 => "one wait",
            _ => "two waits",
        });
        join(unparkers);
    });
}

/// A thread leaves the selector for an event, and with a token whose wake is still to come; that comes to whoever is there next, who waits on.
///
/// Mutants: `poller_trusts_wake`.
#[test]
fn poller_stale_wake() {
    Model::with_sources("poller_stale_wake", 330).preemptions(3).witnesses(&["one", "two"]).check(|| {
        let reactor = Reactor::new(Duration::ZERO);
        let (_, waker) = CountingWaker::pair();
        let sources = [(); 2].map(|()| {
            let (mut own, peer) = Stream::pair(1);
            let slot = reactor.add(&mut own, bits::READABLE).expect("it is open").slot;
            assert!(slot.poll_ready(Direction::Read, &waker).is_pending());
            (own, StdArc::new(peer))
        });
        let (first, second) = (Parker::polling(&reactor), Parker::polling(&reactor));
        let unparker = first.unparker();
        let unparking = spawn(move || unparker.unpark());
        let peers = sources.each_ref().map(|(_, peer)| peer.clone());
        let writing =
            spawn(move || peers.iter().for_each(|peer| assert_eq!(peer.write(b"a").expect("there is room"), 1)));
        let mut due = Vec::new();
        let mut lease = reactor.lease(Holder::Parked(0)).expect("nobody else waits");
        let has_token = first.poll(&mut lease, None, &mut due, || true);
        drop(lease);
        assert!(has_token || !due.is_empty(), "a wait ends for a token, or an event");
        let told = due.len();
        witness(if told < 2 { "one" } else { "two" });
        if told < 2 {
            let mut lease = reactor.lease(Holder::Parked(1)).expect("nobody else waits");
            assert!(!second.poll(&mut lease, None, &mut due, || true), "the token was the first one's");
            assert!(due.len() > told, "a wake that comes late is no reason to leave");
        }
        join([unparking, writing]);
    });
}

/// A worker leaves the selector, and is stuck, as the watch ends: it sees that nobody watches, or the driver that nobody waits.
///
/// Mutants: `poller_left`, `watch_recheck`, `watch_skip_recheck`.
#[test]
fn left_vs_watch() {
    Model::with_sources("left_vs_watch", 11).preemptions(3).witnesses(&["called", "seen"]).check(|| {
        let (reactor, _source) = with_selector();
        let watch = StdArc::new(Watch::new());
        assert!(watch.poller_left(|| true), "nobody watches to begin with");
        let driver = Parker::new();
        let unparker = driver.unparker();
        let lease = reactor.lease(Holder::Parked(0)).expect("nobody else waits");
        let (seen_by, watching) = (reactor.clone(), watch.clone());
        let driving = spawn(move || {
            let waits = || matches!(seen_by.holder(), Some(Holder::Parked(_)));
            while waits() {
                if !watching.is_armed() || watching.disarm(|| !waits()) {
                    driver.park();
                }
            }
        });
        drop(lease);
        if watch.poller_left(|| true) {
            witness("called");
            unparker.unpark();
        } else {
            witness("seen");
        }
        join([driving]);
    });
}
