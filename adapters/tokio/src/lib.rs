//! A runtime of tokio's entered on the threads of a runtime of fusee's: crates that need tokio's reactor, timers or tasks run in tasks of fusee's
//! as they are.
//!
//! ```
//! use fusee::runtime::Builder;
//! use fusee_tokio::BuilderExt;
//!
//! fn main() -> std::io::Result<()> {
//!     let runtime = Builder::new_multi_thread().with_tokio()?.build()?;
//!     runtime.block_on(async {
//!         // In a task of fusee's; without the bridge this panics: there is no reactor running.
//!         fusee::spawn(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await }).await?;
//!         Ok(())
//!     })
//! }
//! ```

use std::fmt;
use std::io;
use std::sync::Arc;

use fusee::runtime::Builder;
use tokio::runtime::{EnterGuard, Handle, Runtime};

/// A runtime of tokio's, for runtimes of fusee's whose threads are to enter it.
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
    /// Starts a runtime of tokio's with one thread, `fusee-tokio`, and all drivers that tokio is compiled with.
    ///
    /// # Errors
    /// When the thread or a driver cannot be started.
    pub fn new() -> io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("fusee-tokio").enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Self { handle, _owned: Some(Arc::new(Owned(Some(runtime)))) })
    }

    /// Takes a runtime of tokio's that is there already, and that somebody else shuts down.
    pub fn from_handle(handle: Handle) -> Self {
        Self { handle, _owned: None }
    }

    /// The runtime of tokio's.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Enters the runtime of tokio's on this thread, until the guard is dropped.
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
    /// Enters a new [`Bridge`] on all threads of the runtime.
    ///
    /// # Errors
    /// When tokio's runtime cannot be started.
    fn with_tokio(&mut self) -> io::Result<&mut Self>;

    /// Enters `bridge` on all threads of the runtime.
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
