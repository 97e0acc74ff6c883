//! A clock that costs a sixth of the exact one, and lags behind it: enough to know that a deadline is far away.
//!
//! Nearly all timers are timeouts of seconds. That one of those has not passed yet at its first poll is seen by the kernel's clock of the last
//! timer interrupt (CLOCK_MONOTONIC_COARSE), which lags by milliseconds: 4 ns instead of 24 for each of them.
//!
//! Deliberately not here: what is nearer than a second, for which the exact clock is asked.

use crate::facade::coarse_nanoseconds;

/// How far away a deadline has to be, in nanoseconds: more than the coarse clock lags, unless the machine itself stands still.
const FAR: u64 = 1_000_000_000;

/// The coarse clock, from the start of a runtime's.
#[derive(Debug)]
pub(super) struct Coarse {
    start: Option<u64>,
}

impl Coarse {
    /// The runtime's clock shows 0. Read after that, this one lags by a little more.
    pub(super) fn new() -> Self {
        Self { start: coarse_nanoseconds() }
    }

    /// Whether a time of the runtime's clock, which runs and was never paused, is certainly yet to come.
    pub(super) fn is_far(&self, nanoseconds: u64) -> bool {
        let Some((start, now)) = self.start.zip(coarse_nanoseconds()) else { return false };
        now.saturating_sub(start).saturating_add(FAR) < nanoseconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_near_and_an_hour_is_far() {
        let coarse = Coarse::new();
        assert!(!coarse.is_far(0) && !coarse.is_far(FAR));
        assert_eq!(coarse.is_far(3_600 * FAR), coarse_nanoseconds().is_some());
        assert_eq!(coarse.is_far(u64::MAX), coarse_nanoseconds().is_some());
    }

    #[test]
    fn it_goes_on() {
        let [first, second] = [(); 2].map(|()| coarse_nanoseconds());
        assert!(first <= second);
    }
}
