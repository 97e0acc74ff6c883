//! Blocking work that is owed its end: the pool's, or, once that is closed, that of a thread of its own.
//!
//! zbus hands over what lets go of something only when it runs. So a job is not cancelled with its runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;

use fusee::runtime::Handle;
use tokio::sync::oneshot;

/// What is owed. It never panics.
type Work = Box<dyn FnOnce() + Send>;

/// Runs `work` on a thread of the pool's, from now on, whether or not the future is polled.
pub(super) fn spawn<F, T>(handle: &Handle, work: F) -> impl Future<Output = T> + Send + 'static
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let owed = Owed(Some(Box::new(move || {
        // Nobody waits any more, if it cannot be sent.
        let _ = answer.send(catch_unwind(AssertUnwindSafe(work)));
    })));
    drop(handle.spawn_blocking(move || owed.run()));
    async move {
        match answered.await.expect("owed work runs before its sender is dropped") {
            Ok(value) => value,
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// Work for the pool. Dropped unrun, by who closes the pool or finds it closed, it runs elsewhere: neither may be made to wait for it.
struct Owed(Option<Work>);

impl Owed {
    fn run(mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            run_on_a_thread(work);
        }
    }
}

/// Runs `work` on a thread of its own; here if there cannot be one.
fn run_on_a_thread(work: Work) {
    let (hand_over, handed_over) = mpsc::channel::<Work>();
    let thread = thread::Builder::new().name("zbus blocking".to_owned()).spawn(move || {
        if let Ok(work) = handed_over.recv() {
            work();
        }
    });
    // Nobody joins it: whoever needs its end awaits that.
    drop(thread);
    if let Err(refused) = hand_over.send(work) {
        (refused.0)();
    }
}
