//! A recording as bytes: a line of text that says what it is, then numbers of eight bytes, the least significant first, and text, which begins with its length.
//!
//! | part | holds |
//! |---|---|
//! | header | [`MAGIC`] |
//! | runtime | 0, or 1 and the name |
//! | time | when it was taken: nanoseconds since the start of the runtime; since 1970 |
//! | places | how many; of each 0, or 1, file, line and column |
//! | names | how many; each |
//! | tracks | how many; of each the kind, its number, how many words were overwritten, how many there are, and these (`recorder/word.rs`); when it stood still: how often, and of each the number of words before, when that was seen first, and last |
//!
//! Whatever is read is checked, as somebody else may have written it: what does not fit is an error, and takes memory in proportion to the bytes that there are.

use std::io::{self, BufWriter, Read, Write};
use std::time::Duration;

use super::{Place, Recording, Track, TrackSource};
use crate::facade::WallTime;
use crate::recorder::ring::Excerpt;
use crate::recorder::stalls::Stall;

/// How a recording begins.
const MAGIC: &[u8] = b"fusee recording, version 1\n";

/// So many bytes of text follow each other at most.
const LONGEST: u64 = 1 << 16;

impl Recording {
    /// Writes it, for [`read_from`](Self::read_from): eight bytes for each event. Several may follow each other.
    ///
    /// # Errors
    /// Those of `to`.
    ///
    /// ```
    /// use fusee::insight::Recorder;
    /// use fusee::insight::recording::Recording;
    ///
    /// let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(1).recorder(Recorder::new()).build()?;
    /// let recording = runtime.handle().recording().unwrap();
    /// let mut bytes = Vec::new();
    /// recording.write_to(&mut bytes)?;
    /// assert_eq!(Recording::read_from(&mut &bytes[..])?, recording);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_to(&self, to: impl Write) -> io::Result<()> {
        let to = &mut BufWriter::new(to);
        to.write_all(MAGIC)?;
        option(to, self.runtime.as_ref(), |to, name| text(to, name))?;
        number(to, self.taken.as_nanos() as u64)?;
        let since = self.taken_at.duration_since(WallTime::UNIX_EPOCH).unwrap_or_default();
        number(to, since.as_nanos() as u64)?;
        number(to, self.places.len() as u64)?;
        for place in &self.places {
            option(to, place.as_ref(), |to, place| {
                text(to, &place.file)?;
                number(to, place.line.into())?;
                number(to, place.column.into())
            })?;
        }
        number(to, self.names.len() as u64)?;
        self.names.iter().try_for_each(|name| text(to, name))?;
        number(to, self.tracks.len() as u64)?;
        for track in &self.tracks {
            let (kind, index) = code_of(track.source);
            number(to, kind)?;
            number(to, index)?;
            number(to, track.excerpt.first)?;
            number(to, track.excerpt.words.len() as u64)?;
            track.excerpt.words.iter().try_for_each(|&word| number(to, word))?;
            number(to, track.stalls.len() as u64)?;
            for stall in &track.stalls {
                [stall.number, stall.first, stall.last].into_iter().try_for_each(|part| number(to, part))?;
            }
        }
        to.flush()
    }

    /// Reads what [`write_to`](Self::write_to) has written, and nothing behind it.
    ///
    /// # Errors
    /// Those of `from`; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if it ends too early; [`InvalidData`](io::ErrorKind::InvalidData), if it is no
    /// recording, or one of another version of the format.
    pub fn read_from(mut from: impl Read) -> io::Result<Self> {
        let from = &mut from;
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(invalid("this is no recording of fusee, or one of another version"));
        }
        let runtime = read_option(from, read_text)?;
        let taken = Duration::from_nanos(read_number(from)?);
        let taken_at = WallTime::UNIX_EPOCH + Duration::from_nanos(read_number(from)?);
        let places = read_many(from, |from| read_option(from, read_place))?;
        let names = read_many(from, read_text)?;
        let tracks = read_many(from, |from| read_track(from, taken))?;
        Ok(Self { runtime, taken_at, taken, tracks, places, names })
    }
}

fn read_place(from: &mut impl Read) -> io::Result<Place> {
    let file = read_text(from)?;
    let mut small = || u32::try_from(read_number(from)?).map_err(|_| invalid("a line or a column is too high"));
    Ok(Place { file, line: small()?, column: small()? })
}

fn read_track(from: &mut impl Read, taken: Duration) -> io::Result<Track> {
    let (kind, index) = (read_number(from)?, read_number(from)?);
    let source = source_of(kind, index).ok_or_else(|| invalid("a track is of no known kind"))?;
    let first = read_number(from)?;
    let words = read_words(from)?;
    let stalls = read_many(from, read_stall)?;
    Ok(Track { source, excerpt: Excerpt { first, words }, stalls, taken })
}

