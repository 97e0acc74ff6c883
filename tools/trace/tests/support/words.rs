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

/// What a recording calls things.
pub(crate) struct Texts<'a> {
    pub(crate) runtime: Option<&'a str>,
    /// The first two of three places; there, number 0 is not known.
    pub(crate) files: [&'a str; 2],
    pub(crate) name: &'a str,
}

/// A recording that was taken at that nanosecond: two places are known, number 1 of three, and a name.
pub(crate) fn recording(taken: u64, tracks: &[Words]) -> Recording {
    recording_of(&Texts { runtime: None, files: ["src/a.rs", "src/b.rs"], name: "name" }, taken, tracks)
}

/// The same, with other texts.
pub(crate) fn recording_of(texts: &Texts<'_>, taken: u64, tracks: &[Words]) -> Recording {
    let mut bytes = b"fusee recording, version 1\n".to_vec();
    let mut numbers = |numbers: &[u64], text: &str| {
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend(text.as_bytes());
    };
    let length = |text: &str| text.len() as u64;
    match texts.runtime {
        None => numbers(&[0], ""),
        Some(name) => numbers(&[1, length(name)], name),
    }
    let [first, second] = texts.files;
    numbers(&[taken, 7, 3, 0, 1, length(first)], first);
    numbers(&[4, 9, 1, length(second)], second);
    numbers(&[5, 1, 1, length(texts.name)], texts.name);
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
