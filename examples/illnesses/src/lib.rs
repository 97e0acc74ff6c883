//! Seven ways in which a service hangs or is slow. Each is planted in a runtime of its own, and the tools of `fusee::insight` tell of it.
//!
//! `docs/when-it-hangs.md` reads what they tell; `tests/page.rs` sees to it that they do.

mod blocked_worker;
mod circle;
mod futurelock;
mod herd;
mod hot_loop;
mod lock_over_await;
mod lost_waker;

use std::io;
use std::time::Duration;

use fusee::insight::Dump;
use fusee::runtime::{Handle, Runtime};
use fusee::time::sleep;
use fusee_trace::Timeline;

/// What tells of an illness.
pub type Diagnosis = fn() -> io::Result<String>;

/// The illnesses by name.
pub const ALL: [(&str, Diagnosis); 7] = [
    ("blocked-worker", blocked_worker::diagnose),
    ("lost-waker", lost_waker::diagnose),
    ("hot-loop", hot_loop::diagnose),
    ("lock-over-await", lock_over_await::diagnose),
    ("herd", herd::diagnose),
    ("circle", circle::diagnose),
    ("futurelock", futurelock::diagnose),
];

/// A dump of the runtime that this is called in, as soon as it is as `shows` says.
async fn dump_once(shows: impl Fn(&Dump) -> bool) -> Dump {
    loop {
        let dump = Handle::current().dump();
        if shows(&dump) {
            return dump;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// What the recorder of `runtime` has kept, summed up.
fn summary(runtime: &Runtime) -> io::Result<String> {
    let recording = runtime.handle().recording().ok_or_else(|| io::Error::other("there is no recorder"))?;
    Ok(Timeline::new(&recording).summary(3).to_string())
}
