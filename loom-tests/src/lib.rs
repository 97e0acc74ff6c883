//! Models of fusee's lock-free protocols, checked exhaustively with [loom](https://docs.rs/loom).
//!
//! What lives here: fusee's own source files, included by path, beside a `facade` of this crate's own that offers exactly
//! what `src/facade.rs` offers, backed by loom. So the models check the source that ships, private items are in reach, and
//! `src/` holds no model-checking `cfg`. Each included file sees the same `crate::…` paths as at home.
//!
//! Who runs it: `cargo test -p loom-tests`, with no flags; `cargo xtask mutants` runs single models under `FUSEE_MUTANT`.
//! Deliberately not here: code that can be tested without threads (see `tests/`).
//! `README.md` says how to read and write a model, and what the tool cannot see; `litmus` checks that it is still so.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "the whole crate is here, and models use a part of it"
)]
#![allow(rustdoc::private_intra_doc_links, reason = "what is public in fusee is private here")]

#[path = "../../src/blocking/mod.rs"]
mod blocking;
#[path = "../../src/duty.rs"]
mod duty;
#[path = "../../src/entered.rs"]
mod entered;
mod facade;
#[path = "../../src/histogram/mod.rs"]
mod histogram;
#[path = "../../src/insight/mod.rs"]
mod insight;
#[path = "../../src/io/standard/look.rs"]
mod look;
#[path = "../../src/park.rs"]
mod park;
#[path = "../../src/reactor/mod.rs"]
mod reactor;
#[path = "../../src/recorder/mod.rs"]
mod recorder;
#[path = "../../src/runtime/mod.rs"]
mod runtime;
#[path = "../../src/scheduler/mod.rs"]
mod scheduler;
#[path = "../../src/source/mod.rs"]
mod source;
#[path = "../../src/spare.rs"]
mod spare;
#[path = "../../src/task/mod.rs"]
mod task;
#[path = "../../src/time/mod.rs"]
mod time;
#[path = "../../src/watchdog/mod.rs"]
mod watchdog;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod litmus;
#[cfg(test)]
mod models;
