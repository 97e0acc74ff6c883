//! smol: a global async-executor, run by threads that block in async-io, which also has the timers.
//!
//! This is what `smol::spawn` sets up, but for threads that end when the contender is dropped.

use super::Contender;
use async_executor::Executor;
use async_io::Timer;
use futures::FutureExt;
use futures::channel::oneshot;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

static EXECUTOR: Executor<'static> = Executor::new();

pub(crate) struct Smol {
    workers: Vec<Worker>,
}

struct Worker {
    /// Dropped to end the thread.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Contender for Smol {
    fn start(workers: usize) -> Self {
        let worker = |_| {
            let (stop, stopped) = oneshot::channel();
            let thread = thread::spawn(|| {
                async_io::block_on(EXECUTOR.run(stopped)).expect_err("the sender only drops");
            });
            Worker { stop, thread }
        };
        Self { workers: (0..workers).map(worker).collect() }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        EXECUTOR.spawn(future).detach();
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Timer::after(duration).map(drop)
    }

    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send + 'static {
        Timer::at(deadline).map(drop)
    }

    fn timeout<F>(duration: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send,
    {
        futures_lite::future::or(future.map(Some), Timer::after(duration).map(|_| None))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

impl Drop for Smol {
    fn drop(&mut self) {
        for Worker { stop, thread } in self.workers.drain(..) {
            drop(stop);
            thread.join().expect("a worker must end without a panic");
        }
    }
}
