//! Any descriptor that the kernel's selector knows, waited for: a library's own socket, a device, a timer, an
//! `inotify`.
//!
//! | file | holds |
//! |---|---|
//! | `waiting.rs`, `operation.rs` | how its readiness is waited for, and operations are tried |
//! | `guard.rs`, `guard_mut.rs` | readiness that was waited for, until its holder says whether it was used up |
//! | `event.rs` | what both have in common |
//! | `error.rs` | what is answered when a descriptor is refused, and when an operation would block |
//!
//! # Invariants
//! - The descriptor is taken out of the selector before its owner is handed back or dropped.
//!
//! Who calls it: users, on any thread. Checked by `tests/async_fd.rs` and `tests/async_fd_faults.rs`.
//! Deliberately not here: how an operation waits (`source/`), and sockets (`net/`).

mod error;
mod event;
mod guard;
mod guard_mut;
mod operation;
mod waiting;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use mio::unix::SourceFd;

pub use error::{AsyncFdTryNewError, TryIoError};
pub use guard::AsyncFdReadyGuard;
pub use guard_mut::AsyncFdReadyMutGuard;

use super::Interest;
use crate::source::Registration;

/// A descriptor of any kind whose readiness is waited for. What is read and written is up to whoever has it.
///
/// It takes whatever has a descriptor: a socket of `std` or of a library in C, a device, a `timerfd`, an `inotify`. The
/// kernel must be able to tell of its readiness, which it can of no file on a disk. **The descriptor is to be in
/// non-blocking mode**, which is up to the caller: else an operation that finds nothing blocks the thread.
///
/// Readiness is a guess, kept until an operation proves it wrong: so whoever finds that one would block says so, and
/// then it is waited for anew. [`async_io`](Self::async_io) and [`try_io`](Self::try_io) do that by themselves; a guard
/// that [`readable`](Self::readable) and the like hand out does by [`AsyncFdReadyGuard::try_io`], or by
/// [`clear_ready`](AsyncFdReadyGuard::clear_ready). Who never says so is told at once, again and again.
///
/// The descriptor stays open, and the same, as long as this has it: what [`get_mut`](Self::get_mut) hands out must not
/// be used to change it. A drop takes it out of the selector and drops its owner, in this order.
///
/// Any number of tasks may wait by the `async` methods; of those that wait by the `poll_` methods the last is told, one
/// for each direction.
///
/// # Panics
/// Every method that waits panics in a forked child of the process that built the runtime.
///
/// # Examples
/// A socket of the standard library, read and written as it is there:
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// use fusee::io::Interest;
/// use fusee::io::unix::AsyncFd;
///
/// # fusee::runtime::block_on(async {
/// let (mut near, far) = UnixStream::pair()?;
/// far.set_nonblocking(true)?;
/// let far = AsyncFd::new(far)?;
///
/// let reader = fusee::spawn(async move {
///     let mut buffer = [0; 16];
///     let count = far.async_io(Interest::READABLE, |mut stream| stream.read(&mut buffer)).await?;
///     io::Result::Ok(buffer[..count].to_vec())
/// });
/// near.write_all(b"hello")?;
/// assert_eq!(reader.await.unwrap()?, b"hello");
/// # io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct AsyncFd<T: AsRawFd> {
    /// None once it was taken out.
    owner: Option<T>,
    registration: Registration,
}

