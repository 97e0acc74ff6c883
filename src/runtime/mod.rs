//! Runtimes: building, entering, running and ending them.
//!
//! | you want | use |
//! |---|---|
//! | to run one future, on all cores | [`block_on()`], or the attribute `#[fusee::main]` |
//! | a runtime that lasts, or several | [`Runtime::new`]; it ends when it is dropped |
//! | to configure it: workers, limits, names, hooks | [`Builder`] |
//! | all tasks on the thread that is in `block_on` | [`Builder::new_current_thread`] |
//! | tasks that are not `Send` | [`LocalRuntime`], or a [`LocalSet`](crate::task::LocalSet) in any runtime |
//! | to spawn from threads of your own, or where no runtime is current | [`Handle`] |
//! | to see what it does | [`RuntimeMetrics`], and the hooks of [`Builder`] |
//! | to have Prometheus see it | [`OpenMetrics`] |
//!
//! On a multi-thread runtime tasks run on workers, each a thread; the future of `block_on` runs on the thread that calls it. There is no global
//! runtime: any number of them live side by side. Inside a runtime `block_on` panics, for it would keep tasks from running: `.await` instead.
//!
//! ```
//! let runtime = fusee::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
//! let answer = runtime.block_on(async { fusee::spawn(async { 42 }).await.unwrap() });
//! assert_eq!(answer, 42);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Forks
//! A child made by `fork` has none of its parent's threads. To use a runtime of the parent there (to spawn, to block, to sleep) panics; dropping
//! it does nothing, and a task that forks and returns in the child ends the child. A runtime that the child builds works, as far as the
//! locks and allocations of a process that forks with several threads do; `exec` is the safe way. Noticed on Linux, from 4.14 on.

// `builder.rs` holds the configuration (`builder_hooks.rs` the hooks'), `start.rs` starts the threads of `threads.rs`, `runtime.rs` owns and ends them, `companion.rs` has threads that watch the runtime, `context.rs` knows which runtime a thread has entered, `id.rs` tells them apart,
// `block_on.rs` drives a root future on the caller's thread, and with the worker of `worker_slot.rs` a current-thread runtime's tasks;
// `pool_thread.rs` starts the threads of the blocking pool, `block_in_place.rs` has one of them take a worker over.

mod block_in_place;
mod block_on;
mod builder;
mod builder_hooks;
mod builder_insight;
pub(crate) mod companion;
mod context;
mod handle;
mod id;
mod local_runtime;
mod metrics;
mod patience;
mod pool_thread;
#[expect(clippy::module_inception, reason = "the file is named for the type that it holds")]
mod runtime;
mod start;
pub(crate) mod threads;
mod worker_slot;

pub use crate::histogram::Histogram;
pub use crate::scheduler::RuntimeFlavor;
pub use builder::Builder;
pub use context::{EnterGuard, TryCurrentError};
pub use handle::Handle;
pub use id::{Id, worker_index};
pub use local_runtime::{LocalOptions, LocalRuntime, LocalRuntimeEnterGuard};
pub use metrics::{OpenMetrics, RuntimeMetrics, Sample, SampleKind, SampleValue};
pub use runtime::Runtime;

pub use crate::task::meta::TaskMeta;
pub(crate) use block_in_place::block_in_place;

use std::future::Future;

use crate::task::is_large;

/// Runs `future` to its end on a runtime of its own, which has as many workers as the machine has cores.
///
/// The future runs on the calling thread; what it spawns runs on the workers, and is dropped when it ends.
///
/// # Panics
/// Inside a runtime, and when the threads cannot be started; [`Builder::build`] answers an error there.
///
/// ```
/// let answer = fusee::runtime::block_on(async { 6 * 7 });
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    if const { is_large::<F>() } { block_on_new(Box::pin(future)) } else { block_on_new(future) }
}

#[track_caller]
fn block_on_new<F: Future>(future: F) -> F::Output {
    context::assert_may_block();
    match Runtime::new() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("the runtime's threads could not be started: {error}"),
    }
}
