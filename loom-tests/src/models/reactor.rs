//! Models of `src/reactor/slot.rs`, `src/reactor/table.rs` and of adding and removing sources.
//!
//! Whoever polls parks while nothing is ready: a wake-up that is lost is a deadlock.

use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::park::Letter;
use super::stage::{CountingWaker, panics_when_cloned};
use super::timer::UnparkOnWake;
use crate::facade::selector::Stream;
use crate::facade::{Arc, catch_unwind};
use crate::harness::{Model, join, spawn, witness};
use crate::park::Parker;
use crate::reactor::slot::{Direction, Gone, Seen, Slot};
use crate::reactor::{Holder, Reactor, Wait, bits};
use crate::task::waker::wake_quietly;

const BOTH: u8 = bits::READABLE | bits::WRITABLE;

/// A thread that waits for a source.
pub(super) struct Waiting {
    pub(super) parker: Parker,
    pub(super) waker: Waker,
}

impl Waiting {
    pub(super) fn new() -> Self {
        let parker = Parker::new();
        let waker = Waker::from(StdArc::new(UnparkOnWake(parker.unparker())));
        Self { parker, waker }
    }

    /// Waits until `slot` is ready in `direction`. If nobody says so, for ever. Whether it was so at once.
    fn wait(&self, slot: &Slot, direction: Direction) -> (Result<Seen, Gone>, bool) {
        let mut at_once = true;
        loop {
            match slot.poll_ready(direction, &self.waker) {
                Poll::Ready(answer) => return (answer, at_once),
                Poll::Pending => self.parker.park(),
            }
            at_once = false;
        }
    }

    /// Waits until `stream`, whose slot it is, has given a byte.
    pub(super) fn read(&self, slot: &Slot, stream: &Stream) {
        loop {
            let seen = self.wait(slot, Direction::Read).0.expect("the runtime is there");
            match stream.read(&mut [0]) {
                Ok(count) => return assert_eq!(count, 1),
                Err(_) => slot.refute(seen),
            }
        }
    }
}

/// What whoever has the lease does with an event.
pub(super) fn deliver(slot: &Slot, ready: u8) {
    let mut due = Vec::new();
    slot.deliver(ready, &mut due);
    due.into_iter().for_each(wake_quietly);
}

/// Waits for events by the lease until there are some, and wakes whom they concern.
fn poll_once(reactor: &Reactor) {
    let mut due = Vec::new();
    let mut lease = reactor.lease(Holder::Driver).expect("nobody else waits");
    while lease.wait(Wait::Forever, &mut due).events == 0 {}
    drop(lease);
    due.into_iter().for_each(wake_quietly);
}

/// An event comes while a task goes to wait: the task sees it, with all that came before it, or is woken.
///
/// Mutants: `io_skips_second_look`, `io_wakes_before_word`, `io_ready`.
#[test]
fn ready_vs_register() {
    Model::with_sources("ready_vs_register", 35).witnesses(&["at once", "woken"]).check(|| {
        let (slot, letter) = (Arc::new(Slot::new()), Letter::new());
        let (told, written) = (slot.clone(), letter.clone());
        let telling = spawn(move || {
            written.write();
            deliver(&told, bits::READABLE);
        });
        let (seen, at_once) = Waiting::new().wait(&slot, Direction::Read);
        assert_eq!((seen.map(Seen::ready), letter.read()), (Ok(bits::READABLE), 1));
        witness(if at_once { "at once" } else { "woken" });
        join([telling]);
    });
}

/// Data arrive as a read finds none: what that clears is not the readiness that they are told by.
///
/// Mutants: `io_clear_ignores_tick`.
#[test]
fn ready_vs_clear() {
    Model::with_sources("ready_vs_clear", 2_500).check(|| {
        let slot = Arc::new(Slot::new());
        let (own, peer) = Stream::pair(1);
        // A guess, which may be wrong.
        deliver(&slot, bits::READABLE);
        let told = slot.clone();
        let telling = spawn(move || {
            peer.write(b"a").expect("there is room");
            deliver(&told, bits::READABLE);
        });
        Waiting::new().read(&slot, &own);
        join([telling]);
    });
}

