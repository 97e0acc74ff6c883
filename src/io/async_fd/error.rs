//! What is answered when a descriptor is refused, and when an operation would block.

use std::error::Error;
use std::fmt;
use std::io;

/// A descriptor that was refused, with its owner and the reason; see [`AsyncFd::try_new`](super::AsyncFd::try_new).
pub struct AsyncFdTryNewError<T> {
    pub(super) inner: T,
    pub(super) cause: io::Error,
}

impl<T> AsyncFdTryNewError<T> {
    /// The descriptor's owner, and the reason.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// # #[cfg(target_os = "linux")] {
    /// use fusee::io::unix::AsyncFd;
    ///
    /// let refused = AsyncFd::try_new(std::fs::File::open("/proc/self/exe").unwrap()).unwrap_err();
    /// let (file, reason) = refused.into_parts();
    /// println!("{file:?} cannot be waited for: {reason}");
    /// # }
    /// # });
    /// ```
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Display for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl<T> fmt::Debug for AsyncFdTryNewError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdTryNewError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<T> Error for AsyncFdTryNewError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdTryNewError<T>> for io::Error {
    fn from(refused: AsyncFdTryNewError<T>) -> Self {
        refused.cause
    }
}

/// The operation would block; see [`AsyncFdReadyGuard::try_io`](super::AsyncFdReadyGuard::try_io).
#[derive(Debug)]
pub struct TryIoError(pub(super) ());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would block")
    }
}

impl Error for TryIoError {}
