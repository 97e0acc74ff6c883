//! The runtimes that race, behind one trait, so that each runs exactly the same workload code.
//!
//! Each contender is set up as its users would: nothing is tuned but the number of workers. The workloads call it from
//! the thread in `block_on` and from tasks; only one contender lives at a time, because two of them have global parts
//! by design (async-io's reactor; everything of the mutex loop).
//! Deliberately not here: what is measured (see `workloads` and each bench) and how often.

mod fusee;
mod mutex_loop;
mod smol;
mod tokio;

pub(crate) use self::fusee::Fusee;
pub(crate) use self::mutex_loop::MutexLoop;
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;

use std::time::{Duration, Instant};

/// A running runtime; dropping it ends its threads.
///
/// What is called without `self` finds the runtime as its users do, by thread or globally.
pub(crate) trait Contender: Sized + Sync + 'static {
    /// The names of its [`counters`](Self::counters).
    const COUNTERS: &'static [&'static str] = &[];

    /// Starts the runtime with `workers` threads.
    fn start(workers: usize) -> Self;

    /// Drives `future` on the calling thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Spawns a task and gives its handle.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Spawns a task that nobody awaits.
    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// A timer whose deadline counts from this call.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static;

    /// A timer that ends at `deadline`.
    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send + 'static;

    /// The output of `future`, or `None` when `duration` passes first.
    fn timeout<F>(duration: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send;

    /// Lets the other tasks run once.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// What the runtime has counted so far, in the order of the names.
    fn counters(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// The contenders by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    Fusee,
    Tokio,
    Smol,
    MutexLoop,
}

impl Entrant {
    /// In the order in which they take turns.
    pub(crate) const ALL: [Self; 4] = [Self::Fusee, Self::Tokio, Self::Smol, Self::MutexLoop];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fusee => "fusee",
            Self::Tokio => "tokio",
            Self::Smol => "smol",
            Self::MutexLoop => "mutex_loop",
        }
    }
}
