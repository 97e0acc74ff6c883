//! The timer wheel: which timers are due, and when to look next. Plain data behind `&mut self`.
//!
//! Hierarchical timing wheels (scheme 7), each level an array of unsorted lists found by hashing the expiry's low
//! bits (scheme 6): G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels: Data Structures for the
//! Efficient Implementation of a Timer Facility", SOSP 1987. Inserting, cancelling and resetting are O(1); a timer
//! moves down at most once a level before it fires.
//!
//! Time is nanoseconds in a `u64`, passed in by the caller. A *tick* is `1 << TICK_SHIFT` of them; a deadline counts
//! as the tick that it rounds up to, and is due once that tick has begun: never early, at most a tick late. The
//! levels span all of `u64`: nothing wraps, and no list is apart from them for what is too far. A deadline within the
//! last tick of `u64` rounds up to a time that no clock shows: it never fires, so `u64::MAX` means never.
//!
//! Each shard owns one wheel under its lock: the tasks that register and drop timers, the workers and the driver
//! thread call it from any thread, one at a time. The payload is a waker there: moved out to the caller, never run or
//! dropped here.
//!
//! # Invariants
//! - *Life of an entry*: pending (it holds its value and is in one list), then fired (no value, in no list), until
//!   its owner removes it. A [`Key`] belongs to one owner and is good until removed, so entries need no generation.
//! - *Due*: an entry whose tick is at or before `elapsed` is in the due list; every other is in a slot.
//! - *Home*: a slot's level is the highest digit (base 64) in which its entries' tick differs from `elapsed`. So
//!   equal ticks share one list, and a slot starts after all that lower levels hold.
//! - *Resumable cascade*: a slot is cascaded with `elapsed` one tick before its start, and until it is empty it stays
//!   the home of its ticks: entries that come in meanwhile queue behind the older ones. Lower levels are filled as
//!   seen from the slot's start, so slots' starts are always reckoned from `elapsed + 1`, and all levels are
//!   compared.
//!
//! # Order
//! Entries fire in the order of their ticks, equal ticks in the order of registration (a reset registers anew), where
//! an entry registered late counts as of the tick `elapsed` then. That holds however the work is cut into batches.
//! Deadlines that round up to one tick count as equal: a wheel whose tick is a nanosecond (`with_tick_shift(now, 0)`)
//! fires in exact order of deadline.
//!
//! Deliberately not here: atomics, locks, clocks, threads, what a waker is. Checked by its unit tests and, operation
//! by operation, against a sorted map.

mod levels;
mod slab;
#[cfg(test)]
mod tests;

use levels::{Levels, Slot};
use slab::Slab;

/// The tick of [`Wheel::new`]: 4,096 ns. A sleep is late by half of it on average, beside what waking a thread takes.
pub(crate) const TICK_SHIFT: u32 = 12;

/// A pending or fired entry of one wheel, until removed. Whoever inserted it owns it; it is never used after `remove`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key(u32);

/// Timers with a payload each.
///
/// Memory follows the number of entries. A wheel that never had one owns none; one that had keeps room for some hundreds.
/// Dropping a wheel drops the pending payloads: [`take_all`](Self::take_all) first, where those run foreign code.
pub(crate) struct Wheel<T> {
    slab: Slab<T>,
    levels: Levels,
    /// The last tick whose entries have all become due.
    elapsed: u64,
    tick_shift: u32,
}

impl<T> Wheel<T> {
    /// An empty wheel for a clock that shows `now`.
    pub(crate) fn new(now: u64) -> Self {
        Self::with_tick_shift(now, TICK_SHIFT)
    }

    /// The same with ticks of `1 << tick_shift` ns.
    pub(crate) fn with_tick_shift(now: u64, tick_shift: u32) -> Self {
        // Rounding a deadline up carries into one bit more than a clock's ticks have.
        let levels = Levels::new(u64::BITS - tick_shift + 1);
        Self { slab: Slab::new(levels.heads()), levels, elapsed: now >> tick_shift, tick_shift }
    }

    /// Adds a pending entry. One whose deadline has passed is due at the next [`expire`](Self::expire).
    ///
    /// # Panics
    /// When close to `u32::MAX` entries live at once; the wheel is as before.
    pub(crate) fn insert(&mut self, deadline: u64, value: T) -> Key {
        let at = self.slab.insert(deadline, value);
        self.link(at, deadline);
        Key(at)
    }

