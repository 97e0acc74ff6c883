//! A ring of words: one thread at a time writes, and overwrites the oldest; any thread reads, at any time, and delays nobody.
//!
//! # The protocol
//! | writer, of word `n` | reader |
//! |---|---|
//! | 1. writes it, to place `n` modulo the size | 1. reads `head`: `h` |
//! | 2. `head` := `n` + 1 | 2. reads the last words before `h`, as many as there are places |
//! | | 3. reads `head` once more: `i`; drops what may be overwritten, which is all but the last words before `i`, and one more |
//!
//! The one more: while the writer writes word `n`, `head` is `n` still, and the oldest word is gone.
//!
//! # Invariants (ordering labels)
//! - `ring_head`: who reads a head sees every word before it.
//! - `ring_word`: who reads a word sees a head, afterwards, that is one behind it at most. So what was overwritten while it was read is dropped.
//! - `ring_margin` (structural): the one more.
//!
//! Checked by the model `ring_lap`. What hands the ring from one writer to the next orders their writes; see `pen.rs`.
//! Deliberately not here: what a word says (`word.rs`).

use crate::facade::atomic::{AtomicU64, Ordering};
use crate::facade::{CachePadded, mutant, ord};

/// So many words, a power of two.
pub(crate) struct Ring {
    words: Box<[AtomicU64]>,
    /// How many words were written so far.
    head: CachePadded<AtomicU64>,
}

/// Some words of a ring that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The number of the first: so many are lost.
    pub(crate) first: u64,
    pub(crate) words: Vec<u64>,
}

impl Ring {
    /// For at least `words` words.
    pub(crate) fn new(words: usize) -> Self {
        let words = words.next_power_of_two();
        Self { words: (0..words).map(|_| AtomicU64::new(0)).collect(), head: CachePadded::new(AtomicU64::new(0)) }
    }

    /// Writes word `number`, of which all before were written. By the writer only.
    #[inline]
    pub(crate) fn write(&self, number: u64, word: u64) {
        // ORDERING(ring_word): release, of the head that was stored before; pairs with `read`.
        self.place(number).store(word, ord("ring_word", Ordering::Release));
        // ORDERING(ring_head): release, of the word; pairs with `read`.
        self.head.store(number + 1, ord("ring_head", Ordering::Release));
    }

    /// How many words were written so far.
    pub(super) fn head(&self) -> u64 {
        // Counter only: who goes on to write has been handed the ring, and who watches is told no more than a number.
        self.head.load(Ordering::Relaxed)
    }

    /// The words that it holds, the oldest first.
    pub(crate) fn read(&self) -> Excerpt {
        self.read_last(self.words.len())
    }

    /// So many of the last words at most.
    pub(crate) fn read_last(&self, most: usize) -> Excerpt {
        let size = self.words.len() as u64;
        // ORDERING(ring_head): acquire; pairs with `write`.
        let head = self.head.load(ord("ring_head", Ordering::Acquire));
        let first = head.saturating_sub(size.min(most as u64));
        // ORDERING(ring_word): acquire; pairs with `write`: the head that is read next is that of the newest of these words, or later.
        let read = |number| self.place(number).load(ord("ring_word", Ordering::Acquire));
        let mut words: Vec<_> = (first..head).map(read).collect();
        let margin = u64::from(!mutant("ring_margin"));
        // ORDERING(ring_word): relaxed, after the words were acquired.
        let now = self.head.load(Ordering::Relaxed);
        let kept = (now + margin).saturating_sub(size).clamp(first, head);
        words.drain(..(kept - first) as usize);
        Excerpt { first: kept, words }
    }

    fn place(&self, number: u64) -> &AtomicU64 {
        &self.words[number as usize & (self.words.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::testing::alone;

    #[test]
    fn the_last_words_are_kept() {
        alone(|| {
            let ring = Ring::new(4);
            assert_eq!(ring.read(), Excerpt { first: 0, words: vec![] });
            for number in 0..3 {
                ring.write(number, number * 10);
            }
            assert_eq!(ring.read(), Excerpt { first: 0, words: vec![0, 10, 20] });
            for number in 3..9 {
                ring.write(number, number * 10);
            }
            // One less than there are places: the writer might be about to overwrite it.
            assert_eq!(ring.read(), Excerpt { first: 6, words: vec![60, 70, 80] });
            assert_eq!(ring.head(), 9);
        });
    }
}
