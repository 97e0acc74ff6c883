//! Moments of the runtime's clock, as openraft asks for them.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use fusee::time::Instant;

/// A moment of the current runtime's clock: [`fusee::time::Instant`], which it is made from and into.
///
/// ```
/// use fusee_openraft::FuseeInstant;
/// use openraft_rt::Instant;
///
/// let start = FuseeInstant::now();
/// assert!(fusee::time::Instant::from(start) <= fusee::time::Instant::now());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FuseeInstant(Instant);

impl From<Instant> for FuseeInstant {
    fn from(instant: Instant) -> Self {
        Self(instant)
    }
}

impl From<FuseeInstant> for Instant {
    fn from(instant: FuseeInstant) -> Self {
        instant.0
    }
}

impl Add<Duration> for FuseeInstant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for FuseeInstant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for FuseeInstant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for FuseeInstant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

impl Sub for FuseeInstant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

impl openraft_rt::Instant for FuseeInstant {
    fn now() -> Self {
        Self(Instant::now())
    }
}
