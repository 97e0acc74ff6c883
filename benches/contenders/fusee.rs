//! fusee's multi-threaded runtime, with its workers and its timer driver.

use super::Contender;
use fusee::runtime::{Builder, Runtime};
use futures::FutureExt;
use std::time::Duration;

pub(crate) struct Fusee {
    runtime: Runtime,
}

impl Contender for Fusee {
    fn start(workers: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(workers).build();
        Self { runtime: runtime.expect("fusee must start") }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        fusee::spawn(future).map(|output| output.expect("no task of a bench panics"))
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(fusee::spawn(future));
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        fusee::time::sleep(duration)
    }

    fn timeout<F>(duration: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send,
    {
        fusee::time::timeout(duration, future).map(Result::ok)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        fusee::task::yield_now()
    }
}
