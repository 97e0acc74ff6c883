//! What the tests share: runtimes of both flavours under a watchdog.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};

/// After how long a test counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body` with a current-thread runtime and with one of two workers. Fails if that takes longer than [`PATIENCE`].
pub(crate) fn on_both_flavours(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        body(current_thread());
        body(two_workers());
    });
}

/// As [`on_both_flavours`], in `block_on`, with the clock paused.
pub(crate) fn on_paused_clocks(body: impl AsyncFn() + Send + 'static) {
    watchdog(move || {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.worker_threads(2).start_paused(true).build().unwrap();
            runtime.block_on(body());
        }
    });
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

pub(crate) fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// Runs `body` on a thread of its own. Fails if that takes longer than [`PATIENCE`].
pub(crate) fn watchdog(body: impl FnOnce() + Send + 'static) {
    let (done, wait) = channel();
    let thread = thread::spawn(move || {
        body();
        // The receiver is gone only if the watchdog has barked.
        let _ = done.send(());
    });
    match wait.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("watchdog: the test hangs, {PATIENCE:?} have passed"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// Awaits `future` on this thread, without any runtime.
pub(crate) fn on_a_bare_thread<F: Future>(future: F) -> F::Output {
    struct Unparks(Thread);

    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unparks(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
