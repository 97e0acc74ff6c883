//! Bytes that a job of the blocking pool has read, or is to write.
//!
//! The room is initialised once, as it grows, and kept: so a job reads into it without `unsafe`, and without clearing it each time.

use std::io::{self, IoSlice, IoSliceMut, Read};

/// At most so many bytes are read or written by one job, unless the user says otherwise.
pub(crate) const MOST: usize = 2 * 1024 * 1024;

/// Bytes in a row, taken from their front.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    room: Vec<u8>,
    /// The bytes are those from here on,
    start: usize,
    /// up to here.
    end: usize,
}

impl Buffer {
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.end]
    }

    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Moves bytes from the front to `target`, as many as it takes.
    pub(crate) fn take(&mut self, target: &mut [u8]) -> usize {
        let count = self.bytes().len().min(target.len());
        target[..count].copy_from_slice(&self.bytes()[..count]);
        self.start += count;
        if self.is_empty() {
            self.clear();
        }
        count
    }

    /// As [`take`](Self::take), to several targets in turn.
    pub(crate) fn take_vectored(&mut self, targets: &mut [IoSliceMut<'_>]) -> usize {
        targets.iter_mut().map(|target| self.take(target)).sum()
    }

    /// Replaces the bytes by those of `sources` in turn, at most `most` of them.
    pub(crate) fn put(&mut self, sources: &[IoSlice<'_>], most: usize) -> usize {
        self.clear();
        for source in sources {
            let count = source.len().min(most - self.end);
            let end = self.end + count;
            self.reserve(end);
            self.room[self.end..end].copy_from_slice(&source[..count]);
            self.end = end;
        }
        self.end
    }

    /// Replaces the bytes by what one call of `read` answers, at most `most` of them. It is repeated if a signal interrupts it.
    pub(crate) fn fill(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.clear();
        self.reserve(most);
        loop {
            match read(&mut self.room[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    // What a foreign reader claims beyond the room is not there.
                    self.end = count.min(most);
                    return Ok(self.end);
                }
            }
        }
    }

    /// As [`fill`](Self::fill), of a reader.
    pub(crate) fn fill_from(&mut self, most: usize, reader: &mut impl Read) -> io::Result<usize> {
        self.fill(most, |room| reader.read(room))
    }

    fn reserve(&mut self, length: usize) {
        if self.room.is_empty() {
            // Cleared by the kernel, where it is large.
            self.room = vec![0; length];
        } else if self.room.len() < length {
            self.room.resize(length, 0);
        }
    }
}
