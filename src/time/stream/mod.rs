//! Streams and time: limits for the time between two items, and from item to item no less than some time.
//!
//! The methods are those of [`StreamExt`]; here is what they answer.
//!
//! # Giving way
//! Each of these streams spends a unit of the task's budget (see [`coop`](crate::task::coop)) for each item: a loop over a stream whose items are all
//! there starves nobody. Where it polls the stream within it looks at its own timer, too, whatever that has spent of the budget.

mod throttle;
mod timeout;
mod timeout_repeating;

pub use throttle::Throttle;
pub use timeout::Timeout;
pub use timeout_repeating::TimeoutRepeating;

use std::time::Duration;

use futures_core::Stream;

use super::interval::Interval;

/// Adapters of streams by time.
///
/// ```
/// use std::pin::pin;
///
/// use fusee::time::{Duration, StreamExt as _};
/// use futures::stream::{self, StreamExt as _};
///
/// fusee::runtime::block_on(async {
///     let mut items = pin!(stream::once(async { 42 }).chain(stream::pending()).timeout(Duration::from_millis(1)));
///     assert_eq!(items.next().await, Some(Ok(42)));
///     assert!(items.next().await.unwrap().is_err());
/// });
/// ```
pub trait StreamExt: Stream {
    /// Answers the stream's items, and an error where none comes within `duration` of the one before, or of this call.
    ///
    /// The stream is polled on after an error. Until its next item there is no other; [`timeout_repeating`](Self::timeout_repeating)
    /// goes on with them. An item that is there wins over a time that is over. A duration that overflows the clock is no limit.
    ///
    /// # Panics
    /// Outside a runtime. Once the runtime has shut down a poll that finds no item panics, as a [`Sleep`](super::Sleep)'s does.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// use fusee::time::{Duration, StreamExt as _, interval};
    /// use futures::StreamExt as _;
    ///
    /// fusee::runtime::block_on(async {
    ///     let ticks = interval(Duration::from_millis(5)).timeout(Duration::from_millis(1));
    ///     let mut ticks = pin!(ticks.map(|tick| tick.is_ok()));
    ///     assert_eq!(ticks.next().await, Some(true), "the first tick comes at once");
    ///     assert_eq!(ticks.next().await, Some(false));
    ///     assert_eq!(ticks.next().await, Some(true));
    /// });
    /// ```
    #[track_caller]
    fn timeout(self, duration: Duration) -> Timeout<Self>
    where
        Self: Sized,
    {
        Timeout::new(self, duration)
    }

    /// Answers the stream's items, and an error at each tick of `interval`, which begins anew with each item.
    ///
    /// As [`timeout`](Self::timeout) otherwise. The first tick of an [`interval`](super::interval()) comes at once: the stream answers an error at once if its
    /// first item is not there. An [`interval_at`](super::interval_at()) one period from now has it wait for that.
    ///
    /// # Panics
    /// Once the runtime of `interval` has shut down a poll that finds no item panics, as a [`Sleep`](super::Sleep)'s does.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// use fusee::time::{Duration, StreamExt as _, interval};
    /// use futures::stream::{self, StreamExt as _};
    ///
    /// fusee::runtime::block_on(async {
    ///     let ticks = interval(Duration::from_millis(1));
    ///     let mut items = pin!(stream::pending::<u32>().timeout_repeating(ticks));
    ///     for _ in 0..3 {
    ///         assert!(items.next().await.unwrap().is_err());
    ///     }
    /// });
    /// ```
    fn timeout_repeating(self, interval: Interval) -> TimeoutRepeating<Self>
    where
        Self: Sized,
    {
        TimeoutRepeating::new(self, interval)
    }

    /// Answers the stream's items, each no sooner than `duration` after the one before. Meanwhile the stream is not polled.
    ///
    /// The first item is not kept waiting. Zero keeps none waiting; after a duration that overflows the clock comes nothing more.
    ///
    /// # Panics
    /// Outside a runtime. Once the runtime has shut down the first poll after an item, or before all, panics as a [`Sleep`](super::Sleep)'s does.
    ///
    /// ```
    /// use fusee::time::{Duration, Instant, StreamExt as _};
    /// use futures::stream::{self, StreamExt as _};
    ///
    /// fusee::runtime::block_on(async {
    ///     let start = Instant::now();
    ///     let items: Vec<_> = stream::iter(1..=3).throttle(Duration::from_millis(2)).collect().await;
    ///     assert_eq!(items, [1, 2, 3]);
    ///     assert!(start.elapsed() >= Duration::from_millis(4));
    /// });
    /// ```
    #[track_caller]
    fn throttle(self, duration: Duration) -> Throttle<Self>
    where
        Self: Sized,
    {
        Throttle::new(self, duration)
    }
}

impl<S: Stream + ?Sized> StreamExt for S {}

/// The bounds of the length of a stream that answers an error at most before and after each of its items.
fn with_errors_between((lower, upper): (usize, Option<usize>)) -> (usize, Option<usize>) {
    (lower, upper.and_then(|upper| upper.checked_mul(2)?.checked_add(1)))
}
