//! Whole runtimes of fusee under random schedules, with [shuttle](https://docs.rs/shuttle).
//!
//! What lives here: fusee's own source files, included by path, beside a `facade` of this crate's own that offers exactly what `src/facade.rs`
//! offers, backed by shuttle; and the [`harness`] by which `tests/` runs scenarios that are written as a user of fusee would write them.
//!
//! Who runs it: `cargo test -p shuttle-tests` with few schedules, `cargo xtask ci --deep` with many, and with mutants.
//! Deliberately not here: what takes weak memory to go wrong, and proofs of anything: `loom-tests` explores all executions of the parts.
//! `README.md` says how to read a failure and replay it.

// The unit tests of the included files run at home, and as models. `tests/` is compiled beside the crate as it is without them.
#![cfg(not(test))]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "the whole crate is here, and scenarios use a part of it"
)]
#![allow(rustdoc::private_intra_doc_links, reason = "what is public in fusee may lead to what is private here")]

#[path = "../../src/blocking/mod.rs"]
mod blocking;
#[path = "../../src/duty.rs"]
mod duty;
#[path = "../../src/entered.rs"]
mod entered;
mod facade;
pub mod harness;
#[path = "../../src/histogram/mod.rs"]
mod histogram;
#[path = "../../src/insight/mod.rs"]
mod insight;
pub mod net;
#[path = "../../src/park.rs"]
mod park;
#[path = "../../src/reactor/mod.rs"]
mod reactor;
#[path = "../../src/recorder/mod.rs"]
mod recorder;
#[path = "../../src/runtime/mod.rs"]
pub mod runtime;
#[path = "../../src/scheduler/mod.rs"]
mod scheduler;
#[path = "../../src/source/mod.rs"]
mod source;
#[path = "../../src/spare.rs"]
mod spare;
#[path = "../../src/task/mod.rs"]
pub mod task;
#[path = "../../src/time/mod.rs"]
pub mod time;
#[path = "../../src/watchdog/mod.rs"]
mod watchdog;

pub use task::spawn;
