//! The sleeps of the [AWS SDK](https://docs.rs/aws-smithy-async), and its clock in tests: feature `aws-smithy`.
//!
//! [`FuseeRuntime`] is an [`AsyncSleep`], which the SDK's time limits and the pauses between its retries wait by. It is set on an SDK's or a service's
//! configuration, `sleep_impl(SharedAsyncSleep::new(FuseeRuntime::current()))`:
//!
//! ```
//! use aws_smithy_async::future::timeout::Timeout;
//! use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
//! use fusee_traits::FuseeRuntime;
//! use std::time::Duration;
//!
//! fusee::runtime::block_on(async {
//!     let sleep = SharedAsyncSleep::new(FuseeRuntime::current());
//!     let answer = Timeout::new(std::future::pending::<()>(), sleep.sleep(Duration::from_millis(1)));
//!     assert!(answer.await.is_err());
//! });
//! ```
//!
//! # What is promised
//! A sleep belongs to the runtime that the [`FuseeRuntime`] is of, whoever makes and awaits it; dropped, it is cancelled. It counts from the call. Its
//! poll panics once that runtime has shut down: the trait has no error.
//!
//! The SDK's HTTP client is another trait, and its own one runs on tokio.
//!
//! # Virtual time
//! Sleeps go by the runtime's clock, which tests may pause. So that the SDK's clock goes along, by which requests are signed and expire, tests give it
//! a [`VirtualTime`].

// Checked by `tests/aws_smithy.rs`.

use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use fusee::time::Instant;

use crate::FuseeRuntime;

impl AsyncSleep for FuseeRuntime {
    fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.0.enter();
        Sleep::new(fusee::time::sleep(duration))
    }
}

/// The time of day on a runtime's clock: `time_source` of an SDK's configuration in tests whose clock is paused.
///
/// It begins at a time that the test chooses, and passes as the runtime's does. In a program
/// [`SystemTimeSource`](aws_smithy_async::time::SystemTimeSource), which is the default, is right: this one does not hear of a system clock that is set.
///
/// ```
/// use aws_smithy_async::time::TimeSource;
/// use fusee_traits::FuseeRuntime;
/// use fusee_traits::aws_smithy::VirtualTime;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let runtime = fusee::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let clock = VirtualTime::new(FuseeRuntime::current(), UNIX_EPOCH);
///     fusee::time::sleep(Duration::from_secs(3600)).await;
///     assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(3600));
/// });
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct VirtualTime {
    runtime: FuseeRuntime,
    /// What the time of day was at `start`.
    begins: SystemTime,
    start: Instant,
}

impl VirtualTime {
    /// A clock that shows `begins` now, and passes as the time of `runtime` does.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee_traits::{FuseeRuntime, aws_smithy::VirtualTime};
    ///
    /// let clock = VirtualTime::new(FuseeRuntime::current(), std::time::SystemTime::now());
    /// # drop(clock);
    /// # });
    /// ```
    pub fn new(runtime: FuseeRuntime, begins: SystemTime) -> Self {
        let start = now(&runtime);
        Self { runtime, begins, start }
    }
}

impl TimeSource for VirtualTime {
    fn now(&self) -> SystemTime {
        self.begins + now(&self.runtime).duration_since(self.start)
    }
}

/// What time it is on the clock of `runtime`, wherever this is called.
fn now(runtime: &FuseeRuntime) -> Instant {
    let _entered = runtime.0.enter();
    Instant::now()
}
