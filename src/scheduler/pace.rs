//! How often the watch looks: every millisecond, and more seldom while all goes by itself.
//!
//! A look wakes a thread. Where each request is a poll of microseconds, as in most servers, no look ever finds anything to do. So the period grows
//! with the looks in turn that have found nothing stuck, and is short again as soon as one has.
//!
//! Who calls it: the watch (`watch.rs`), on the driver's thread. Plain data. Deliberately not here: what counts as stuck.

use std::time::Duration;

/// How often the watch looks, unless all goes by itself.
const PERIOD: Duration = Duration::from_millis(1);

/// After so many looks in turn that have found nothing stuck the period doubles. Where something gets stuck several times a second it stays short.
const CALM: u32 = 64;

/// How often it doubles at most.
const DOUBLINGS: u32 = 2;

/// The time between two looks.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Looks in turn that have found nothing stuck; no more are counted than matter.
    calm: u32,
}

impl Pace {
    /// A look has found nothing stuck.
    pub(super) fn calms(&mut self) {
        self.calm = (self.calm + 1).min(CALM * DOUBLINGS);
    }

    /// A look has found something stuck.
    pub(super) fn quickens(&mut self) {
        self.calm = 0;
    }

    /// How long to wait for the next look.
    pub(super) fn period(&self) -> Duration {
        PERIOD * (1 << (self.calm / CALM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_slows_down_while_all_is_calm_and_is_quick_again_at_once() {
        let mut pace = Pace::default();
        let mut periods = |looks: u32| -> Vec<u128> {
            (0..looks)
                .map(|_| {
                    pace.calms();
                    pace.period().as_millis()
                })
                .collect()
        };
        assert_eq!(periods(63), [1; 63]);
        assert_eq!(periods(64), [2; 64]);
        assert_eq!(periods(100), [4; 100]);
        pace.quickens();
        assert_eq!(pace.period(), PERIOD);
    }
}
