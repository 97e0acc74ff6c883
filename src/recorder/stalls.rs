//! Rings that stood still: what the watchdog sees of them, so that a recording can tell which of many quick polls was not.
//!
//! Between two times that a worker has written down lie up to 256 events. If one of them took long, nobody knows which, but for who has looked from outside meanwhile.
//!
//! Who calls it: the watchdog's thread, and whoever takes a recording.

use std::collections::VecDeque;

/// So many are kept of each worker.
const MOST: usize = 64;

/// The words before `number` were written before `first`, and that one and those behind it after `last`: nanoseconds since the start of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stall {
    pub(crate) number: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Those of one worker, the oldest first.
#[derive(Default)]
pub(super) struct Stalls(VecDeque<Stall>);

impl Stalls {
    /// It was seen again as it was seen before.
    pub(super) fn add(&mut self, stall: Stall) {
        match self.0.back_mut() {
            Some(last) if last.number == stall.number => last.last = stall.last,
            _ => self.0.push_back(stall),
        }
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    pub(super) fn copy(&self) -> Vec<Stall> {
        self.0.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_goes_on_is_one_and_the_oldest_are_forgotten() {
        let mut stalls = Stalls::default();
        for number in 0..100 {
            for last in [20, 30] {
                stalls.add(Stall { number, first: 10, last });
            }
        }
        let kept = stalls.copy();
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept.last(), Some(&Stall { number: 99, first: 10, last: 30 }));
    }
}
