//! The reactor: one selector for a runtime, who waits in it, and whom its events wake.
//!
//! It is made by the runtime's first source: without one it holds no descriptor, and costs whoever parks a load. At most one thread at a time is in the
//! selector, by [`Lease`]: a worker that parks, a worker that looks around between two polls, or the timer driver. Nobody ever waits for the lease.
//!
//! | who | when | how |
//! |---|---|---|
//! | a worker that parks | the lease is free | it waits in the selector until its first timer is due, and not on its condition variable |
//! | a worker that runs | it looks around, about every 100 µs | without waiting |
//! | the timer driver | no worker has used the lease for a period of its watch, and none is parked | it waits in the selector; a worker that parks meanwhile calls it out |
//! | the timer driver, and nobody else | the clock is paused | before it moves the clock it looks, too |
//!
//! A worker that leaves with events gives up the lease, and nobody takes over at once: with one connection it is back in microseconds. If it is not, the driver's watch
//! (`scheduler/watch.rs`) finds the lease unused, and wakes a worker that parks, or waits in the selector itself.
//!
//! | file | holds |
//! |---|---|
//! | `slot.rs` | what a source is ready for, and who waits for that |
//! | `table.rs` | the slots, by the numbers that the kernel knows them by |
//! | `lease.rs` | who waits in the selector |
//! | `absent.rs` | the same for a build without the feature `io`: there is no source |
//! | `interest.rs`, `ready.rs` | readiness, as users see it |
//!
//! # Invariants (ordering labels)
//! - `io_exists`: who finds that there is a selector finds the selector.
//! - `io_lease`: what the last holder of the lease did is seen by the next.
//! - A waker is woken with no lock held, and after the lease was given up.
//! - A source is taken out of the selector before its descriptor is closed.
//!
//! Who calls it: workers and the driver for the lease, `source/` to add and remove. The selector itself is `facade/selector.rs`.
//! Checked by the models of `loom-tests/src/models/reactor.rs`, `poller.rs`, `polling.rs` and `paused_sources.rs` there.
//! Deliberately not here: threads, tasks, timers; and sockets.

#[cfg(not(feature = "io"))]
mod absent;
#[cfg(feature = "io")]
mod interest;
#[cfg(feature = "io")]
mod lease;
#[cfg(feature = "io")]
mod ready;
#[cfg(feature = "io")]
pub(crate) mod slot;
#[cfg(feature = "io")]
mod table;

#[cfg(not(feature = "io"))]
pub(crate) use absent::{Holder, Lease, Reactor, Wait};
#[cfg(feature = "io")]
pub use interest::Interest;
#[cfg(feature = "io")]
pub(crate) use lease::{Holder, Lease, Reactor, gone};
#[cfg(feature = "io")]
pub use ready::Ready;

#[cfg(feature = "io")]
pub(crate) use crate::facade::selector::{Source, Wait, Waited, bits};
