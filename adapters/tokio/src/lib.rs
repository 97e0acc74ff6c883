//! Crates that need tokio's reactor, timers or tasks run in tasks of fusee's as they are: a runtime of tokio's is entered on all threads of a
//! runtime of fusee's.
//!
//! ```
//! use fusee::runtime::Builder;
//! use fusee_tokio::BuilderExt;
//!
//! fn main() -> std::io::Result<()> {
//!     let runtime = Builder::new_multi_thread().with_tokio()?.build()?;
//!     runtime.block_on(async {
//!         // In a task of fusee's. Without the bridge it panics: there is no reactor running.
//!         fusee::spawn(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await }).await?;
//!         Ok(())
//!     })
//! }
//! ```
//!
//! `#[fusee::main]` builds a runtime without a bridge: a program that needs one has a `main` as here. `tokio` is compiled with the features
//! that its users ask for: what they use of it, `net`, `time`, `fs` or `process`, is there. So reqwest, sqlx, tonic, tower's middleware, tokio-util and
//! tokio-stream run, each with a test in `adapters/tokio/tests`.
//!
//! # What runs where
//! The futures are polled by fusee's workers. The one thread of tokio's, `fusee-tokio`, waits for sockets and timers, and wakes them: each event goes from thread to thread.
//! So the bridge is for what crates bring along; one's own code does better with `fusee::net` and `fusee::time`.
//!
//! By `cargo bench -p fusee-tokio` on two cores, whose header says what is measured; ratios are to tokio in the same round, medians of five rounds or more:
//!
//! | one operation | natively: time, CPU | through the bridge: time, CPU |
//! |---|---|---|
//! | echo of 64 bytes, 1 connection, both ends tasks | 1.0, 1.0 | 7, 5 |
//! | the same, 64 connections | 0.94, 1.0 | 1.5, 1.5 |
//! | a limit of a minute that is set and dropped | 0.10, 0.10 | 0.65, 0.62; from 0.22 to 1.4 |
//! | a sleep of a millisecond, 64 tasks | 0.49, 1.7 | 1.0, 1.3 |
//!
//! Of the sleeps tokio's last two milliseconds, fusee's one. A bridge adds one thread, some 10 KiB and 30 µs to a runtime that is built, entered and dropped.
//!
//! # What differs
//! From code in a runtime of tokio's:
//!
//! - **`tokio::spawn` runs the task on tokio's one thread**, and so do crates that spawn by it, tower's `buffer`, tokio-util's `TaskTracker::spawn` and `JoinMap`. A
//!   task that computes or blocks there holds up all sockets and timers of tokio's. `tokio::task::spawn_blocking` and `tokio::fs` have threads of tokio's own.
//! - **Neither is inside a runtime of fusee's**: `fusee::spawn` and `fusee::time::sleep` panic there. A [`Handle`](fusee::runtime::Handle) that is taken along spawns.
//!   Nor may code there wait in a `block_on` of fusee's for something of tokio's: its thread is the one that it waits for.
//! - **`tokio::task::block_in_place` calls its closure and hands on no worker**: the worker's other tasks wait. `fusee::task::block_in_place` hands it on.
//! - **What panics in a task of tokio's because it would block, blocks the worker**: tokio's `Handle::block_on`, `blocking_recv`, `blocking_lock` and their kin.
//! - **Only fusee's clock pauses.** Of a wait for tokio's it knows nothing, and jumps meanwhile: over a `fusee::time::timeout` around it for one.
//!   [`time::hold`](https://docs.rs/fusee/latest/fusee/time/fn.hold.html) keeps it where it is.
//! - **Nobody grants tokio's budget**: its channels and sockets never give way by themselves while they are ready. `fusee::task::coop::cooperative` around one does.
//! - **A `LocalSet` of tokio's works**, polled by whoever awaits its `run_until`; `tokio::task::spawn_local` panics outside of one, as there.
//! - **[`fusee::runtime::Handle::enter`] enters fusee's runtime alone**; [`Bridge::enter`] tokio's.
//! - A [`LocalSet`](fusee::task::LocalSet) that is dropped outside of a runtime drops its futures outside.
//!
//! # Shutdown
//! The runtime of fusee's ends first: all its tasks are dropped, with tokio's still entered. Tokio's ends, in the background and without a wait, when the last
//! [`Bridge`] and the last runtime that has it are gone; a [`Handle`](fusee::runtime::Handle) keeps its runtime's bridge. That may be anywhere, also in a task of
//! either. Tasks that `tokio::spawn` has started go on until then. A task of tokio's that owns a `Handle` of fusee's and never ends keeps both for ever.

use std::fmt;
use std::io;
use std::sync::Arc;

use fusee::runtime::Builder;
use tokio::runtime::{EnterGuard, Handle, Runtime};

/// A runtime of tokio's, for runtimes of fusee's whose threads are to enter it. Cheap to clone; runtimes may share one.
///
/// ```
/// use fusee::runtime::Builder;
/// use fusee_tokio::{Bridge, BuilderExt};
///
/// let bridge = Bridge::new()?;
/// let front = Builder::new_multi_thread().worker_threads(2).with_bridge(&bridge).build()?;
/// let back = Builder::new_current_thread().with_bridge(&bridge).build()?;
/// let entered = async { tokio::runtime::Handle::current().id() };
/// assert_eq!(front.block_on(entered), bridge.handle().id());
/// back.block_on(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Bridge {
    handle: Handle,
    _owned: Option<Arc<Owned>>,
}

/// Ends a runtime of tokio's without a wait: a drop of tokio's own waits, and panics where tokio allows no wait.
struct Owned(Option<Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bridge {
    /// Starts a runtime of tokio's with one worker thread and all drivers that tokio is compiled with. Its threads, those for its blocking jobs too, are called
    /// `fusee-tokio`.
    ///
    /// # Errors
    /// When the thread or a driver cannot be started.
    pub fn new() -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("fusee-tokio").enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Self { handle, _owned: Some(Arc::new(Owned(Some(runtime)))) })
    }

    /// Takes a runtime of tokio's that is there already, with as many threads and such names as it has. Its owner shuts it down, after the runtimes of fusee's: code that sleeps
    /// or connects by tokio later panics.
    ///
    /// A current-thread runtime of tokio's wakes nobody while no thread is in its `block_on`.
    pub fn from_handle(handle: Handle) -> Self {
        Self { handle, _owned: None }
    }

    /// The runtime of tokio's.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Enters the runtime of tokio's on this thread, until the guard is dropped: for threads that no runtime of fusee's works on, or for a wrapper
    /// of one's own in [`Builder::around_threads`], of which a builder keeps one.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("tokio", &self.handle.id()).finish_non_exhaustive()
    }
}

/// Bridges a runtime of fusee's as it is built.
pub trait BuilderExt {
    /// Enters a new [`Bridge`] on all threads of the runtime, and on those in its `block_on`. In place of another wrapper that the builder was
    /// [given](Builder::around_threads).
    ///
    /// # Errors
    /// When tokio's runtime cannot be started.
    fn with_tokio(&mut self) -> io::Result<&mut Self>;

    /// Enters `bridge` likewise.
    fn with_bridge(&mut self, bridge: &Bridge) -> &mut Self;
}

impl BuilderExt for Builder {
    fn with_tokio(&mut self) -> io::Result<&mut Self> {
        Ok(self.with_bridge(&Bridge::new()?))
    }

    fn with_bridge(&mut self, bridge: &Bridge) -> &mut Self {
        let bridge = bridge.clone();
        self.around_threads(move |work| {
            let _entered = bridge.enter();
            work();
        })
    }
}
