//! How the readiness of a descriptor is waited for, and operations are tried.
//!
//! Who calls it: users, on any thread. Deliberately not here: what ends a wait (`source/`).

use std::io;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};

use super::event::Event;
use super::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard};
use crate::io::Interest;
use crate::source::Direction;

impl<T: AsRawFd> AsyncFd<T> {
    /// Waits until the descriptor can be read, or nothing more will come. Of the tasks that wait by this, the last is
    /// woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    /// # use std::io::{Read, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.set_nonblocking(true)?;
    /// let far = AsyncFd::new(far)?;
    /// near.write_all(b"hello")?;
    ///
    /// let mut buffer = [0; 16];
    /// let count = poll_fn(|context| {
    ///     loop {
    ///         let mut guard = std::task::ready!(far.poll_read_ready(context))?;
    ///         if let Ok(answer) = guard.try_io(|far| far.get_ref().read(&mut buffer)) {
    ///             return std::task::Poll::Ready(answer);
    ///         }
    ///     }
    /// })
    /// .await?;
    /// assert_eq!(&buffer[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_read_ready<'a>(&'a self, context: &mut Context<'_>) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.registration.poll_ready(context, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, Event::of(seen))))
    }

    /// As [`poll_read_ready`](Self::poll_read_ready), with a guard that borrows exclusively.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    /// # use std::io::{Read, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.set_nonblocking(true)?;
    /// let mut far = AsyncFd::new(far)?;
    /// near.write_all(b"hello")?;
    /// poll_fn(|context| {
    ///     let mut guard = std::task::ready!(far.poll_read_ready_mut(context))?;
    ///     let answer = guard.try_io(|far| far.get_mut().read(&mut [0; 16]));
    ///     assert_eq!(answer.expect("it is not empty")?, 5);
    ///     std::task::Poll::Ready(std::io::Result::Ok(()))
    /// })
    /// .await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.registration.poll_ready(context, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, Event::of(seen))))
    }

    /// Waits until the descriptor can be written, or nobody reads it any more. Of the tasks that wait by this, the last
    /// is woken.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// assert!(poll_fn(|context| near.poll_write_ready(context)).await?.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_write_ready<'a>(&'a self, context: &mut Context<'_>) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.registration.poll_ready(context, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, Event::of(seen))))
    }

    /// As [`poll_write_ready`](Self::poll_write_ready), with a guard that borrows exclusively.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Examples
    /// ```
    /// use std::future::poll_fn;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// poll_fn(|context| near.poll_write_ready_mut(context).map_ok(|mut guard| guard.retain_ready())).await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.registration.poll_ready(context, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, Event::of(seen))))
    }

    /// Waits until the descriptor meets `interest`. Any number of tasks may.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// It may be dropped at any time: the readiness is there when it is waited for again.
    ///
    /// # Examples
    /// ```
    /// use fusee::io::Interest;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// drop(far);
    /// let guard = near.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(guard.ready().is_readable() || guard.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let seen = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, Event::of(seen)))
    }

    /// As [`ready`](Self::ready), with a guard that borrows exclusively.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](Self::ready).
    ///
    /// # Examples
    /// ```
    /// use fusee::io::Interest;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// near.ready_mut(Interest::WRITABLE).await?.retain_ready();
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn ready_mut(&mut self, interest: Interest) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let seen = self.registration.ready(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, Event::of(seen)))
    }

    /// Waits until the descriptor can be read, or nothing more will come: [`ready`](Self::ready) for
    /// [`Interest::READABLE`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](Self::ready).
    ///
    /// # Examples
    /// ```
    /// # use std::io::{Read, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.set_nonblocking(true)?;
    /// let far = AsyncFd::new(far)?;
    /// near.write_all(b"hello")?;
    ///
    /// let mut buffer = [0; 16];
    /// let count = loop {
    ///     let mut guard = far.readable().await?;
    ///     match guard.try_io(|far| far.get_ref().read(&mut buffer)) {
    ///         Ok(answer) => break answer?,
    ///         Err(_would_block) => continue,
    ///     }
    /// };
    /// assert_eq!(&buffer[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn readable<'a>(&'a self) -> io::Result<AsyncFdReadyGuard<'a, T>> {
        self.ready(Interest::READABLE).await
    }

    /// As [`readable`](Self::readable), with a guard that borrows exclusively.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](Self::ready).
    ///
    /// # Examples
    /// ```
    /// # use std::io::{Read, Write};
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.set_nonblocking(true)?;
    /// let mut far = AsyncFd::new(far)?;
    /// near.write_all(b"hello")?;
    /// let mut guard = far.readable_mut().await?;
    /// let answer = guard.try_io(|far| far.get_mut().read(&mut [0; 16]));
    /// assert_eq!(answer.expect("it is not empty")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn readable_mut<'a>(&'a mut self) -> io::Result<AsyncFdReadyMutGuard<'a, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until the descriptor can be written, or nobody reads it any more: [`ready`](Self::ready) for
    /// [`Interest::WRITABLE`].
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](Self::ready).
    ///
    /// # Examples
    /// ```
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// let answer = near.writable().await?.try_io(|near| near.get_ref().write(b"hello"));
    /// assert_eq!(answer.expect("it is not full")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable<'a>(&'a self) -> io::Result<AsyncFdReadyGuard<'a, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// As [`writable`](Self::writable), with a guard that borrows exclusively.
    ///
    /// # Errors
    /// The runtime has shut down.
    ///
    /// # Cancel safety
    /// As [`ready`](Self::ready).
    ///
    /// # Examples
    /// ```
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # use fusee::io::unix::AsyncFd;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// let answer = near.writable_mut().await?.try_io(|near| near.get_mut().write(b"hello"));
    /// assert_eq!(answer.expect("it is not full")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable_mut<'a>(&'a mut self) -> io::Result<AsyncFdReadyMutGuard<'a, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }
}
