//! Who writes to a ring: what a worker, or another thread of the runtime, has in hand.
//!
//! To read the clock for each event would cost a third of an empty poll. So a pen writes the time down where the clock was read anyway, and else after every `k`-th event:
//! `k` doubles while stamps are less than 4 µs apart, and falls in proportion beyond 12 µs. Polls that take longer than that have exact ends, and quick ones lie between two
//! stamps.
//!
//! Who calls it: the thread that has the worker, or the lane (`lane.rs`); one at a time. What hands the worker or the lane on orders the writes of the one before
//! those of the next.

use std::cell::Cell;

use super::ring::Ring;
use super::word::{self, End, Kind};
use crate::facade::{Arc, RawInstant};

/// Stamps are so far apart, in nanoseconds.
const CLOSE: u64 = 4_000;
const FAR: u64 = 12_000;

/// After a sleep so many events have stamps of their own, however quick they are: a slow one among the first is known by that.
const WARY: u32 = 8;

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
    /// Stamps in a row that were close to each other.
    close: Cell<u32>,
    /// The last time that was written down.
    told: Cell<u64>,
    /// [`word::ENDED`] or [`word::AGAIN`], if the task that was polled last has ended or been queued again since.
    after: Cell<u64>,
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
            close: Cell::new(0),
            told: Cell::new(0),
            after: Cell::new(0),
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
    #[inline]
    pub(super) fn switch(&self, is_on: bool, now: impl FnOnce() -> RawInstant) {
        if is_on != self.is_on.get() && self.ring.is_some() {
            self.turn(is_on, now());
        }
    }

    #[cold]
    fn turn(&self, is_on: bool, now: RawInstant) {
        if is_on {
            // Nobody knows what came before.
            self.countdown.set(1);
            self.after.set(0);
        } else {
            // What has no time yet was before: not at any moment until the next one that is recorded.
            self.note_at(now, word::PAUSE);
        }
        self.is_on.set(is_on);
    }

    /// The task that was polled last is queued again, for it was woken as it was polled: the next poll says so.
    #[inline(always)]
    pub(crate) fn goes_on(&self) {
        self.after.set(word::AGAIN);
    }

    /// The task that was polled last is ready: the next poll says so.
    #[inline(always)]
    pub(crate) fn has_ended(&self) {
        self.after.set(word::ENDED);
    }

    /// Records that a poll begins, of a pen that is on.
    #[inline(always)]
    pub(crate) fn note_poll(&self, word: u64) {
        self.note(word | self.after.replace(0));
    }

    /// Records what happens between two polls, of a pen that is on.
    pub(crate) fn note_outside(&self, word: u64) {
        self.settle();
        self.note(word);
    }

    /// As [`note_outside`](Self::note_outside), of what happens `now`. What comes next may take another time than what came before.
    #[cold]
    pub(crate) fn note_at(&self, now: RawInstant, word: u64) {
        self.settle();
        self.write(word);
        self.every.set(1);
        self.close.set(0);
        self.tell_time(now, Kind::Stamp);
    }

    /// It is `now`, of a pen that is on.
    pub(crate) fn note_time(&self, now: RawInstant) {
        self.tell_time(now, Kind::Time);
    }

    /// Writes down what the next poll would have said: something else comes first.
    fn settle(&self) {
        if self.after.get() == word::ENDED {
            self.after.set(0);
            self.note(word::of_numbers(Kind::End, End::Ready as u64, 0));
        }
    }

    /// Records an event, of a pen that is on.
    #[inline(always)]
    pub(crate) fn note(&self, word: u64) {
        self.write(word);
        let countdown = self.countdown.get() - 1;
        self.countdown.set(countdown);
        if countdown == 0 {
            self.stamp();
        }
    }

    #[cold]
    #[inline(never)]
    fn stamp(&self) {
        let before = self.told.get();
        self.tell_time(RawInstant::now(), Kind::Stamp);
        let (every, apart) = (self.every.get(), self.told.get().saturating_sub(before));
        match apart {
            ..CLOSE if self.close.get() < WARY => self.close.set(self.close.get() + 1),
            ..CLOSE => self.every.set((every * 2).min(MOST)),
            FAR.. => self.every.set((u64::from(every) * CLOSE / apart).max(1) as u32),
            _ => {}
        }
        self.countdown.set(self.every.get());
    }

    fn tell_time(&self, now: RawInstant, kind: Kind) {
        let now = now.saturating_duration_since(self.started).as_nanos() as u64;
        self.told.set(now);
        self.countdown.set(self.every.get());
        self.write(word::time(kind, now));
    }

    #[inline(always)]
    fn write(&self, word: u64) {
        if let Some(ring) = &self.ring {
            let head = self.head.get();
            ring.write(head, word);
            self.head.set(head + 1);
        }
    }
}
