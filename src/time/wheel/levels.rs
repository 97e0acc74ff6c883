//! The levels of a wheel: which slot a tick belongs to, which slots hold entries, and when they begin.
//!
//! Level `k` has 64 slots of `64^k` ticks: a tick's digit `k`, base 64, is its slot. A list head's number is
//! `64 * level + slot`; the due list follows the last level, as a level of one slot.
//!
//! # Invariants
//! - A slot's bit is set exactly while its list has entries.
//! - A level's entries share the digits above it with `elapsed + 1`, and their own digit is not below its: so
//!   a level's first slot is its lowest set bit, and the digits above give the slot's start.
//!
//! Deliberately not here: the lists (`slab`).

const DIGIT_BITS: u32 = 6;
const SLOTS: u32 = 1 << DIGIT_BITS;
const SLOT_MASK: u32 = SLOTS - 1;

/// Levels for 65 bits of ticks, and the due list.
const ROWS: usize = 65usize.div_ceil(DIGIT_BITS as usize) + 1;

/// One word a level, and one for the due list.
pub(super) struct Levels {
    occupied: [u64; ROWS],
    count: u32,
}

/// A slot that holds entries.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) head: u32,
    pub(super) level: u32,
    /// Its first tick.
    pub(super) start: u64,
}

impl Levels {
    /// Enough of them for ticks of `tick_bits`.
    pub(super) fn new(tick_bits: u32) -> Self {
        Self { occupied: [0; ROWS], count: tick_bits.div_ceil(DIGIT_BITS) }
    }

    /// How many lists there are.
    pub(super) fn heads(&self) -> u32 {
        self.due() + 1
    }

    pub(super) fn due(&self) -> u32 {
        self.count * SLOTS
    }

    /// The slot of `tick` as seen from `from`: in the level of the highest digit in which they differ.
    pub(super) fn home(&self, from: u64, tick: u64) -> u32 {
        debug_assert!(from <= tick, "what lies behind is due, and in no slot");
        // Setting the lowest bit makes equal ticks, too, differ in digit 0.
        let level = ((from ^ tick) | 1).ilog2() / DIGIT_BITS;
        debug_assert!(level < self.count, "the levels span every tick");
        let slot = (tick >> (level * DIGIT_BITS)) as u32 & SLOT_MASK;
        level * SLOTS + slot
    }

    /// The first tick of the slot `head`, the home of `tick`.
    pub(super) fn start(&self, head: u32, tick: u64) -> u64 {
        let shift = head / SLOTS * DIGIT_BITS;
        tick >> shift << shift
    }

    pub(super) fn mark(&mut self, head: u32) {
        self.occupied[row(head)] |= bit(head);
    }

    pub(super) fn clear(&mut self, head: u32) {
        self.occupied[row(head)] &= !bit(head);
    }

    pub(super) fn is_occupied(&self, head: u32) -> bool {
        self.occupied[row(head)] & bit(head) != 0
    }

    /// Some list that holds entries.
    pub(super) fn any_occupied(&self) -> Option<u32> {
        let row = self.occupied.iter().position(|&word| word != 0)?;
        Some(row as u32 * SLOTS + self.occupied[row].trailing_zeros())
    }

    /// The first occupied slot of every level that has one, from the top level down.
    pub(super) fn firsts(&self, elapsed: u64) -> impl DoubleEndedIterator<Item = Slot> {
        (0..self.count).rev().filter_map(move |level| {
            let word = self.occupied[level as usize];
            if word == 0 {
                return None;
            }
            let slot = word.trailing_zeros();
            let shift = level * DIGIT_BITS;
            // No overflow: an occupied slot lies after `elapsed`.
            let cursor = (elapsed + 1) >> shift;
            let digits = cursor & !u64::from(SLOT_MASK) | u64::from(slot);
            debug_assert!(digits >= cursor, "no slot is left behind");
            Some(Slot { head: level * SLOTS + slot, level, start: digits << shift })
        })
    }
}

fn row(head: u32) -> usize {
    (head / SLOTS) as usize
}

fn bit(head: u32) -> u64 {
    1 << (head & SLOT_MASK)
}
