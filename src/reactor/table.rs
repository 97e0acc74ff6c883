//! Which slot an event is for: the sources of a runtime, by number.
//!
//! The kernel knows a source by a number that no other source of the runtime ever has: an event that comes late, when its source is gone, finds nobody.
//!
//! Who calls it: under one lock, whoever adds or removes a source, and whoever has the lease for a batch of events.
//!
//! # Invariants
//! - `io_reuses_number` (structural): no number comes again. Checked by the model `drop_vs_event`.
//! - `io_register_ignores_closed` (structural): a closed table takes no slot. Checked by the model `register_vs_close`.
//!
//! Deliberately not here: what a slot knows (`slot.rs`).

use std::task::Waker;

use hashbrown::HashTable;

use super::slot::Slot;
use crate::facade::{Arc, mutant};
use crate::spare::left_of;

/// All sources of a runtime.
#[derive(Debug)]
pub(super) struct Table {
    slots: HashTable<(usize, Arc<Slot>)>,
    /// The number of the source that was added last.
    last: usize,
    closed: bool,
}

/// The runtime is gone: it takes no source any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

impl Table {
    pub(super) fn new() -> Self {
        Self { slots: HashTable::new(), last: 0, closed: false }
    }

    /// Enters `slot`. The number by which it is found.
    pub(super) fn insert(&mut self, slot: Arc<Slot>) -> Result<usize, Closed> {
        if self.closed && !mutant("io_register_ignores_closed") {
            return Err(Closed);
        }
        let mut number = self.last;
        loop {
            // The highest numbers are the selector's own. Where words are short the numbers begin anew after billions of sources.
            number = if number >= usize::MAX / 2 { 1 } else { number + 1 };
            if usize::BITS >= 64 || self.get(number).is_none() {
                break;
            }
        }
        if !mutant("io_reuses_number") {
            self.last = number;
        }
        self.slots.insert_unique(hash(number), (number, slot), |(number, _)| hash(*number));
        Ok(number)
    }

    /// The slot with this number, unless it is gone.
    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&Slot> {
        self.slots.find(hash(number), |(other, _)| *other == number).map(|(_, slot)| &**slot)
    }

    /// Takes a slot out, for good.
    pub(super) fn remove(&mut self, number: usize) -> Option<Arc<Slot>> {
        let entry = self.slots.find_entry(hash(number), |(other, _)| *other == number).ok()?;
        let ((_, slot), _) = entry.remove();
        if let Some(left) = left_of(self.slots.capacity(), self.slots.len()) {
            self.slots.shrink_to(left, |(number, _)| hash(*number));
        }
        Some(slot)
    }

    /// How many places there are for slots, for [`at`](Self::at).
    pub(super) fn places(&self) -> usize {
        self.slots.num_buckets()
    }

    /// The slot at a place, with its number. Another may be there once a slot is added or removed.
    pub(super) fn at(&self, place: usize) -> Option<(usize, &Slot)> {
        self.slots.get_bucket(place).map(|(number, slot)| (*number, &**slot))
    }

    /// Closes every slot, and refuses others. Who waits goes to `due`.
    pub(super) fn close(&mut self, due: &mut Vec<Waker>) {
        self.closed = true;
        self.slots.iter().for_each(|(_, slot)| slot.close(due));
    }
}

/// Numbers that follow each other, spread over the word (Knuth, The Art of Computer Programming, volume 3, section 6.4: multiplicative hashing).
fn hash(number: usize) -> u64 {
    (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