/// As [`read_many`] of numbers, some thousand at a time.
fn read_words(from: &mut impl Read) -> io::Result<Vec<u64>> {
    let (mut left, mut words, mut bytes) = (read_number(from)?, Vec::new(), [0; 1 << 13]);
    while left > 0 {
        let some = &mut bytes[..8 * left.min(1 << 10) as usize];
        from.read_exact(some)?;
        let (numbers, _) = some.as_chunks();
        words.extend(numbers.iter().map(|number| u64::from_le_bytes(*number)));
        left -= numbers.len() as u64;
    }
    Ok(words)
}

fn read_stall(from: &mut impl Read) -> io::Result<Stall> {
    Ok(Stall { number: read_number(from)?, first: read_number(from)?, last: read_number(from)? })
}

fn code_of(source: TrackSource) -> (u64, u64) {
    match source {
        TrackSource::Worker(index) => (0, index as u64),
        TrackSource::Driver => (1, 0),
        TrackSource::Blocking(index) => (2, index as u64),
        TrackSource::BlockOn(index) => (3, index as u64),
    }
}

fn source_of(kind: u64, index: u64) -> Option<TrackSource> {
    let index = usize::try_from(index).ok()?;
    match kind {
        0 => Some(TrackSource::Worker(index)),
        1 => Some(TrackSource::Driver),
        2 => Some(TrackSource::Blocking(index)),
        3 => Some(TrackSource::BlockOn(index)),
        _ => None,
    }
}

fn number(to: &mut impl Write, number: u64) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

fn text(to: &mut impl Write, text: &str) -> io::Result<()> {
    // What is too long is cut, at the end of a character.
    let end = (0..=text.len().min(LONGEST as usize)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    number(to, end as u64)?;
    to.write_all(&text.as_bytes()[..end])
}

fn option<W: Write, T>(
    to: &mut W,
    value: Option<&T>,
    write: impl FnOnce(&mut W, &T) -> io::Result<()>,
) -> io::Result<()> {
    number(to, value.is_some().into())?;
    value.map_or(Ok(()), |value| write(to, value))
}

fn read_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_text(from: &mut impl Read) -> io::Result<String> {
    let length = read_number(from)?;
    if length > LONGEST {
        return Err(invalid("a text is too long"));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| invalid("a text is not UTF-8"))
}

fn read_option<R: Read, T>(from: &mut R, read: impl FnOnce(&mut R) -> io::Result<T>) -> io::Result<Option<T>> {
    match read_number(from)? {
        0 => Ok(None),
        1 => read(from).map(Some),
        _ => Err(invalid("neither there nor absent")),
    }
}

fn read_many<R: Read, T>(from: &mut R, mut read: impl FnMut(&mut R) -> io::Result<T>) -> io::Result<Vec<T>> {
    // Room is made for what is there, and not for what is said to be.
    (0..read_number(from)?).map(|_| read(from)).collect()
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Recording {
        let taken = Duration::from_nanos(99);
        let track = |source, words: &[u64]| Track {
            source,
            excerpt: Excerpt { first: 3, words: words.to_vec() },
            stalls: vec![Stall { number: 4, first: 5, last: 6 }],
            taken,
        };
        Recording {
            runtime: Some("é".repeat(40_000)),
            taken_at: WallTime::UNIX_EPOCH + Duration::from_secs(7),
            taken,
            tracks: vec![track(TrackSource::Worker(1), &[1, u64::MAX]), track(TrackSource::BlockOn(0), &[])],
            places: vec![None, Some(Place { file: "src/a.rs".to_owned(), line: 4, column: u32::MAX })],
            names: vec![String::new(), "reindex".to_owned()],
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_too_long_is_cut() {
        let mut recording = example();
        let mut bytes = Vec::new();
        recording.write_to(&mut bytes).unwrap();
        recording.write_to(&mut bytes).unwrap();
        recording.runtime = Some("é".repeat(LONGEST as usize / 2));
        let mut rest = &bytes[..];
        assert_eq!(Recording::read_from(&mut rest).unwrap(), recording);
        assert_eq!(Recording::read_from(&mut rest).unwrap(), recording);
        assert!(rest.is_empty());
    }

    #[test]
    fn one_that_is_cut_off_anywhere_is_an_error() {
        let mut bytes = Vec::new();
        Recording { runtime: None, ..example() }.write_to(&mut bytes).unwrap();
        for length in 0..bytes.len() {
            let error = Recording::read_from(&bytes[..length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "after {length} bytes");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut bytes = Vec::new();
        Recording { runtime: None, ..example() }.write_to(&mut bytes).unwrap();
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] = 0xff;
            match Recording::read_from(&broken[..]) {
                // Whatever it says, it can be read.
                Ok(recording) => recording.tracks.iter().for_each(|track| drop(track.events())),
                Err(error) => {
                    assert!(
                        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof),
                        "{error}"
                    );
                }
            }
        }
        assert_eq!(
            Recording::read_from(&b"#!/bin/sh, and some more than that"[..]).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
