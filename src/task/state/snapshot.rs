//! What a task's state word holds at one moment: its bits, and its two counts.
//!
//! Structural: `stranded_ignores_wake`; see `state.rs`.

use std::fmt;
use std::process::abort;

use crate::facade::mutant;

pub(super) const RUNNING: usize = 1 << 0;
pub(super) const COMPLETE: usize = 1 << 1;
pub(super) const NOTIFIED: usize = 1 << 2;
pub(super) const CANCELLED: usize = 1 << 3;
pub(super) const JOIN_INTEREST: usize = 1 << 4;
pub(super) const JOIN_WAKER: usize = 1 << 5;
pub(super) const TRACED: usize = 1 << 6;
pub(super) const REFERENCE: usize = 1 << 7;
/// A waker's reference.
pub(super) const WAKER: usize = if COUNTS_WAKERS { 1 << (usize::BITS / 2) } else { REFERENCE };

/// Whether words are long enough for wakers to be counted apart.
const COUNTS_WAKERS: bool = usize::BITS >= 64;

/// What the word held at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(super) usize);

impl Snapshot {
    pub(crate) fn is_complete(self) -> bool {
        self.has(COMPLETE)
    }

    /// Whether it was aborted.
    pub(crate) fn is_cancelled(self) -> bool {
        self.has(CANCELLED)
    }

    pub(crate) fn has_join_waker(self) -> bool {
        self.has(JOIN_WAKER)
    }

    /// Whether the future is being polled, or dropped.
    pub(crate) fn is_running(self) -> bool {
        self.has(RUNNING)
    }

    /// Whether the task is in a queue, or goes back to one.
    pub(crate) fn is_notified(self) -> bool {
        self.has(NOTIFIED)
    }

    /// How many wakers there are, if they are counted apart.
    pub(crate) fn wakers(self) -> Option<usize> {
        COUNTS_WAKERS.then_some(self.0 / WAKER)
    }

    /// Whether the task is idle and nobody can wake it.
    pub(crate) fn is_stranded(self) -> bool {
        let notified = if mutant("stranded_ignores_wake") { 0 } else { NOTIFIED };
        self.has_no_waker() && !self.has(RUNNING | COMPLETE | CANCELLED | notified)
    }

    /// Whether the task will be stranded without its one waker.
    pub(super) fn is_last_waker(self) -> bool {
        self.wakers() == Some(1) && Self(self.0 - WAKER).is_stranded()
    }

    /// Whether it is known that there is no waker.
    pub(super) fn has_no_waker(self) -> bool {
        COUNTS_WAKERS && self.0 < WAKER
    }

    /// Zero if there are none, and at least as many as there are otherwise.
    pub(super) fn references(self) -> usize {
        self.0 / REFERENCE
    }

    /// Whether one of the counts is about to flow over.
    pub(super) fn is_nearly_full(self) -> bool {
        self.0 > isize::MAX as usize || COUNTS_WAKERS && self.0 & (WAKER - 1) >= WAKER / 2
    }

    /// Whether any bit of `flags` is set.
    pub(super) fn has(self, flags: usize) -> bool {
        self.0 & flags != 0
    }

    pub(super) fn with(self, flags: usize) -> Self {
        Self(self.0 | flags)
    }

    pub(super) fn without(self, flags: usize) -> Self {
        Self(self.0 & !flags)
    }

    pub(super) fn with_reference(self) -> Self {
        if self.is_nearly_full() {
            abort();
        }
        Self(self.0 + REFERENCE)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let references = self.0 / REFERENCE;
        let (others, wakers) =
            if COUNTS_WAKERS { (references % (WAKER / REFERENCE), self.0 / WAKER) } else { (references, 0) };
        write!(f, "Snapshot({:#09b}, {others} references, {wakers} wakers)", self.0 % REFERENCE)
    }
}
