//! A source together with its registration: what each type of `net` is.
//!
//! Deliberately not here: how an operation waits (`mod.rs`).

use std::fmt;
use std::io;
use std::ops::Deref;
use std::task::{Context, Poll};

use super::{Direction, Registration};
use crate::reactor::{Source, bits};

/// What most sources are asked for.
const BOTH: u8 = bits::READABLE | bits::WRITABLE;

/// A source that its runtime's reactor knows. Dropped, it is taken out of there and closed.
pub(crate) struct Evented<S: Source> {
    /// None once it was taken out.
    source: Option<S>,
    registration: Registration,
}

impl<S: Source> Evented<S> {
    /// Adds `source` to the reactor of the current runtime, for reading and writing.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    #[track_caller]
    pub(crate) fn new(source: S) -> io::Result<Self> {
        Self::with_interest(source, BOTH)
    }

    /// As [`new`](Self::new), for a source that may have urgent data.
    #[track_caller]
    pub(crate) fn with_urgent(source: S) -> io::Result<Self> {
        Self::with_interest(source, BOTH | bits::PRIORITY)
    }

    /// As [`new`](Self::new), for what `interest` has bits for.
    #[track_caller]
    pub(crate) fn with_interest(mut source: S, interest: u8) -> io::Result<Self> {
        let registration = Registration::new(&mut source, interest)?;
        Ok(Self { source: Some(source), registration })
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Takes the source out of its reactor.
    pub(crate) fn into_source(mut self) -> io::Result<S> {
        let mut source = self.source.take().expect("the source is there until now");
        self.registration.remove(&mut source)?;
        Ok(source)
    }

    /// Tries a read of a stream that wants `wanted` bytes: one that gets fewer, but some, has used up what there was.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        wanted: usize,
        read: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_counted(context, Direction::Read, wanted, read)
    }

    /// Tries a write to a stream of `wanted` bytes: one that takes fewer, but some, has used up what room there was.
    pub(crate) fn poll_write(
        &self,
        context: &mut Context<'_>,
        wanted: usize,
        write: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_counted(context, Direction::Write, wanted, write)
    }

    fn poll_counted(
        &self,
        context: &mut Context<'_>,
        direction: Direction,
        wanted: usize,
        mut operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.registration.poll_io_seen(context, direction, |seen| {
            let count = operation(self)?;
            // Elsewhere a selector may count on a call that would block before it tells of the next event.
            if count > 0 && count < wanted && cfg!(any(target_os = "linux", target_os = "android")) {
                self.registration.is_used_up(seen);
            }
            Ok(count)
        })
    }

    /// Tries `operation` whenever the source is ready in `direction`, until it does not say that it would block.
    pub(crate) fn poll_io<R>(
        &self,
        context: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration.poll_io(context, direction, || operation(self))
    }
}

impl<S: Source> Deref for Evented<S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.source.as_ref().expect("the source is there until it is taken out, with what borrows it")
    }
}

impl<S: Source> Drop for Evented<S> {
    fn drop(&mut self) {
        let Some(mut source) = self.source.take() else { return };
        // A source that the selector does not know any more is closed all the same.
        let _ = self.registration.remove(&mut source);
    }
}

impl<S: Source + fmt::Debug> fmt::Debug for Evented<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
