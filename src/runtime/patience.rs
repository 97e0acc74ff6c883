//! How long a thread in `block_on` waits before it sleeps.
//!
//! Where the future of `block_on` talks to a task, each answer comes within a microsecond or two, and to put the thread to sleep and wake it takes ten times as long. So it
//! looks for its token for some microseconds first. Where that was in vain it sleeps at once the next time, and the next three times, and so on, up to seven:
//! what waits for long costs nearly nothing more.
//!
//! Who calls it: the loops of `block_on.rs`, on the thread itself. Deliberately not here: a worker, which has its searching.

use crate::park::Parker;

/// The most waits in a row that are slept through at once.
const MOST: u32 = 7;

/// What a thread knows of its last waits.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Waits to be slept through at once.
    skips: u32,
    /// How many those were the last time.
    last: u32,
}

impl Patience {
    /// Waits a little for a token of `parker`, before the thread parks.
    pub(super) fn wait(&mut self, parker: &Parker) {
        self.wait_by(|| parker.spin());
    }

    fn wait_by(&mut self, spin: impl FnOnce() -> bool) {
        if self.skips > 0 {
            self.skips -= 1;
        } else if spin() {
            self.last = 0;
        } else {
            self.last = (2 * self.last + 1).min(MOST);
            self.skips = self.last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In which of `waits` waits it spins, if a spin pays from the wait `pays` on.
    fn spins(waits: usize, pays: usize) -> Vec<usize> {
        let mut patience = Patience::default();
        let mut spins = Vec::new();
        for wait in 0..waits {
            patience.wait_by(|| {
                spins.push(wait);
                wait >= pays
            });
        }
        spins
    }

    #[test]
    fn what_is_in_vain_is_tried_less_and_less() {
        assert_eq!(spins(20, usize::MAX), [0, 2, 6, 14]);
        assert_eq!(spins(10_000, usize::MAX).windows(2).map(|pair| pair[1] - pair[0]).max(), Some(8));
    }

    #[test]
    fn what_pays_is_done_each_time() {
        assert_eq!(spins(5, 0), [0, 1, 2, 3, 4]);
        assert_eq!(spins(10, 3), [0, 2, 6, 7, 8, 9]);
    }
}