/// A source is given to another task as an event comes: if that finds it not ready, that is woken.
///
/// Mutants: `io_keeps_waker`.
#[test]
fn ready_other_task() {
    Model::with_sources("ready_other_task", 20).witnesses(&["ready", "ready there", "woken there"]).check(|| {
        let slot = Arc::new(Slot::new());
        let told = slot.clone();
        let telling = spawn(move || deliver(&told, bits::READABLE));
        let (_, first) = CountingWaker::pair();
        if slot.poll_ready(Direction::Read, &first).is_ready() {
            witness("ready");
            return join([telling]);
        }
        let (wakes, second) = CountingWaker::pair();
        let is_ready = slot.poll_ready(Direction::Read, &second).is_ready();
        join([telling]);
        witness(if is_ready { "ready there" } else { "woken there" });
        assert!(is_ready || wakes.wakes() == 1, "the latest waker is woken");
    });
}

/// One task waits to read, another to write: both are told.
///
/// Mutants: `io_one_slot`.
#[test]
fn ready_both_ways() {
    Model::with_sources("ready_both_ways", 800).preemptions(3).check(|| {
        let slot = Arc::new(Slot::new());
        let (told, written) = (slot.clone(), slot.clone());
        let telling = spawn(move || deliver(&told, BOTH));
        let writing = spawn(move || assert!(Waiting::new().wait(&written, Direction::Write).0.is_ok()));
        let _ = Waiting::new().wait(&slot, Direction::Read);
        join([telling, writing]);
    });
}

/// Two wait beside each other, and a third gives up waiting: the two are woken, and of the third nothing is left.
///
/// Mutants: `io_skips_second_look`, `io_cancel_keeps`.
#[test]
fn ready_many() {
    Model::with_sources("ready_many", 250).preemptions(2).witnesses(&["left first", "left last"]).check(|| {
        let slot = Arc::new(Slot::new());
        let told = slot.clone();
        let telling = spawn(move || deliver(&told, BOTH));
        let waits = |slot: &Slot, mask| {
            let (waiting, mut key) = (Waiting::new(), None);
            while slot.poll_ready_beside(mask, &mut key, &waiting.waker).is_pending() {
                waiting.parker.park();
            }
            key.into_iter().for_each(|key| slot.leave(key));
        };
        let other = slot.clone();
        let other = spawn(move || waits(&other, bits::WRITABLE));
        let (wakes, waker) = CountingWaker::pair();
        let mut key = None;
        let is_ready = slot.poll_ready_beside(bits::READABLE, &mut key, &waker).is_ready();
        key.into_iter().for_each(|key| slot.leave(key));
        let woken = wakes.wakes();
        waits(&slot, bits::READABLE);
        join([telling, other]);
        witness(if is_ready { "left last" } else { "left first" });
        let mut due = Vec::new();
        slot.deliver(BOTH, &mut due);
        assert!(due.is_empty() && woken <= 1, "who has left waits no more");
    });
}

/// A waker whose clone uses the slot and panics, as an event comes: the slot is usable.
///
/// Mutants: `io_clone_under_lock`.
#[test]
fn ready_clone_panics() {
    Model::with_sources("ready_clone_panics", 90).witnesses(&["at once", "woken"]).check(|| {
        let slot = Arc::new(Slot::new());
        let (told, used) = (slot.clone(), StdArc::new(slot.clone()));
        let telling = spawn(move || deliver(&told, bits::READABLE));
        let panicking = panics_when_cloned(move || assert!(used.look(bits::WRITABLE).is_pending()));
        let polled = catch_unwind(|| slot.poll_ready(Direction::Read, &panicking));
        assert!(polled.is_err() || polled.is_ok_and(|polled| polled.is_ready()));
        let (_, at_once) = Waiting::new().wait(&slot, Direction::Read);
        witness(if at_once { "at once" } else { "woken" });
        drop(panicking);
        join([telling]);
    });
}

