//! What goes wrong with time.

use std::{fmt, io};

/// The time was over before the future was ready: the error of [`timeout`](super::timeout()).
///
/// ```
/// use fusee::time::{Duration, timeout};
///
/// fusee::runtime::block_on(async {
///     let late = timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
///     assert_eq!(std::io::Error::from(late.unwrap_err()).kind(), std::io::ErrorKind::TimedOut);
/// });
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
