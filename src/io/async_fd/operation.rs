//! Operations on a descriptor that are tried when it is ready, until they do not say that they would block.
//!
//! Who calls it: users, on any thread. Deliberately not here: readiness by itself (`waiting.rs`).

use std::io;
use std::os::fd::AsRawFd;

use super::AsyncFd;
use crate::io::Interest;

impl<T: AsRawFd> AsyncFd<T> {
    /// Waits until the descriptor meets `interest` and calls `operation`, until that answers anything but an error of
    /// the kind `WouldBlock`.
    ///
    /// # Errors
    /// Those of `operation`; or the runtime has shut down.
    ///
    /// # Cancel safety
    /// It may be dropped at any time: `operation` is not called then, or was called and answered that it would block.
    ///
    /// # Examples
    /// ```
    /// use fusee::io::Interest;
    /// # use std::io::{Read, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.set_nonblocking(true)?;
    /// let far = AsyncFd::new(far)?;
    /// near.write_all(b"hello")?;
    /// let count = far.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 16])).await?;
    /// assert_eq!(count, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.async_io(interest, || operation(self.get_ref())).await
    }

    /// As [`async_io`](Self::async_io), for an operation that takes the descriptor's owner exclusively.
    ///
    /// # Errors
    /// As [`async_io`](Self::async_io).
    ///
    /// # Cancel safety
    /// As [`async_io`](Self::async_io).
    ///
    /// # Examples
    /// ```
    /// use fusee::io::Interest;
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// let count = near.async_io_mut(Interest::WRITABLE, |stream| stream.write(b"hello")).await?;
    /// assert_eq!(count, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let Self { owner, registration } = self;
        let owner = owner.as_mut().expect("the owner is there until it is taken out, with what borrows it");
        registration.async_io(interest, || operation(owner)).await
    }

    /// Calls `operation` if the descriptor is known to meet `interest`, without waiting.
    ///
    /// # Errors
    /// Those of `operation`. One of the kind `WouldBlock` also if nothing is known; or the runtime has shut down.
    ///
    /// # Examples
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use fusee::io::Interest;
    /// # use std::io::Read;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// let read = near.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 16]));
    /// assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io<R>(&self, interest: Interest, operation: impl FnOnce(&T) -> io::Result<R>) -> io::Result<R> {
        self.registration.try_io(interest, || operation(self.get_ref()))
    }

    /// As [`try_io`](Self::try_io), for an operation that takes the descriptor's owner exclusively.
    ///
    /// # Errors
    /// As [`try_io`](Self::try_io).
    ///
    /// # Examples
    /// ```
    /// use fusee::io::Interest;
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// near.writable().await?.retain_ready();
    /// assert_eq!(near.try_io_mut(Interest::WRITABLE, |stream| stream.write(b"hello"))?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let Self { owner, registration } = self;
        let owner = owner.as_mut().expect("the owner is there until it is taken out, with what borrows it");
        registration.try_io(interest, || operation(owner))
    }
}
