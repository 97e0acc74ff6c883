//! Time limits as methods of futures.

use std::future::Future;
use std::time::Duration;

use super::instant::Instant;
use super::timeout::{Timeout, timeout, timeout_at};

/// [`timeout()`] and [`timeout_at`] as methods, at the end of a chain.
///
/// ```
/// use fusee::time::{Duration, FutureExt};
///
/// fusee::runtime::block_on(async {
///     assert_eq!(async { 42 }.timeout(Duration::from_secs(1)).await, Ok(42));
/// });
/// ```
pub trait FutureExt: Future {
    /// Runs the future for no longer than `duration`; see [`timeout()`].
    ///
    /// # Errors
    /// [`Elapsed`](super::error::Elapsed), when the time is over first.
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    fn timeout(self, duration: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        timeout(duration, self)
    }

    /// Runs the future for no longer than until `deadline`; see [`timeout_at`].
    ///
    /// # Errors
    /// [`Elapsed`](super::error::Elapsed), when the time is over first.
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    fn timeout_at(self, deadline: Instant) -> Timeout<Self>
    where
        Self: Sized,
    {
        timeout_at(deadline, self)
    }
}

impl<F: Future + ?Sized> FutureExt for F {}
