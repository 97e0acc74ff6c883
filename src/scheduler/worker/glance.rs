//! A worker's glance at its token before it sleeps.
//!
//! A thread in `block_on` that looks for its answer (`runtime/patience.rs`) has its next message there a microsecond after that, which is when its worker has searched and
//! parks: to sleep now would cost both the time in which a thread is woken, round for round. So the worker looks for its token for a microsecond or two first;
//! where that is in vain it sleeps at once the next time, and the next three times, and so on, up to 63. It counts as parked meanwhile: who has work for it claims it, and hands it
//! its token without waking a thread.
//!
//! Who calls it: the worker, on its thread, where it is about to block. Deliberately not here: its searching (`search.rs`).

use std::cell::Cell;

use crate::park::Parker;
use crate::scheduler::lookers::Lookers;

/// Looks in a glance: a microsecond or two.
const LOOKS: u32 = 128;

/// The most parks in a row without one.
const MOST: u32 = 63;

/// What a worker knows of its last glances.
#[derive(Debug, Default)]
pub(super) struct Glances {
    /// Parks to come without one.
    skips: Cell<u32>,
    /// How many those were after the last one in vain.
    last: Cell<u32>,
}

impl Glances {
    /// Looks for a token of `parker`, and leaves it there; not on the one CPU of a runtime.
    pub(super) fn glance(&self, parker: &Parker, lookers: &Lookers) {
        if lookers.may_be() {
            self.glance_by(|| parker.look(LOOKS));
        }
    }

    fn glance_by(&self, look: impl FnOnce() -> bool) {
        if self.skips.get() > 0 {
            self.skips.set(self.skips.get() - 1);
            return;
        }
        self.last.set(if look() { 0 } else { (2 * self.last.get() + 1).min(MOST) });
        self.skips.set(self.last.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In which of `parks` parks it looks, if that pays from the park `pays` on.
    fn looks(parks: usize, pays: usize) -> Vec<usize> {
        let glances = Glances::default();
        let mut looks = Vec::new();
        for park in 0..parks {
            glances.glance_by(|| {
                looks.push(park);
                park >= pays
            });
        }
        looks
    }

    #[test]
    fn what_is_in_vain_is_done_less_and_less() {
        assert_eq!(looks(20, usize::MAX), [0, 2, 6, 14]);
        assert_eq!(looks(10_000, usize::MAX).windows(2).map(|pair| pair[1] - pair[0]).max(), Some(64));
    }

    #[test]
    fn what_pays_is_done_each_time() {
        assert_eq!(looks(5, 0), [0, 1, 2, 3, 4]);
        assert_eq!(looks(10, 3), [0, 2, 6, 7, 8, 9]);
    }
}
