//! What blocks, on the blocking pool of the current runtime: single calls, and jobs that work one at a time on what they share with a stream.
//!
//! A stream that blocks keeps what its jobs work on, its buffers above all, behind a lock in [`OnPool`]. A job has the lock while it runs, the stream at all
//! other times: so nobody ever waits for it. What a job has read is in the buffer when it is done, whoever awaits it or not: a read that is given up loses no
//! byte, for the next one finds them there. A job that is refused leaves all as it was.
//!
//! Who calls it: `fs/` and `io/standard/`, in a task. Checked by `tests/fs_file.rs`, `fs_faults.rs` and `stdio.rs`.
//! Deliberately not here: the pool (`src/blocking`), and what is read and written.

use std::fmt;
use std::io;
use std::ops::DerefMut;
use std::task::{Context, Poll, Waker};

use crate::blocking::AtClose;
use crate::facade::{Arc, Mutex};
use crate::runtime::Handle;
use crate::task::meta::Origin;
use crate::task::{JoinError, JoinHandle};

/// Runs `job` on the blocking pool of the current runtime.
///
/// Dropped, the job runs all the same, unless the runtime ends before it has begun.
#[cfg(feature = "fs")]
pub(crate) async fn run<R: Send + 'static>(job: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
    current()?.spawn_blocking_from(job, Origin::here()).await.unwrap_or_else(|error| Err(not_run(error)))
}

fn current() -> io::Result<Handle> {
    Handle::try_current().map_err(io::Error::other)
}

/// What is answered for a job that has no answer.
fn not_run(error: JoinError) -> io::Error {
    if error.is_panic() {
        return io::Error::other(error);
    }
    io::Error::other("the fusee runtime has shut down, or has no thread for its blocking pool: nothing was done")
}

/// A `T` that jobs of the blocking pool work on, one at a time, each of which answers an `A`.
pub(crate) struct OnPool<T, A> {
    state: Arc<Mutex<T>>,
    job: Option<Job<A>>,
}

enum Job<A> {
    Runs {
        handle: JoinHandle<A>,
        /// What it answers if it is not run.
        lost: fn(io::Error) -> A,
    },
    Ended(A),
}

impl<T: Send + 'static, A: Send + 'static> OnPool<T, A> {
    pub(crate) fn new(state: T) -> Self {
        Self { state: Arc::new(Mutex::new(state)), job: None }
    }

    /// What the jobs work on: to be asked for while none runs.
    pub(crate) fn state(&mut self) -> impl DerefMut<Target = T> {
        debug_assert!(self.job.is_none(), "a job that runs has the state");
        self.state.lock()
    }

    /// Whether a job was begun whose end nobody has seen.
    #[cfg(all(feature = "fs", feature = "tokio-io"))]
    pub(crate) fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Begins `job`, while none runs. One that is not run, because its runtime ends before it has a thread for it, or can start none, answers `lost`.
    ///
    /// # Errors
    /// It is refused: there is no current runtime, or that has shut down, or can start no thread. Nothing has changed.
    pub(crate) fn begin(
        &mut self,
        at_close: AtClose,
        lost: fn(io::Error) -> A,
        job: impl FnOnce(&mut T) -> A + Send + 'static,
    ) -> io::Result<()> {
        debug_assert!(self.job.is_none(), "one at a time");
        let state = self.state.clone();
        let job = move || job(&mut state.lock());
        let mut handle = current()?.spawn_blocking_with(job, at_close, Origin::here());
        self.job = Some(match handle.is_finished().then(|| handle.poll_output(Waker::noop())) {
            Some(Poll::Ready(answer)) => Job::Ended(answer.map_err(not_run)?),
            _ => Job::Runs { handle, lost },
        });
        Ok(())
    }

    /// Pending while a job runs. Then its answer, once; `None` if none was begun since.
    pub(crate) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Option<A>> {
        let answer = match self.job.take() {
            None => return Poll::Ready(None),
            Some(Job::Ended(answer)) => answer,
            Some(Job::Runs { mut handle, lost }) => match handle.poll_output(context.waker()) {
                Poll::Ready(answer) => answer.unwrap_or_else(|error| lost(not_run(error))),
                Poll::Pending => {
                    self.job = Some(Job::Runs { handle, lost });
                    return Poll::Pending;
                }
            },
        };
        Poll::Ready(Some(answer))
    }
}

impl<T, A> fmt::Debug for OnPool<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnPool").field("is_busy", &self.job.is_some()).finish_non_exhaustive()
    }
}
