//! fusee's multi-threaded runtime, with its workers and its timer driver.

use super::Contender;
use fusee::insight::Recorder;
use fusee::runtime::{Builder, Runtime, RuntimeMetrics};
use futures::FutureExt;
use std::env;
use std::time::{Duration, Instant};

/// If this is set in the environment the flight recorder is on.
pub(crate) const RECORDER: &str = "FUSEE_RECORDER";

pub(crate) struct Fusee {
    runtime: Runtime,
}

impl Contender for Fusee {
    const COUNTERS: &'static [&'static str] =
        &["driver wake-ups", "of them for nothing", "worker parks", "unparks for nothing", "steals", "slot rescues"];

    fn start(workers: usize) -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers);
        if env::var_os(RECORDER).is_some() {
            builder.recorder(Recorder::new());
        }
        Self { runtime: builder.build().expect("fusee must start") }
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

    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send + 'static {
        fusee::time::sleep_until(deadline.into())
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
    fn counters(&self) -> Vec<u64> {
        let metrics = self.runtime.metrics();
        let of_workers =
            |count: fn(&RuntimeMetrics, usize) -> u64| (0..metrics.num_workers()).map(|n| count(&metrics, n)).sum();
        vec![
            metrics.driver_wake_count(),
            metrics.driver_spurious_wake_count(),
            of_workers(RuntimeMetrics::worker_park_count),
            of_workers(RuntimeMetrics::worker_noop_count),
            of_workers(RuntimeMetrics::worker_steal_operations),
            metrics.slot_rescue_count(),
        ]
    }
}
