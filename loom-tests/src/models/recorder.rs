//! Models of `src/recorder/ring.rs`.

use std::sync::Arc as StdArc;

use crate::harness::{Model, spawn, witness};
use crate::recorder::ring::{Excerpt, Ring};

/// A writer laps a reader: what the reader keeps are the words of the numbers that it says, whatever was overwritten meanwhile, and it misses none that nobody was about to overwrite.
///
/// Mutants: `ring_head`, `ring_word`, `ring_margin`.
#[test]
fn ring_lap() {
    let outcomes = &["nothing yet", "all so far", "overtaken"];
    Model::new("ring_lap", 100).witnesses(outcomes).check(|| {
        const WORDS: u64 = 4;
        let ring = StdArc::new(Ring::new(2));
        let written = ring.clone();
        let writer = spawn(move || (0..WORDS).for_each(|number| written.write(number, number + 10)));
        let Excerpt { first, words } = ring.read();
        for (&word, number) in words.iter().zip(first..) {
            assert_eq!(word, number + 10, "word {word} is taken for that of number {number}");
        }
        witness(match first {
            0 if words.is_empty() => "nothing yet",
            0 => "all so far",
            _ => "overtaken",
        });
        writer.join().unwrap();
        assert_eq!(ring.read().words.last(), Some(&13));
    });
}
