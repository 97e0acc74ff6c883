//! The driver's turns on a clock that can be paused.
//!
//! On a clock that runs they are those of any clock. On one that is paused the driver never waits for a time: it moves the clock,
//! as `mod.rs` says under *Paused time*, or waits until it is called.
//!
//! # Invariants
//! - The driver alone fires timers, one moment after the other, so that no two wakes change places; but for one that is reset to what has passed, which
//!   fires in that call.
//! - While something is awake, `until` says that the driver is awake too: nobody unparks it for an earlier timer, as the last to rest will.
//!   While everything rests and there is no timer, it says [`NEVER`]: a thread from outside that registers one unparks it.
//! - Nobody is told of a standstill while something is awake: the driver has seen twice that nothing was, and was not called in between.
//!
//! - While it holds the word that says that nothing is awake, and before it moves the clock, the driver, which has the selector, looks for events, and whether an operation has
//!   succeeded since it last waited for an answer (`driver_moves_unlooked`, structural). So an exchange within the process is not overtaken.
//!
//! Deliberately not here: what is awake (`clock/awake.rs`).

use std::task::Waker;

use super::{NEVER, Sleeper, Timers};
use crate::facade::{RawInstant, STANDSTILL, mutant};
use crate::reactor::{Lease, Wait};
use crate::time::clock::Step;

/// What one turn leaves to the next.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The clock's changes that an earlier turn has seen.
    seen: u64,
    /// Since when nothing can move the clock, if it is so, and nobody has called the driver.
    stands: Option<RawInstant>,
}

impl Timers {
    /// One turn: fires what is due, then waits, until `alarm` at the longest, or moves the clock.
    pub(super) fn drive_pausable(
        &self,
        sleeper: &Sleeper<'_, '_>,
        has_work: &impl Fn() -> bool,
        alarm: Option<RawInstant>,
        turns: &mut Turns,
        due: &mut Vec<Waker>,
        sink: &mut impl FnMut(&mut Vec<Waker>),
    ) {
        // In this order: each call that is answered below has changed the clock before this turn or an earlier one has looked.
        let asked = self.clock.asked();
        let changes = self.clock.changes();
        let changed = std::mem::replace(&mut turns.seen, changes) != changes;
        if changed {
            self.take_all_over();
        }
        if !self.clock.is_paused() {
            turns.stands = None;
            if changed {
                self.fire_all(due, sink);
            }
            let more = self.fire_due(due, sink);
            self.answer(asked, due, sink);
            if !more {
                self.sleep_until_earliest(sleeper, alarm, due);
                sink(due);
            }
            return;
        }
        self.fire_in_order(due, sink);
        self.answer(asked, due, sink);
        let Ok(mut lease) = self.look_at_sources(sleeper, due) else {
            if due.is_empty() {
                let _ = self.park(sleeper, None, alarm, due);
            }
            return sink(due);
        };
        let step = self.clock.step(has_work, || self.earliest_due(), || may_move(sleeper, &mut lease, due));
        drop(lease);
        sink(due);
        if matches!(step, Step::NoTimer | Step::Waiting) {
            return self.stand_still(step, sleeper, alarm, turns, due, sink);
        }
        turns.stands = None;
        if step == Step::Busy {
            let _ = self.park(sleeper, None, alarm, due);
            sink(due);
        }
    }

    /// The right to look for events, if there are sources. If an operation has succeeded since the last look an answer may be on its way, and is waited for, for the
    /// [grace](crate::runtime::Builder::io_grace). An error if the clock is not to be moved: an event has come, or the driver was called; or a worker is still in the
    /// selector, and calls the driver when it has left.
    fn look_at_sources<'r>(&self, sleeper: &Sleeper<'_, 'r>, due: &mut Vec<Waker>) -> Result<Option<Lease<'r>>, ()> {
        let Some(reactor) = sleeper.parker.reactor().filter(|reactor| reactor.exists()) else { return Ok(None) };
        let mut lease = (sleeper.lease)().ok_or(())?;
        if reactor.has_operated() && self.clock.is_at_rest() && self.earliest() != NEVER {
            reactor.forget_operations();
            let until = RawInstant::now().checked_add(reactor.grace());
            loop {
                let was_called = sleeper.parker.poll(&mut lease, until, due, || true);
                if was_called || !due.is_empty() {
                    // The answer is still to come, or to be answered.
                    reactor.operates();
                    drop(lease);
                    // Called, it looks again at once.
                    self.unpark_driver();
                    return Err(());
                }
                // An event that nobody waits for, such as one of what was read before it was told, is no answer.
                if until.is_some_and(|until| until <= RawInstant::now()) {
                    break;
                }
            }
        }
        Ok(Some(lease))
    }

