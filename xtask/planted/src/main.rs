//! Defects on purpose, which the sanitizers must report: one that finds nothing here would find nothing in the tests either.
//!
//! The library's own files are compiled into this program by `build.rs`, with the hooks of `src/facade.rs` alive: the label or the step
//! that `FUSEE_MUTANT` names is broken. So a defect can be planted in the library's own cells, and is seen through the same
//! options and suppressions as the tests. Without a mutant the scenarios are sound, but for those that say otherwise.
//!
//! `cargo xtask sanitize` runs it, and knows what each scenario must end in. No user of the library can reach it.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "the whole library is here, and the scenarios use a part of it"
)]

include!(concat!(env!("OUT_DIR"), "/library/modules.rs"));

mod scenarios;

use std::process::ExitCode;
use std::sync::OnceLock;

static BROKEN: OnceLock<Option<String>> = OnceLock::new();

/// Whether `name` is the label or the step to break.
fn is_broken(name: &str) -> bool {
    BROKEN.get_or_init(|| std::env::var("FUSEE_MUTANT").ok()).as_deref() == Some(name)
}

fn main() -> ExitCode {
    is_broken("");
    let name = std::env::args().nth(1).unwrap_or_default();
    match scenarios::ALL.iter().find(|(scenario, _)| *scenario == name) {
        Some((_, run)) => {
            run();
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("planted: no scenario `{name}`");
            ExitCode::from(2)
        }
    }
}
