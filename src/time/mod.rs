//! Time: sleeping, time limits, and the clock.
//!
//! A timer never fires early. A deadline is fixed when its future is made. Past deadlines are ready on the first poll, and
//! one that overflows the clock never comes.
//!
//! [`sleep()`] waits, [`timeout()`] gives a future up when its time is over, [`interval()`] ticks. [`Instant`] is the clock that they go by.
//! [`FutureExt`] has the limits as methods of futures, [`StreamExt`] limits the time between a stream's items, or slows it down.
//!
//! # How late
//! Deadlines are kept to a tick of about 4 µs, on top of which comes what waking a thread takes, some 25 µs. A worker that sleeps wakes for its
//! timers every 50 µs at most, and one that is busy looks at them about every 100 µs. If it is stuck in a poll, a timer that others wait for is up to
//! a millisecond late. What is due at one moment fires in batches, in order: a timer that is due after a million others waits for those.
//!
//! ```
//! use fusee::time::{Duration, interval, sleep, timeout};
//!
//! fusee::runtime::block_on(async {
//!     sleep(Duration::from_millis(1)).await;
//!     let answer = timeout(Duration::from_secs(1), async { 42 }).await;
//!     assert_eq!(answer, Ok(42));
//!     let mut ticks = interval(Duration::from_millis(1));
//!     for _ in 0..3 {
//!         ticks.tick().await;
//!     }
//! });
//! ```
//!
//! # Tests and time
//! With the feature `test-util` a runtime's clock can be paused, by `pause` or from its start: sleeps of hours then end at once, in order,
//! and to the nanosecond.
#![cfg_attr(feature = "test-util", doc = "See [`pause`].")]

// `wheel/` is a hierarchical hashed timer wheel, plain data; `shard.rs` puts one under a lock for each worker, which
// fires it (`scheduler/worker/timing.rs`); `driver/` is the thread that does what no worker comes to, by the clock in `clock/`. `sleep.rs`, `timeout.rs`, `interval.rs`, `instant.rs`,
// `virtual_time.rs`, `future_ext.rs` and `stream/` are the public face.

pub(crate) mod clock;
pub(crate) mod driver;
pub mod error;
mod future_ext;
mod instant;
mod interval;
pub(crate) mod shard;
mod sleep;
pub mod stream;
mod timeout;
#[cfg(feature = "test-util")]
mod virtual_time;
pub(crate) mod wheel;

pub use future_ext::FutureExt;
pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use stream::StreamExt;
pub use timeout::{Timeout, timeout, timeout_at};
#[cfg(feature = "test-util")]
pub use virtual_time::{Hold, advance, hold, pause, resume};
