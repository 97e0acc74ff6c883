//! [openraft](https://docs.rs/openraft) on fusee: a runtime for `openraft::Raft`.
//!
//! [`FuseeRuntime`] is named where a program declares its types. Everything that openraft does then runs on the runtime in which
//! `Raft::new` is called: its tasks, and its timers, which go by that runtime's clock.
//!
//! ```text
//! openraft::declare_raft_types!(
//!     pub TypeConfig:
//!         D = Request,
//!         R = Response,
//!         AsyncRuntime = fusee_openraft::FuseeRuntime,
//! );
//! ```
//!
//! Turn openraft's default features off: `tokio-rt` is tokio's runtime. The example `store` of the repository is a whole program.
//!
//! Channels and locks are tokio's, of its feature `sync` alone. They spend no budget of fusee's tasks: `fusee::sync` says what follows.
//!
//! openraft's feature `single-threaded` is not supported: what it spawns then may not be sent to another thread.

// Who calls it: openraft, on the threads of the runtime. Checked by openraft-rt's own suite, `tests/suite.rs`.
// Deliberately not here: storage and network, which are the program's.

mod instant;
mod mpsc;
mod mutex;
mod oneshot;
mod watch;

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use openraft_rt::{AsyncRuntime, OptionalSend};

pub use instant::FuseeInstant;
pub use mpsc::{Mpsc, MpscReceiver, MpscSender, MpscWeakSender};
pub use mutex::Mutex;
pub use oneshot::{Oneshot, OneshotSender};
pub use watch::{Watch, WatchReceiver, WatchSender};

/// fusee, as openraft asks for a runtime.
///
/// openraft uses its associated functions alone, which work on the current runtime. A value is a multi-threaded runtime of its own: the
/// trait has it for tests.
///
/// ```
/// use fusee_openraft::FuseeRuntime;
/// use openraft_rt::AsyncRuntime;
///
/// let mut runtime = FuseeRuntime::new(2);
/// let answer = runtime.block_on(async { FuseeRuntime::spawn(async { 7 }).await });
/// assert_eq!(answer.unwrap(), 7);
/// ```
pub struct FuseeRuntime(Runtime);

impl AsyncRuntime for FuseeRuntime {
    type JoinError = fusee::task::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = fusee::task::JoinHandle<T>;
    type Sleep = fusee::time::Sleep;
    type Instant = FuseeInstant;
    type TimeoutError = fusee::time::error::Elapsed;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = fusee::time::Timeout<T>;
    type ThreadLocalRng = rand::rngs::ThreadRng;
    type Mpsc = Mpsc;
    type Watch = Watch;
    type Oneshot = Oneshot;
    type Mutex<T: OptionalSend + 'static> = Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        fusee::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        fusee::time::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        fusee::time::sleep_until(deadline.into())
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(duration: Duration, future: F) -> Self::Timeout<R, F> {
        fusee::time::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: Self::Instant, future: F) -> Self::Timeout<R, F> {
        fusee::time::timeout_at(deadline.into(), future)
    }

    fn is_panic(join_error: &Self::JoinError) -> bool {
        join_error.is_panic()
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        rand::rng()
    }

    /// # Panics
    /// The operating system has no thread for it.
    fn new(threads: usize) -> Self {
        Self(Builder::new_multi_thread().worker_threads(threads).build().expect("no runtime can be started"))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }

    fn spawn_blocking<F, T>(function: F) -> impl Future<Output = Result<T, io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let job = fusee::task::spawn_blocking(function);
        async { Ok(job.await?) }
    }
}

impl fmt::Debug for FuseeRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FuseeRuntime").field(&self.0).finish()
    }
}
