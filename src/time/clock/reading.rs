//! What a clock shows that can be paused.
//!
//! Who calls it: `pausable.rs`, under its lock. Deliberately not here: the machine's clock, and who is told of a change.

use std::task::Waker;
use std::time::Duration;

/// What the clock shows.
pub(super) struct Reading {
    /// The time at which it stands still.
    pub(super) paused_at: Option<u64>,
    /// What it showed, and what the machine's did, when it last began to run.
    pub(super) shown: u64,
    pub(super) since: u64,
    /// Times that it was paused, resumed or advanced.
    pub(super) changes: u64,
    /// Calls of `advance` so far, and how many of them the driver has seen to.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// The calls not answered yet.
    pub(super) waiting: Vec<(u64, Waker)>,
}

/// Why the clock was not advanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It runs.
    NotPaused,
    /// It cannot tell a time so far away.
    TooFar,
}

impl Reading {
    /// Of a clock that stands still at `paused_at`, or runs.
    pub(super) fn new(paused_at: Option<u64>) -> Self {
        Self { paused_at, shown: 0, since: 0, changes: 0, asked: 0, answered: 0, waiting: Vec::new() }
    }

    /// What a running clock shows while the machine's shows `machine`.
    pub(super) fn running(&self, machine: u64) -> u64 {
        self.shown.saturating_add(machine.saturating_sub(self.since))
    }

    /// The call's number, and its waker if it is to be woken at once, for the driver has ended; or why not, and the waker.
    pub(super) fn advance(
        &mut self,
        duration: Duration,
        waker: Waker,
    ) -> Result<(u64, Option<Waker>), (Refused, Waker)> {
        let Some(paused_at) = self.paused_at else { return Err((Refused::NotPaused, waker)) };
        let duration = u64::try_from(duration.as_nanos()).ok();
        // The last nanosecond is no time that comes.
        let moved = duration.and_then(|duration| paused_at.checked_add(duration)).filter(|&time| time < u64::MAX);
        let Some(moved) = moved else { return Err((Refused::TooFar, waker)) };
        self.paused_at = Some(moved);
        self.changes += 1;
        self.asked += 1;
        if self.answered == u64::MAX {
            return Ok((self.asked, Some(waker)));
        }
        self.waiting.push((self.asked, waker));
        Ok((self.asked, None))
    }
}
