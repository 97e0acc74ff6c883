//! Streams for scenarios: the stand-in kernel's, as sources of a runtime, made of what the types of `fusee::net` are made of.
//!
//! Who calls it: `tests/schedules/`. Deliberately not here: names and addresses.

use std::future::poll_fn;
use std::io;

use crate::facade::selector;
use crate::source::Evented;

/// One side of two connected streams, which no runtime knows yet. Dropped, it is closed.
#[derive(Debug)]
pub struct End(selector::Stream);

/// A source of a runtime. Dropped, it is closed.
#[derive(Debug)]
pub struct Stream(Evented<selector::Stream>);

/// Two connected ends, with room for `capacity` bytes in each direction.
pub fn pair(capacity: usize) -> (End, End) {
    let (one, other) = selector::Stream::pair(capacity);
    (End(one), End(other))
}

impl Stream {
    /// Makes `end` a source of the current runtime.
    ///
    /// # Errors
    /// If that has shut down.
    pub fn new(end: End) -> io::Result<Self> {
        Evented::new(end.0).map(Self)
    }

    /// Reads what is there, once something is, as far as `buffer` goes; nothing at the end.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| self.0.poll_read(context, buffer.len(), |stream| stream.read(buffer))).await
    }

    /// Writes as much of `bytes` as there is room for, once there is some.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| self.0.poll_write(context, bytes.len(), |stream| stream.write(bytes))).await
    }

    /// Writes all of `bytes`.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = &bytes[self.write(bytes).await?..];
        }
        Ok(())
    }

    /// Takes it out of its runtime.
    ///
    /// # Errors
    /// None.
    pub fn into_end(self) -> io::Result<End> {
        self.0.into_source().map(End)
    }
}
