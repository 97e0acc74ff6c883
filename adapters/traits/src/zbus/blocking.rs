//! Blocking work that is owed its end: the pool's, or, once that is closed, that of the thread which would drop it.
//!
//! zbus hands over what lets go of something only when it runs. So a job is not cancelled with its runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use fusee::runtime::Handle;
use tokio::sync::oneshot;

/// Runs `work` on a thread of the pool's, from now on, whether or not the future is polled.
pub(super) fn spawn<F, T>(handle: &Handle, work: F) -> impl Future<Output = T> + Send + 'static
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let owed = Owed(Some((work, answer)));
    drop(handle.spawn_blocking(move || drop(owed)));
    async move {
        match answered.await.expect("owed work runs before its sender is dropped") {
            Ok(value) => value,
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// Runs its work when it is dropped: in the pool, or where the pool drops it unrun.
struct Owed<F: FnOnce() -> T, T>(Option<(F, oneshot::Sender<thread::Result<T>>)>);

impl<F: FnOnce() -> T, T> Drop for Owed<F, T> {
    fn drop(&mut self) {
        if let Some((work, answer)) = self.0.take() {
            // Nobody waits any more, if it cannot be sent.
            let _ = answer.send(catch_unwind(AssertUnwindSafe(work)));
        }
    }
}