impl<T: AsRawFd> AsyncFd<T> {
    /// Adds the descriptor of `inner` to the reactor of the current runtime, for reading and writing.
    ///
    /// # Errors
    /// What the kernel says: the kind `PermissionDenied` (`EPERM`) for a file that is always ready, `AlreadyExists`
    /// (`EEXIST`) for a descriptor that this runtime knows already. Another if the runtime has shut down, or if this is
    /// its first source and the process has no descriptors left. `inner` is dropped; see [`try_new`](Self::try_new).
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child of the process that built it.
    ///
    /// # Examples
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let socket = UnixDatagram::unbound()?;
    /// socket.set_nonblocking(true)?;
    /// let socket = AsyncFd::new(socket)?;
    /// socket.writable().await?.retain_ready();
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Self::try_new(inner).map_err(Into::into)
    }

    /// As [`new`](Self::new), to wait for nothing but `interest`: to wait for anything else never ends.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// # Examples
    /// ```
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use fusee::io::Interest;
    /// use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let socket = UnixDatagram::unbound()?;
    /// socket.set_nonblocking(true)?;
    /// let socket = AsyncFd::with_interest(socket, Interest::WRITABLE)?;
    /// assert!(socket.writable().await?.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Self::try_with_interest(inner, interest).map_err(Into::into)
    }

    /// As [`new`](Self::new); an error has `inner` with it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// # Examples
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// # #[cfg(target_os = "linux")] {
    /// let file = std::fs::File::open("/proc/self/exe")?;
    /// let (file, error) = AsyncFd::try_new(file).unwrap_err().into_parts();
    /// assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    /// assert!(file.metadata()?.is_file());
    /// # }
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdTryNewError<T>> {
        Self::try_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// As [`with_interest`](Self::with_interest); an error has `inner` with it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// # Examples
    /// ```
    /// use std::os::fd::AsRawFd;
    /// use std::os::unix::net::UnixDatagram;
    ///
    /// use fusee::io::Interest;
    /// use fusee::io::unix::AsyncFd;
    ///
    /// # fusee::runtime::block_on(async {
    /// let socket = UnixDatagram::unbound().unwrap();
    /// socket.set_nonblocking(true).unwrap();
    /// let number = socket.as_raw_fd();
    /// match AsyncFd::try_with_interest(socket, Interest::READABLE) {
    ///     Ok(socket) => assert_eq!(socket.as_raw_fd(), number),
    ///     Err(refused) => panic!("{refused}"),
    /// }
    /// # });
    /// ```
    #[track_caller]
    pub fn try_with_interest(inner: T, interest: Interest) -> Result<Self, AsyncFdTryNewError<T>> {
        let number = inner.as_raw_fd();
        match Registration::new(&mut SourceFd(&number), interest.bits()) {
            Ok(registration) => Ok(Self { owner: Some(inner), registration }),
            Err(cause) => Err(AsyncFdTryNewError { inner, cause }),
        }
    }

    /// The owner of the descriptor.
    ///
    /// ```
    /// # use fusee::io::unix::AsyncFd;
    /// # use std::os::unix::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let socket = UnixDatagram::unbound()?;
    /// socket.set_nonblocking(true)?;
    /// let socket = AsyncFd::new(socket)?;
    /// assert!(socket.get_ref().local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &T {
        self.owner.as_ref().expect("the owner is there until it is taken out, with what borrows it")
    }

    /// The owner of the descriptor, which must not get another descriptor by this: the runtime would not know that.
    ///
    /// ```
    /// # use fusee::io::unix::AsyncFd;
    /// # use std::io::Write;
    /// # use std::os::unix::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (near, _far) = UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// assert_eq!(near.get_mut().write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.owner.as_mut().expect("the owner is there until it is taken out, with what borrows it")
    }

    /// The owner of the descriptor, which no runtime knows any more.
    ///
    /// ```
    /// # use fusee::io::unix::AsyncFd;
    /// # use std::os::unix::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let socket = UnixDatagram::unbound()?;
    /// socket.set_nonblocking(true)?;
    /// let socket: UnixDatagram = AsyncFd::new(socket)?.into_inner();
    /// AsyncFd::new(socket)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(mut self) -> T {
        self.take_out().expect("the owner is there until now")
    }

    /// Takes the descriptor out of the selector, once.
    fn take_out(&mut self) -> Option<T> {
        let owner = self.owner.take()?;
        // A descriptor that the selector does not know any more is as good as taken out.
        let _ = self.registration.remove(&mut SourceFd(&owner.as_raw_fd()));
        Some(owner)
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd + AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", &self.owner).finish()
    }
}

impl<T: AsRawFd> Drop for AsyncFd<T> {
    fn drop(&mut self) {
        drop(self.take_out());
    }
}