    /// Waits for a timer, of which there is none, or for somebody to run a task, while everything rests. Tells those who wait for the clock, if that lasts.
    fn stand_still(
        &self,
        step: Step,
        sleeper: &Sleeper<'_, '_>,
        alarm: Option<RawInstant>,
        turns: &mut Turns,
        due: &mut Vec<Waker>,
        sink: &mut impl FnMut(&mut Vec<Waker>),
    ) {
        let now = RawInstant::now();
        let since = *turns.stands.get_or_insert(now);
        let over = STANDSTILL.and_then(|patience| since.checked_add(patience)).filter(|_| self.clock.has_roots());
        if over.is_some_and(|over| over <= now) {
            turns.stands = None;
            self.clock.tell_roots(due);
            return sink(due);
        }
        let alarm = over.into_iter().chain(alarm).min();
        let was_called = if step == Step::NoTimer {
            self.sleep(sleeper, NEVER, alarm, due)
        } else {
            self.park(sleeper, None, alarm, due)
        };
        sink(due);
        if was_called {
            turns.stands = None;
        }
    }

    /// Lets every call of `advance` return, for the driver ends.
    pub(super) fn answer_all(&self, due: &mut Vec<Waker>, sink: &mut impl FnMut(&mut Vec<Waker>)) {
        self.answer(u64::MAX, due, sink);
    }

    /// Lets the calls of `advance` that were made when `asked` was read return.
    fn answer(&self, asked: u64, due: &mut Vec<Waker>, sink: &mut impl FnMut(&mut Vec<Waker>)) {
        let answered = self.clock.answer(asked, due);
        sink(due);
        // After the wakes: who is woken counts by itself now.
        (0..answered).for_each(|_| self.clock.rest());
    }

    /// Fires all that is due in all shards, whoever looks after them: a call of `advance` that a resume has overtaken is answered next.
    fn fire_all(&self, due: &mut Vec<Waker>, sink: &mut impl FnMut(&mut Vec<Waker>)) {
        let now = self.clock.now();
        while self.fire_in(self.shards.iter().filter(|shard| shard.next() <= now), now, due, sink) {}
    }

    /// Fires what is due in all shards, one moment after the other.
    fn fire_in_order(&self, due: &mut Vec<Waker>, sink: &mut impl FnMut(&mut Vec<Waker>)) {
        let now = self.clock.now();
        while let Some(moment) = self.earliest_due()
            && moment <= now
        {
            // All of it before the next moment is looked for, which costs a look at every timer of a slot.
            while self.fire_in(self.shards.iter().filter(|shard| shard.next() <= moment), moment, due, sink) {}
        }
    }

    /// When the next timer of all is due, exactly.
    fn earliest_due(&self) -> Option<u64> {
        self.shards.iter().filter(|shard| shard.next() != NEVER).filter_map(|shard| shard.earliest_due()).min()
    }
}

/// Whether the clock may be moved, while nothing is awake: no event has come, and no operation has succeeded since the last look. Who waits for events goes to `due`.
fn may_move(sleeper: &Sleeper<'_, '_>, lease: &mut Option<Lease<'_>>, due: &mut Vec<Waker>) -> bool {
    let Some(reactor) = sleeper.parker.reactor().filter(|reactor| reactor.exists()) else { return true };
    if mutant("driver_moves_unlooked") {
        return true;
    }
    let Some(lease) = lease else { return false };
    if reactor.has_operated() {
        return false;
    }
    lease.wait(Wait::No, due);
    due.is_empty()
}
