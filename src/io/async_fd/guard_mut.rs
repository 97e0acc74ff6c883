//! Readiness that was waited for, of a descriptor that the guard borrows exclusively.
//!
//! Who calls it: users, on any thread. Deliberately not here: how it is waited for (`waiting.rs`).

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;

use super::event::Event;
use super::{AsyncFd, TryIoError};
use crate::io::Ready;

/// As an [`AsyncFdReadyGuard`](super::AsyncFdReadyGuard), of a descriptor that is borrowed exclusively.
///
/// # Examples
/// See [`AsyncFd::readable_mut`].
#[must_use = "whether the readiness is used up is to be said"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    async_fd: &'a mut AsyncFd<T>,
    event: Event,
}

impl<'a, T: AsRawFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(async_fd: &'a mut AsyncFd<T>, event: Event) -> Self {
        Self { async_fd, event }
    }

    /// Says that an operation would block, so that readiness is waited for anew. All that was waited for is cleared,
    /// and the end of a direction never.
    ///
    /// To be called only after an operation has answered so: else the event that would tell of readiness may be the one
    /// that is thrown away.
    ///
    /// ```
    /// # use std::io::{ErrorKind, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// loop {
    ///     let mut guard = near.writable_mut().await?;
    ///     match guard.get_inner_mut().write(&[0; 4096]) {
    ///         Err(error) if error.kind() == ErrorKind::WouldBlock => {
    ///             guard.clear_ready();
    ///             break;
    ///         }
    ///         answer => assert!(answer? > 0),
    ///     }
    /// }
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn clear_ready(&mut self) {
        self.event.clear(&self.async_fd.registration);
    }

    /// As [`clear_ready`](Self::clear_ready), of nothing but `ready`.
    ///
    /// ```
    /// use fusee::io::{Interest, Ready};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// let mut guard = near.ready_mut(Interest::READABLE | Interest::WRITABLE).await?;
    /// // A read has answered that it would block.
    /// guard.clear_ready_matching(Ready::READABLE);
    /// assert!(guard.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.event.clear_matching(&self.async_fd.registration, ready);
    }

    /// Says that the readiness is not used up. It does nothing, and tells the reader of the code so.
    ///
    /// ```
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// near.writable_mut().await?.retain_ready();
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn retain_ready(&mut self) {}

    /// What was waited for, as far as it was not cleared. It is what was true when the wait ended.
    ///
    /// ```
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert!(near.writable_mut().await?.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn ready(&self) -> Ready {
        self.event.ready()
    }

    /// Calls `operation`; clears the readiness if that answers an error of the kind `WouldBlock`.
    ///
    /// # Errors
    /// A [`TryIoError`] if the operation would block. Its other errors are those within `Ok`.
    ///
    /// # Examples
    /// ```
    /// # use std::io::Read;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// drop(far);
    /// let answer = near.readable_mut().await?.try_io(|near| near.get_mut().read(&mut [0; 16]));
    /// assert_eq!(answer.expect("the end is there")?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match operation(self.async_fd) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear_ready();
                Err(TryIoError(()))
            }
            answer => Ok(answer),
        }
    }

    /// What the readiness is of.
    ///
    /// ```
    /// use std::os::fd::AsRawFd;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert!(near.writable_mut().await?.get_ref().as_raw_fd() >= 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// What the readiness is of.
    ///
    /// ```
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert!(near.writable_mut().await?.get_mut().get_mut().take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// The owner of the descriptor that the readiness is of.
    ///
    /// ```
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert!(near.writable_mut().await?.get_inner().take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_inner(&self) -> &T {
        self.get_ref().get_ref()
    }

    /// The owner of the descriptor that the readiness is of.
    ///
    /// ```
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert_eq!(near.writable_mut().await?.get_inner_mut().write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.get_mut().get_mut()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard").field("async_fd", &self.async_fd).field("ready", &self.ready()).finish()
    }
}
