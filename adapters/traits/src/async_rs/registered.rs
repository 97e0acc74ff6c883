//! Whatever has a descriptor, read and written when it is ready.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use fusee::io::unix::AsyncFd;
use futures_io::{AsyncRead, AsyncWrite};

/// A source in the selector of a runtime.
pub(super) struct Registered<H: AsRawFd>(AsyncFd<H>);

// The source is never pinned.
impl<H: AsRawFd> Unpin for Registered<H> {}

impl<H: AsFd + AsRawFd> Registered<H> {
    /// On the current runtime.
    pub(super) fn new(source: H) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&source, true)?;
        Ok(Self(AsyncFd::new(source)?))
    }
}

impl<H: AsRawFd> Registered<H> {
    fn poll_read_with<R>(
        &mut self,
        context: &mut Context<'_>,
        mut read: impl FnMut(&mut H) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready_mut(context))?;
            // An operation that would block takes the readiness back: the next round waits.
            if let Ok(answer) = guard.try_io(|source| uninterrupted(|| read(source.get_mut()))) {
                return Poll::Ready(answer);
            }
        }
    }

    fn poll_write_with<R>(
        &mut self,
        context: &mut Context<'_>,
        mut write: impl FnMut(&mut H) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready_mut(context))?;
            if let Ok(answer) = guard.try_io(|source| uninterrupted(|| write(source.get_mut()))) {
                return Poll::Ready(answer);
            }
        }
    }
}

/// Tries `operation` until no signal interrupts it.
fn uninterrupted<R>(mut operation: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match operation() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

impl<H: AsRawFd + Read> AsyncRead for Registered<H> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read_with(context, |source| source.read(buffer))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(context, |source| source.read_vectored(buffers))
    }
}

impl<H: AsRawFd + Write> AsyncWrite for Registered<H> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |source| source.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |source| source.write_vectored(slices))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What keeps nothing back waits for no room.
        match uninterrupted(|| self.0.get_mut().flush()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.poll_write_with(context, Write::flush),
            answer => Poll::Ready(answer),
        }
    }

    // What closes it is its drop: the traits of `std` have no other end.
    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
