//! How long a thread in `block_on` looks for its token before it sleeps.
//!
//! Where the future of `block_on` talks to a task, each answer comes within a microsecond or two if both threads are awake; to put one to sleep and wake
//! it takes 25 to 40 µs. So a thread whose waits are short looks for its token for as long as that before it sleeps, and finds it even where a
//! worker has to be woken first.
//!
//! It looks only where that pays:
//! - A wait that is slept through is timed, and it takes [`LEAST`] [`SHORT`] ones in a row for the next to be looked through. So who waits for long never looks,
//!   nor does who is kept waiting by others now and then, on a busy machine for one; and the first waits of each `block_on` are slept through.
//! - A wait of less than a [`SWITCH`] says nothing: both threads are on one CPU, where a look only keeps the other from running.
//! - A look in vain makes that four times as many, up to [`MOST`]; each look that finds its token makes it one less. Where all looks are in vain they
//!   take a hundredth of the thread's time in the end.
//! - At most half of the CPUs are looked on at a time, and on one CPU none (`scheduler/lookers.rs`). Who is refused has looked in vain.
//!
//! Time and not looks are counted: one is 10 ns on one CPU and several times that on another. The first [`GLANCE`] looks are neither timed nor counted in,
//! for most answers are there by then.
//!
//! Who calls it: the loops of `block_on.rs`, on the thread itself. Deliberately not here: a worker, also one that polls a root future: it has its searching, and a
//! glance (`scheduler/worker/glance.rs`).

use std::time::Duration;

use crate::facade::RawInstant;
use crate::park::Parker;
use crate::scheduler::lookers::Lookers;

/// How long a look takes at most: as long as it takes to wake a thread.
const LOOK: Duration = Duration::from_micros(50);

/// A wait that a look might have been spared from sleeping, as it is seen by who has slept: the answer's time, and that of waking up.
const SHORT: Duration = Duration::from_micros(100);

/// A wait that sleeping makes no longer: another thread ran on the same CPU meanwhile. To wake a thread on another takes twice as long at least.
const SWITCH: Duration = Duration::from_micros(12);

/// Looks before the clock is read and the count is asked: about a microsecond.
const GLANCE: u32 = 64;

/// Looks between two readings of the clock.
const BATCH: u32 = 32;

/// After how many short waits in a row a thread begins to look.
const LEAST: u32 = 4;

/// After how many it does where looks are in vain.
const MOST: u32 = 1_024;

/// What a thread knows of its last waits.
#[derive(Debug)]
pub(super) struct Patience {
    /// Short waits that were slept through, with no long one among them, since the last look in vain.
    streak: u32,
    /// How many it takes for a look.
    needed: u32,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { streak: 0, needed: LEAST }
    }

    /// Waits for a token of `parker`, and takes it.
    pub(super) fn park(&mut self, parker: &Parker, lookers: &Lookers) {
        if !lookers.may_be() {
            return parker.park();
        }
        if self.looks() {
            let found = look(parker, lookers);
            self.looked(found);
            if found {
                return parker.park();
            }
        }
        let start = RawInstant::now();
        parker.park();
        self.slept(start.elapsed());
    }

    fn looks(&self) -> bool {
        self.streak >= self.needed
    }

    /// Learns from a look.
    fn looked(&mut self, found: bool) {
        if found {
            self.needed = (self.needed - 1).max(LEAST);
        } else {
            self.needed = (4 * self.needed).min(MOST);
            self.streak = 0;
        }
    }

    /// Learns from a wait that was slept through.
    fn slept(&mut self, time: Duration) {
        if time >= SHORT {
            self.streak = 0;
        } else if time >= SWITCH {
            self.streak += 1;
        }
    }
}

/// Looks for a token of `parker`. True if there is one.
fn look(parker: &Parker, lookers: &Lookers) -> bool {
    if parker.look(GLANCE) {
        return true;
    }
    let Some(_looking) = lookers.enter() else { return false };
    let start = RawInstant::now();
    loop {
        if parker.look(BATCH) {
            return true;
        }
        if start.elapsed() >= LOOK {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `waits` waits are looked through, if each is answered after the time that `answered` says: by what a look or a sleep of it teaches.
    fn looks(waits: usize, answered: impl Fn(usize) -> Duration) -> Vec<usize> {
        let mut patience = Patience::new();
        let mut looks = Vec::new();
        for wait in 0..waits {
            let time = answered(wait);
            let found = time < LOOK;
            if patience.looks() {
                looks.push(wait);
                patience.looked(found);
                if found {
                    continue;
                }
            }
            // Sleeping makes each wait longer by the time that it takes to wake up.
            patience.slept(time + Duration::from_micros(30));
        }
        looks
    }

    const AT_ONCE: Duration = Duration::from_micros(1);
    const TOO_LATE: Duration = Duration::from_micros(60);
    const LONG: Duration = Duration::from_millis(1);

    #[test]
    fn what_pays_is_done_each_time_from_the_fifth_on() {
        assert_eq!(looks(8, |_| AT_ONCE), [4, 5, 6, 7]);
    }

    #[test]
    fn long_waits_are_never_looked_through() {
        assert!(looks(10_000, |_| LONG).is_empty());
    }

    #[test]
    fn who_is_kept_waiting_now_and_then_does_not_look() {
        assert!(looks(10_000, |wait| if wait % 4 == 0 { LONG } else { AT_ONCE }).is_empty());
        // And hardly ever where that happens less often.
        assert!(looks(10_000, |wait| if wait % 20 == 0 { LONG } else { AT_ONCE }).len() < 100);
    }

    #[test]
    fn what_is_in_vain_is_given_up() {
        let looks = looks(100_000, |_| TOO_LATE);
        let gaps: Vec<usize> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((looks[0], &gaps[..4]), (4, &[16, 64, 256, 1_024][..]));
        assert!(gaps[4..].iter().all(|gap| *gap == 1_024));
    }

    #[test]
    fn waits_on_one_cpu_are_not_looked_through_and_teach_nothing() {
        let mut patience = Patience::new();
        (0..10_000).for_each(|_| patience.slept(Duration::from_micros(5)));
        assert!(!patience.looks());
        (0..LEAST).for_each(|_| patience.slept(Duration::from_micros(40)));
        assert!(patience.looks());
    }

    #[test]
    fn what_pays_most_of_the_time_goes_on() {
        assert!(looks(100_000, |wait| if wait % 100 == 0 { TOO_LATE } else { AT_ONCE }).len() > 80_000);
    }

    #[test]
    fn what_pays_again_is_found_out() {
        let looks = looks(100_000, |wait| if wait < 50_000 { TOO_LATE } else { AT_ONCE });
        assert!(looks.iter().filter(|wait| **wait >= 50_000).count() > 48_000);
    }
}
