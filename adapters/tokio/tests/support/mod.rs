//! What these tests share: a watchdog, and runtimes of each flavour with a bridge.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Runtime};
use fusee_tokio::BuilderExt;

/// After how long a test counts as hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body` on a thread of its own. Fails if that takes longer than [`PATIENCE`].
#[track_caller]
pub(crate) fn watchdog<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = channel();
    let thread = thread::spawn(move || {
        let result = body();
        // The receiver is gone only if the watchdog has barked.
        let _ = done.send(());
        result
    });
    match wait.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("watchdog: the test hangs, {PATIENCE:?} have passed"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// Waits for an event that has no wake-up of its own. Fails after [`PATIENCE`].
#[track_caller]
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "watchdog: waited in vain until {what}");
        // tidy: real time, because what is waited for tells nobody; the watchdog is above.
        thread::sleep(Duration::from_millis(1));
    }
}

/// A runtime with a bridge of its own.
pub(crate) fn bridged(mut builder: Builder) -> Runtime {
    builder.with_tokio().expect("a runtime of tokio's").build().expect("a runtime")
}

pub(crate) fn current_thread() -> Runtime {
    bridged(Builder::new_current_thread())
}

pub(crate) fn workers(count: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(count);
    bridged(builder)
}

/// Runs `body` under a watchdog with a bridged runtime of each flavour.
#[track_caller]
pub(crate) fn on_every_flavour(body: impl Fn(&Runtime) + Send + 'static) {
    watchdog(move || {
        for runtime in [current_thread(), workers(1), workers(4)] {
            body(&runtime);
        }
    });
}
