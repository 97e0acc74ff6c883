//! Where a task is: one word of its membership.
//!
//! | the task | bits | hold |
//! |---|---|---|
//! | has not been pending | 0 | 0 |
//! | | 1 | `REFUSED`: it was made for a closed scheduler, is never queued, and not counted |
//! | | 2 to 47 | the address of the place where it was spawned, which is static |
//! | | 48 to 63 | the number of that place and one, if it has been asked for |
//! | is in a list | 0 | `LISTED` |
//! | | 1 to 15 | the number of that place (`sites.rs`) |
//! | | 16 to 31 | which list |
//! | | 32 to 63 | when a worker last took it to be polled, in milliseconds since the start of the runtime; it starts anew after seven weeks |
//!
//! So to spawn a task takes no more than to keep the address; only one that waits is given a number, as it enters a list.
//!
//! Who writes it: who spawns; who holds `RUNNING`, as the task enters a list; who has its entry, before a poll. Who tells of tasks reads it (`survey.rs`), once the
//! task is in a list, whose lock orders the entering. What comes later decides nothing.

use std::panic::Location;
use std::ptr;

use super::sites::{Site, Sites};
use crate::facade::plain::{AtomicU64, Ordering};

const ADDRESS: u64 = (1 << NUMBER_SHIFT) - 4;
const NUMBER_SHIFT: u32 = 48;
const LISTED: u64 = 1 << 0;
const REFUSED: u64 = 1 << 1;
const SITE_SHIFT: u32 = 1;
const SITE_BITS: u32 = Site::BITS;
const LIST_SHIFT: u32 = SITE_SHIFT + SITE_BITS;
const LIST_BITS: u32 = 16;
const STAMP_SHIFT: u32 = 32;

// An address leaves two bits.
const _: () = assert!(align_of::<Location<'static>>() >= 4);
// The builder refuses more than 32,768 workers.
const _: () = assert!(LIST_SHIFT + LIST_BITS <= STAMP_SHIFT && 1 << LIST_BITS > 32_769);

/// Where a task is.
pub(super) struct Place(AtomicU64);

impl Place {
    /// Of a task that is about to be spawned somewhere.
    #[inline]
    pub(super) fn new(is_refused: bool) -> Self {
        Self(AtomicU64::new(if is_refused { REFUSED } else { 0 }))
    }

    /// It is spawned at `place`.
    #[inline]
    pub(super) fn set_spawned_at(&mut self, place: &'static Location<'static>) {
        let address = ptr::from_ref(place).expose_provenance() as u64;
        // Statics lie low wherever there is an operating system; one that does not is not told of.
        *self.0.get_mut() |= if address >> NUMBER_SHIFT == 0 { address } else { 0 };
    }

    /// Whether it was made for a closed scheduler. Of a task that is in no list.
    #[inline]
    pub(super) fn is_refused(&self) -> bool {
        let word = self.word();
        word & LISTED == 0 && word & REFUSED != 0
    }

    /// The list in which it is, if it has been pending.
    #[inline]
    pub(super) fn list(&self) -> Option<usize> {
        let word = self.word();
        (word & LISTED != 0).then_some((word >> LIST_SHIFT) as usize & ((1 << LIST_BITS) - 1))
    }

    /// It is about to enter `list`, after its first poll.
    pub(super) fn enter(&self, list: usize, sites: &Sites, stamp: Stamp) {
        let (site, _) = self.site(sites);
        let word = LISTED | site.bits() << SITE_SHIFT | (list as u64) << LIST_SHIFT | stamp.0;
        // Counter only: see above.
        self.0.store(word, Ordering::Relaxed);
    }

    /// The place where it was spawned is given its number, of a task that only who calls this knows.
    pub(super) fn set_number(&self, sites: &Sites) {
        let word = self.word();
        let number = Self::number(word, sites).bits() + 1;
        // Counter only: see above.
        self.0.store(word | number << NUMBER_SHIFT, Ordering::Relaxed);
    }

    /// Where it was spawned, and whether it is in a list.
    #[inline]
    pub(super) fn site(&self, sites: &Sites) -> (Site, bool) {
        let word = self.word();
        if word & LISTED != 0 {
            return (Site::of_bits(word >> SITE_SHIFT & ((1 << SITE_BITS) - 1)), true);
        }
        match word >> NUMBER_SHIFT {
            0 => (Self::number(word, sites), false),
            number => (Site::of_bits(number - 1), false),
        }
    }

    /// The number of the place whose address is in `word`, of a task that is in no list.
    fn number(word: u64, sites: &Sites) -> Site {
        let address = (word & ADDRESS) as usize;
        // SAFETY: null, or the address of what is static, which was exposed as the task was spawned.
        let place = unsafe { ptr::with_exposed_provenance::<Location<'static>>(address).as_ref() };
        place.map_or(Site::UNKNOWN, |place| sites.number(place))
    }

    /// The list is closed, and has not taken it.
    pub(super) fn is_turned_away(&self) {
        // Counter only: see above.
        self.0.store(0, Ordering::Relaxed);
    }

    /// A worker has taken it to be polled.
    #[inline]
    pub(super) fn stamp(&self, stamp: Stamp) {
        let word = self.word();
        if word & LISTED != 0 {
            // Counter only: see above.
            self.0.store(word & ((1 << STAMP_SHIFT) - 1) | stamp.0, Ordering::Relaxed);
        }
    }

    /// Where it was spawned, and when it was last taken to be polled. Of a task that is in a list.
    pub(super) fn site_and_stamp(&self) -> (Site, u32) {
        let word = self.word();
        debug_assert!(word & LISTED != 0, "who is asked about is in a list");
        (Site::of_bits(word >> SITE_SHIFT & ((1 << SITE_BITS) - 1)), (word >> STAMP_SHIFT) as u32)
    }

    #[inline]
    fn word(&self) -> u64 {
        // Counter only: see above.
        self.0.load(Ordering::Relaxed)
    }
}

/// A moment, in milliseconds since the start of the runtime, as it stands in the word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Stamp {
    pub(super) fn of(millisecond: u32) -> Self {
        Self(u64::from(millisecond) << STAMP_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::sites::ROOM;

    #[test]
    fn what_is_put_in_comes_out() {
        let sites = Sites::new(ROOM);
        let here = Location::caller();
        for list in [0, 1, 32_768] {
            let mut place = Place::new(false);
            place.set_spawned_at(here);
            assert!(!place.is_refused() && place.list().is_none());
            place.stamp(Stamp::of(5));
            place.enter(list, &sites, Stamp::of(7));
            assert_eq!((place.list(), place.site_and_stamp().1), (Some(list), 7));
            place.stamp(Stamp::of(u32::MAX));
            let (site, stamp) = place.site_and_stamp();
            assert_eq!((place.list(), sites.place(site), stamp), (Some(list), Some(here), u32::MAX));
            assert!(!place.is_refused());
            place.is_turned_away();
            assert!(place.list().is_none());
        }
    }

    #[test]
    fn one_that_is_refused_stays_so() {
        let mut place = Place::new(true);
        place.set_spawned_at(Location::caller());
        assert!(place.is_refused() && place.list().is_none());
    }
}
