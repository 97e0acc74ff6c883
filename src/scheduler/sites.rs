//! The places where tasks are spawned, each by a number of 16 bits, for which a task has room.
//!
//! A table that is only ever filled, open to all threads (Knuth, The Art of Computer Programming, volume 3, section 6.4: open addressing): the number of a place is where
//! it stands.
//!
//! Who calls it: a task that waits for the first time (`place.rs`), on any thread that polls; `survey.rs`, to tell of tasks.
//!
//! A place is static: who reads its address may follow it, whoever wrote that, and no ordering is asked for.

use std::panic::Location;
use std::ptr;

use crate::facade::plain::{AtomicPtr, Ordering};

/// How many there is room for: a power of two. Most programs have some dozens.
pub(super) const ROOM: usize = 512;

/// As [`ROOM`], of a runtime that records, and so names the place of each task for as long as an event of it is kept.
pub(super) const ROOM_RECORDED: usize = 1 << 14;

/// So far from where it belongs a place stands at most.
const REACH: usize = 32;

type Place = Location<'static>;

/// The places of a runtime's tasks.
pub(super) struct Sites(Box<[AtomicPtr<Place>]>);

/// The number of a place, of so many [`BITS`](Self::BITS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site(u16);

impl Site {
    /// That of any place for which there was no room.
    pub(super) const UNKNOWN: Self = Self((1 << Self::BITS) - 1);

    pub(super) const BITS: u32 = 15;

    pub(super) fn bits(self) -> u64 {
        self.0.into()
    }

    pub(super) fn of_bits(bits: u64) -> Self {
        Self(bits as u16)
    }
}

impl Sites {
    /// With room for so many, a power of two.
    pub(super) fn new(room: usize) -> Self {
        Self((0..room).map(|_| AtomicPtr::new(ptr::null_mut())).collect())
    }

    /// The number of `place`, from now on.
    pub(super) fn number(&self, place: &'static Place) -> Site {
        let address = ptr::from_ref(place).cast_mut();
        let last = self.0.len() - 1;
        let home = home_of(address.addr());
        for at in (home..home + REACH).map(|at| at & last) {
            // Counter only: what it points to is static. To look first writes no line that is shared.
            let mut found = self.0[at].load(Ordering::Relaxed);
            if found.is_null() {
                // Counter only, as above.
                let entered = self.0[at].compare_exchange(found, address, Ordering::Relaxed, Ordering::Relaxed);
                found = entered.err().unwrap_or(address);
            }
            if found == address {
                return Site(at as u16);
            }
        }
        Site::UNKNOWN
    }

    /// All places, each where its number says.
    pub(super) fn all(&self) -> Vec<Option<&'static Place>> {
        (0..self.0.len()).map(|at| self.place(Site(at as u16))).collect()
    }

    /// The place of a number that this table has given.
    pub(super) fn place(&self, site: Site) -> Option<&'static Place> {
        // Counter only: what it points to is static.
        let place = self.0.get(usize::from(site.0))?.load(Ordering::Relaxed);
        // SAFETY: only addresses of static places are entered.
        unsafe { place.as_ref() }
    }
}

/// Where a place is looked for first, modulo the room. Places lie 24 bytes apart: the product's high bits tell neighbours apart.
fn home_of(address: usize) -> usize {
    ((address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - Site::BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `N` places, of which no two are the same.
    fn places(count: usize) -> Vec<&'static Place> {
        (0..count).map(|_| &*Box::leak(Box::new(*Location::caller()))).collect()
    }

    #[test]
    fn a_place_has_one_number_and_no_other_has_it() {
        let (sites, places) = (Sites::new(ROOM), places(ROOM / 2));
        let numbers: Vec<_> = places.iter().map(|place| sites.number(place)).collect();
        for (place, number) in places.iter().zip(&numbers) {
            assert_eq!(sites.number(place), *number);
            assert!(sites.place(*number).is_some_and(|found| ptr::eq(found, *place)));
        }
    }

    #[test]
    fn for_which_there_is_no_room_has_no_place() {
        let (sites, places) = (Sites::new(ROOM), places(2 * ROOM));
        let numbers: Vec<_> = places.iter().map(|place| sites.number(place)).collect();
        let unknown = numbers.iter().filter(|&&number| number == Site::UNKNOWN).count();
        assert!((ROOM..ROOM + ROOM / 2).contains(&unknown), "{unknown}");
        assert!(sites.place(Site::UNKNOWN).is_none());
        assert_eq!(sites.number(places[0]), numbers[0]);
    }

    #[test]
    fn ten_thousand_places_have_room_where_they_are_recorded() {
        let (sites, places) = (Sites::new(ROOM_RECORDED), places(10_000));
        let numbers: Vec<_> = places.iter().map(|place| sites.number(place)).collect();
        let unknown = numbers.iter().filter(|&&number| number == Site::UNKNOWN).count();
        assert!(unknown <= 100, "{unknown}");
    }

    #[test]
    fn threads_agree() {
        let (sites, places) = (Sites::new(ROOM), places(300));
        let numbers = || places.iter().map(|place| sites.number(place)).collect::<Vec<_>>();
        let answers = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(numbers)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }
}
