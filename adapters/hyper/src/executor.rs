//! Where hyper's own tasks run.

use std::future::Future;

/// Spawns what hyper runs beside a connection, such as the streams of HTTP/2, on the runtime of the thread.
///
/// ```
/// use fusee_hyper::Executor;
/// use hyper::rt::Executor as _;
///
/// fusee::runtime::block_on(async {
///     let (sender, receiver) = futures::channel::oneshot::channel();
///     Executor.execute(async move {
///         sender.send("done").unwrap();
///     });
///     assert_eq!(receiver.await, Ok("done"));
/// });
/// ```
///
/// # Panics
/// `execute` does outside a runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        fusee::spawn(future);
    }
}
