//! The clock that a runtime's timers go by.
//!
//! Each runtime has one. It is the machine's, and with the feature `test-util` it can be paused: then it shows virtual time, which
//! moves only when everything in the runtime waits, or when a test advances it. Times are nanoseconds since the runtime's start.
//!
//! | file | holds |
//! |---|---|
//! | `real.rs` | the clock without the feature: the machine's, and nothing to pay for |
//! | `pausable.rs` | the clock with it: paused and running time, and what the driver may do while it is paused |
//! | `reading.rs` | what such a clock shows |
//! | `coarse.rs` | a cheaper clock, which tells that a deadline is far away |
//! | `awake.rs` | what is awake in the runtime: the protocol by which paused time never moves under a running task |
//! | `attendance.rs` | whether a worker that nobody drives keeps paused time from moving |
//! | `standstill.rs` | telling those who wait that nothing moves the clock any more |
//! | `presence.rs` | the same for a thread in `block_on` |
//!
//! Who calls it: `driver/`, the public face of `time`, and whoever wakes or parks a thread of the runtime (`stir`, `rest`).
//! Deliberately not here: timers, tasks, queues.

#[cfg(feature = "test-util")]
mod attendance;
#[cfg(feature = "test-util")]
pub(crate) mod awake;
mod coarse;
#[cfg(feature = "test-util")]
mod pausable;
#[cfg(feature = "test-util")]
mod presence;
#[cfg(feature = "test-util")]
mod reading;
#[cfg(not(feature = "test-util"))]
mod real;
#[cfg(feature = "test-util")]
mod standstill;

#[cfg(feature = "test-util")]
pub(crate) use pausable::{Clock, Step};
#[cfg(feature = "test-util")]
pub(crate) use presence::{Counted, Lent, Presence};
#[cfg(feature = "test-util")]
pub(crate) use reading::Refused;
#[cfg(not(feature = "test-util"))]
pub(crate) use real::{Clock, Counted, Lent, Presence, WatchedRoot};
#[cfg(feature = "test-util")]
pub(crate) use standstill::WatchedRoot;
