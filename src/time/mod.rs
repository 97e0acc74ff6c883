//! Time: sleeping, time limits, and the clock.
//!
//! A timer never fires early. A deadline is fixed when its future is made. Past deadlines are ready on the first poll, and
//! one that overflows the clock never comes.
//!
//! # Inside
//! `wheel/` is a hierarchical hashed timer wheel, plain data; `shard.rs` puts one under a lock for each worker;
//! `driver.rs` is the thread that sleeps until the earliest expiry of all. `sleep.rs`, `timeout.rs` and `clock.rs` are the public face.

mod clock;
pub(crate) mod driver;
pub mod error;
pub(crate) mod shard;
mod sleep;
mod timeout;
pub(crate) mod wheel;

pub use clock::Instant;
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use timeout::{Timeout, timeout, timeout_at};
