//! Time: sleeping, time limits, and the clock.
//!
//! A timer never fires early. A deadline is fixed when its future is made. Past deadlines are ready on the first poll, and
//! one that overflows the clock never comes.
//!
//! [`sleep()`] waits, [`timeout()`] gives a future up when its time is over, [`interval()`] ticks. [`Instant`] is the clock that they go by; deadlines
//! are kept to a tick of about 4 µs, on top of which comes what waking a thread takes.
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
//!
//! # Inside
//! `wheel/` is a hierarchical hashed timer wheel, plain data; `shard.rs` puts one under a lock for each worker; `driver/` is the
//! thread that sleeps until the earliest expiry of all, by the clock in `clock/`. `sleep.rs`, `timeout.rs`, `interval.rs`, `instant.rs` and
//! `virtual_time.rs` are the public face.

pub(crate) mod clock;
pub(crate) mod driver;
pub mod error;
mod instant;
mod interval;
pub(crate) mod shard;
mod sleep;
mod timeout;
#[cfg(feature = "test-util")]
mod virtual_time;
pub(crate) mod wheel;

pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use timeout::{Timeout, timeout, timeout_at};
#[cfg(feature = "test-util")]
pub use virtual_time::{advance, pause, resume};