    /// The payload, to be replaced in place; `None` once fired.
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slab.entry_mut(key.0).value.as_mut()
    }

    /// Calls `f` with the deadline and the payload of each pending entry among the first, second, or `part`-th thousand of all. False when there are no more.
    pub(crate) fn for_each_of(&self, part: usize, f: impl FnMut(u64, &T)) -> bool {
        self.slab.for_each_of(part, f)
    }

    /// Whether the entry has fired.
    pub(crate) fn is_fired(&self, key: Key) -> bool {
        self.slab.entry(key.0).value.is_none()
    }

    /// Ends an entry: unlinks it if pending, and frees it. The payload, or `None` if it had fired.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let value = self.fire(key);
        self.slab.free(key.0);
        value
    }

    /// Fires a pending entry now, due or not: its payload, or `None` if it had fired.
    pub(crate) fn fire(&mut self, key: Key) -> Option<T> {
        let value = self.slab.entry_mut(key.0).value.take()?;
        self.unlink(key.0);
        Some(value)
    }

    /// Moves a pending entry to another deadline, earlier or later, as if registered now. False if it had fired: its
    /// payload is gone, nothing changes, and the owner removes it and inserts another.
    #[must_use]
    pub(crate) fn reset(&mut self, key: Key, deadline: u64) -> bool {
        let entry = self.slab.entry_mut(key.0);
        if entry.value.is_none() {
            return false;
        }
        entry.deadline = deadline;
        self.unlink(key.0);
        self.link(key.0, deadline);
        true
    }

    /// Fires what is due at `now`: moves payloads out into `fire`, which leaves their entries fired.
    ///
    /// `limit` bounds the work: each entry fired, and each moved down a level on its way, counts one. True if the
    /// limit cut it short: call again with this `now` or a later one. A `now` before that of an earlier call, as
    /// when two threads read the clock and then race for the lock, adds nothing to what is due.
    pub(crate) fn expire(&mut self, now: u64, limit: usize, mut fire: impl FnMut(T)) -> bool {
        let now = self.elapsed.max(now >> self.tick_shift);
        let mut budget = limit;
        loop {
            if self.levels.is_occupied(self.levels.due()) {
                budget -= self.fire_list(self.levels.due(), budget, &mut fire);
                if self.levels.is_occupied(self.levels.due()) {
                    return true;
                }
            }
            let Some(slot) = self.earliest_slot().filter(|slot| slot.start <= now) else {
                self.advance(now);
                return false;
            };
            if slot.level == 0 {
                self.advance(slot.start);
                self.make_due(slot.head);
                continue;
            }
            self.advance(slot.start - 1);
            budget -= self.cascade(&slot, budget);
            if self.levels.is_occupied(slot.head) {
                return true;
            }
        }
    }

    /// When `expire` has work next, in ns: 0 if there is some already, `None` if there will be none.
    ///
    /// Never after the earliest deadline rounded up to a tick. It may be before: the start of a slot that has to be
    /// cascaded, unless one entry is alone in it. Calling `expire` then fires something or makes this later.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        if self.levels.is_occupied(self.levels.due()) {
            return Some(0);
        }
        let tick = self.levels.firsts(self.elapsed).map(|slot| self.earliest_in(&slot)).min()?;
        // The tick past the last one is no time at all.
        tick.checked_mul(1 << self.tick_shift)
    }

    /// The earliest time at which `expire` fires something, in ns: 0 if it does at any time, `None` if at none.
    ///
    /// Exact, unlike [`next_expiry`](Self::next_expiry), and dearer: it looks at every entry of a slot. `expire`, called for that time,
    /// cascades the slot, so that each entry is looked at once a level.
    #[cfg(feature = "test-util")]
    pub(crate) fn earliest_due(&self) -> Option<u64> {
        if self.levels.is_occupied(self.levels.due()) {
            return Some(0);
        }
        // From the lowest level up: no higher slot starts before what is there, but one that is being cascaded.
        let tick = self.levels.firsts(self.elapsed).rev().fold(None, |earliest: Option<u64>, slot| {
            if earliest.is_some_and(|earliest| earliest <= slot.start) {
                return earliest;
            }
            let in_slot = self.slab.iter(slot.head).map(|at| self.tick(self.slab.entry(at).deadline)).min();
            earliest.into_iter().chain(in_slot).min()
        })?;
        tick.checked_mul(1 << self.tick_shift)
    }

    /// When `expire` has work next for the sake of a pending entry, in ns: what [`next_expiry`](Self::next_expiry) says, as far as that depends
    /// on the entry's slot.
    pub(crate) fn expiry_of(&self, key: Key) -> Option<u64> {
        let tick = self.tick(self.slab.entry(key.0).deadline);
        if tick <= self.elapsed {
            return Some(0);
        }
        let head = self.levels.home(self.elapsed, tick);
        let first = if self.slab.sole(head).is_some() { tick } else { self.levels.start(head, tick) };
        first.checked_mul(1 << self.tick_shift)
    }

    /// Entries not yet removed, pending and fired.
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Fires at most `limit` pending entries, due or not, in no particular order. True if some are left.
    pub(crate) fn take_all(&mut self, limit: usize, mut fire: impl FnMut(T)) -> bool {
        let mut budget = limit;
        while let Some(head) = self.levels.any_occupied() {
            if budget == 0 {
                return true;
            }
            budget -= self.fire_list(head, budget, &mut fire);
        }
        false
    }

    /// Takes all storage, with the entries in it, and leaves an empty wheel.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::with_tick_shift(self.elapsed << self.tick_shift, self.tick_shift);
        std::mem::replace(self, empty)
    }

    /// The tick by which `deadline` has passed.
    fn tick(&self, deadline: u64) -> u64 {
        let whole = deadline >> self.tick_shift;
        whole + u64::from(whole << self.tick_shift != deadline)
    }

    fn link(&mut self, at: u32, deadline: u64) {
        let tick = self.tick(deadline);
        let head = if tick <= self.elapsed { self.levels.due() } else { self.levels.home(self.elapsed, tick) };
        self.push_back(head, at);
    }

    fn push_back(&mut self, head: u32, at: u32) {
        debug_assert_eq!(self.levels.is_occupied(head), !self.slab.is_empty(head), "an occupied bit tells of a list");
        self.slab.push_back(head, at);
        self.levels.mark(head);
    }

    fn unlink(&mut self, at: u32) {
        if let Some(head) = self.slab.unlink(at) {
            self.levels.clear(head);
        }
    }

    /// Fires from the front of a list, at most `budget`; how many.
    fn fire_list(&mut self, head: u32, budget: usize, fire: &mut impl FnMut(T)) -> usize {
        for fired in 0..budget {
            let Some(at) = self.slab.first(head) else { return fired };
            self.unlink(at);
            let value = self.slab.entry_mut(at).value.take();
            debug_assert!(value.is_some(), "an entry in a list is pending");
            value.into_iter().for_each(&mut *fire);
        }
        budget
    }

    /// Moves entries from the front of a slot to where they belong as seen from its start, at most `budget`; how many.
    fn cascade(&mut self, slot: &Slot, budget: usize) -> usize {
        debug_assert_eq!(self.elapsed + 1, slot.start, "until it is empty, the slot is the home of its ticks");
        for moved in 0..budget {
            let Some(at) = self.slab.first(slot.head) else { return moved };
            self.unlink(at);
            let home = self.levels.home(slot.start, self.tick(self.slab.entry(at).deadline));
            debug_assert!(home < slot.head, "a cascade leads down");
            self.push_back(home, at);
        }
        budget
    }

    /// Turns a slot of the lowest level, whose tick has come, into the due list, whatever its length.
    fn make_due(&mut self, head: u32) {
        self.slab.append(head, self.levels.due());
        self.levels.clear(head);
        self.levels.mark(self.levels.due());
    }

    fn advance(&mut self, tick: u64) {
        debug_assert!(tick >= self.elapsed, "elapsed never goes back");
        self.elapsed = tick;
    }

    /// The slot to be handled first: of those that start at one tick the highest, which may hold older entries.
    fn earliest_slot(&self) -> Option<Slot> {
        self.levels.firsts(self.elapsed).min_by_key(|slot| slot.start)
    }

    /// A tick no later than any in the slot: exact if that costs one look.
    fn earliest_in(&self, slot: &Slot) -> u64 {
        match self.slab.sole(slot.head) {
            Some(at) => self.tick(self.slab.entry(at).deadline),
            None => slot.start,
        }
    }
}
