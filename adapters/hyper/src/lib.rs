//! hyper on fusee.

use std::future::Future;

/// Spawns what hyper wants to run beside a connection, on the runtime of the thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        fusee::spawn(future);
    }
}