/// A source is added while the runtime ends: it is refused, or whoever waits for it is told.
///
/// Mutants: `io_register_ignores_closed`.
#[test]
fn register_vs_close() {
    let model = Model::with_sources("register_vs_close", 45).preemptions(3);
    model.witnesses(&["refused", "at once", "woken"]).check(|| {
        let reactor = Reactor::new(Duration::ZERO);
        let ((mut own, _peer), (mut first, _other)) = (Stream::pair(1), Stream::pair(1));
        let first_slot = reactor.add(&mut first, bits::READABLE).expect("it is open").slot;
        let closing = reactor.clone();
        let closing = spawn(move || {
            let mut due = Vec::new();
            closing.close(&mut due);
            due.into_iter().for_each(wake_quietly);
        });
        match reactor.add(&mut own, bits::READABLE) {
            Err(_) => witness("refused"),
            Ok(added) => {
                let (answer, at_once) = Waiting::new().wait(&added.slot, Direction::Read);
                assert_eq!(answer, Err(Gone));
                witness(if at_once { "at once" } else { "woken" });
                reactor.remove(&mut own).expect("the selector is gone, or knows it");
            }
        }
        join([closing]);
        assert!(reactor.add(&mut own, bits::READABLE).is_err());
        assert!(matches!(first_slot.look(bits::READABLE), Poll::Ready(Err(Gone))));
    });
}

/// Data arrive while a source is added: they are told.
///
/// Mutants: `add_ignores_level`.
#[test]
fn add_vs_data() {
    Model::with_sources("add_vs_data", 1_200).preemptions(3).check(|| {
        let reactor = Reactor::new(Duration::ZERO);
        let ((mut own, peer), (mut first, _other)) = (Stream::pair(1), Stream::pair(1));
        drop(reactor.add(&mut first, bits::READABLE).expect("it is open"));
        let polling = reactor.clone();
        let polling = spawn(move || poll_once(&polling));
        let writing = spawn(move || drop(peer.write(b"a").map(|_| peer)));
        let slot = reactor.add(&mut own, bits::READABLE).expect("it is open").slot;
        Waiting::new().read(&slot, &own);
        join([polling, writing]);
    });
}

/// A source is dropped, and another added, while an event for the first is on its way: the other is not told, and who waited for the first is forgotten.
///
/// Mutants: `io_reuses_number`.
#[test]
fn drop_vs_event() {
    let model = Model::with_sources("drop_vs_event", 8).preemptions(3).witnesses(&["told", "too late"]);
    model.check(|| {
        let reactor = Reactor::new(Duration::ZERO);
        let ((mut own, peer), (mut next, _next_peer)) = (Stream::pair(1), Stream::pair(1));
        let added = reactor.add(&mut own, bits::READABLE).expect("it is open");
        let waiter = StdArc::new(UnparkOnWake(Parker::new().unparker()));
        assert!(added.slot.poll_ready(Direction::Read, &waiter.clone().into()).is_pending());
        peer.write(b"a").expect("there is room");
        let polling = reactor.clone();
        let polling = spawn(move || {
            let mut due = Vec::new();
            let mut lease = polling.lease(Holder::Driver).expect("nobody else waits");
            let events = lease.wait(Wait::No, &mut due).events;
            drop(lease);
            match (events, due.len()) {
                (1, 1) => witness("told"),
                (1, 0) => witness("too late"),
                answer => assert_eq!(answer, (0, 0)),
            }
        });
        reactor.remove(&mut own).expect("the selector knows it");
        drop(own);
        reactor.forget(added.number);
        drop(added.slot);
        let slot = reactor.add(&mut next, bits::READABLE).expect("it is open").slot;
        join([polling]);
        assert!(slot.look(bits::READABLE).is_pending(), "the next source is told of what is its own");
        assert_eq!(StdArc::strong_count(&waiter), 1);
    });
}
