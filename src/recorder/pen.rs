//! Who writes to a ring: what a worker, or another thread of the runtime, has in hand.
//!
//! To read the clock for each event would cost a third of an empty poll. So a pen writes a stamp where the clock was read anyway, and else before every `k`-th event:
//! `k` doubles while stamps are less than 4 µs apart, and falls in proportion beyond 12 µs. Polls that take longer than that have exact ends, and quick ones lie between two
//! stamps.
//!
//! Who calls it: the thread that has the worker, or the lane (`lane.rs`); one at a time. What hands the worker or the lane on orders the writes of the one before
//! those of the next.

use std::cell::Cell;

use super::ring::Ring;
use super::word;
use crate::facade::{Arc, RawInstant};

/// Stamps are so far apart, in nanoseconds.
const CLOSE: u64 = 4_000;
const FAR: u64 = 12_000;

/// So many events have one stamp at most.
const MOST: u32 = 256;

/// The right to write to a ring, if there is one.
pub(crate) struct Pen {
    is_on: Cell<bool>,
    ring: Option<Arc<Ring>>,
    /// When the runtime started.
    started: RawInstant,
    head: Cell<u64>,
    /// Events until the next stamp, and between two.
    countdown: Cell<u32>,
    every: Cell<u32>,
    stamped: Cell<u64>,
    /// [`word::AGAIN`], if the task that was polled last has been queued again since.
    again: Cell<u64>,
}

impl Pen {
    /// To `ring`, which nobody else writes to; or none.
    pub(super) fn new(ring: Option<Arc<Ring>>, started: RawInstant, is_on: bool) -> Self {
        let head = ring.as_ref().map_or(0, |ring| ring.head());
        Self {
            is_on: Cell::new(ring.is_some() && is_on),
            ring,
            started,
            head: Cell::new(head),
            countdown: Cell::new(1),
            every: Cell::new(1),
            stamped: Cell::new(0),
            again: Cell::new(0),
        }
    }

    /// One that writes nothing.
    pub(crate) fn none(started: RawInstant) -> Self {
        Self::new(None, started, false)
    }

    /// Whether events are to be recorded.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    /// Records from now on, or no more.
    pub(super) fn switch(&self, is_on: bool) {
        let is_on = is_on && self.ring.is_some();
        if is_on && !self.is_on.replace(is_on) {
            // Nobody knows what came before.
            self.countdown.set(1);
        }
        self.is_on.set(is_on);
    }

    /// The task that was polled last is queued again, for it was woken as it was polled: the next poll says so.
    #[inline(always)]
    pub(crate) fn goes_on(&self) {
        self.again.set(word::AGAIN);
    }

    /// Records that `task` is about to be polled, of a pen that is on.
    #[inline]
    pub(crate) fn note_poll(&self, word: u64) {
        self.note(word | self.again.replace(0));
    }

    /// Records an event, of a pen that is on.
    #[inline]
    pub(crate) fn note(&self, word: u64) {
        let countdown = self.countdown.get() - 1;
        self.countdown.set(countdown);
        if countdown == 0 {
            self.stamp();
        }
        self.write(word);
    }

    /// Records an event that is `now`, of a pen that is on. What comes next may take another time than what came before.
    #[cold]
    pub(crate) fn note_at(&self, now: RawInstant, word: u64) {
        self.every.set(1);
        self.stamp_at(now);
        self.write(word);
    }

    #[cold]
    fn stamp(&self) {
        let before = self.stamped.get();
        self.stamp_at(RawInstant::now());
        let (every, apart) = (self.every.get(), self.stamped.get().saturating_sub(before));
        match apart {
            ..CLOSE => self.every.set((every * 2).min(MOST)),
            FAR.. => self.every.set((u64::from(every) * CLOSE / apart).max(1) as u32),
            _ => {}
        }
        self.countdown.set(self.every.get());
    }

    /// It is `now`, of a pen that is on.
    pub(crate) fn stamp_at(&self, now: RawInstant) {
        let now = now.saturating_duration_since(self.started).as_nanos() as u64;
        self.stamped.set(now);
        self.countdown.set(self.every.get());
        self.write(word::stamp(now));
    }

    #[inline]
    fn write(&self, word: u64) {
        if let Some(ring) = &self.ring {
            let head = self.head.get();
            ring.write(head, word);
            self.head.set(head + 1);
        }
    }
}
