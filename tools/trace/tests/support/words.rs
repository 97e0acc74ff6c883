//! Recordings that nobody has recorded: as bytes, and read from them.

use fusee::insight::recording::Recording;

pub(crate) const END: u64 = 3;
pub(crate) const POLL: u64 = 2;
pub(crate) const SPAWN: u64 = 4;
pub(crate) const WAKE: u64 = 5;
pub(crate) const PARK: u64 = 9;
pub(crate) const UNPARK: u64 = 15;

/// Something that happens to a task, which was spawned at the place of the number.
pub(crate) fn word(kind: u64, number: u64, task: u64) -> u64 {
    kind | number << 4 | task << 20
}

/// The word before was so late, in nanoseconds.
pub(crate) fn stamp(nanos: u64) -> u64 {
    1 | nanos << 4
}

/// A track's kind and number, how many words it has lost, and the words.
pub(crate) type Words = (u64, u64, u64, Vec<u64>);

/// A recording that was taken at that nanosecond: two places are known, number 1 of three, and a name.
pub(crate) fn recording(taken: u64, tracks: &[Words]) -> Recording {
    let mut bytes = b"fusee recording, version 1\n".to_vec();
    let mut numbers = |numbers: &[u64], text: &str| {
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend(text.as_bytes());
    };
    numbers(&[0, taken, 7, 3, 0, 1, 8], "src/a.rs");
    numbers(&[4, 9, 1, 8], "src/b.rs");
    numbers(&[5, 1, 1, 4], "name");
    numbers(&[tracks.len() as u64], "");
    for (kind, number, lost, words) in tracks {
        numbers(&[*kind, *number, *lost, words.len() as u64], "");
        numbers(words, "");
        // It never stood still.
        numbers(&[0], "");
    }
    Recording::read_from(&bytes[..]).unwrap()
}

/// Of the worker of the number, which has lost nothing.
pub(crate) fn worker(number: u64, words: impl Into<Vec<u64>>) -> Words {
    (0, number, 0, words.into())
}
