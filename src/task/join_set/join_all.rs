//! The future of `JoinSet::join_all`, on the thread that polls it. A type of its own and no `async fn`, for a panic to name the line that awaits it.
//!
//! Deliberately not here: how the set learns that a task is complete (`arrivals.rs`).

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::JoinSet;

/// Joins all tasks of a set.
pub(super) struct JoinAll<T> {
    pub(super) set: JoinSet<T>,
    /// In the order in which they came.
    pub(super) outputs: Vec<T>,
}

// No output is pinned.
impl<T> Unpin for JoinAll<T> {}

impl<T: 'static> Future for JoinAll<T> {
    type Output = Vec<T>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        while let Some(joined) = ready!(self.set.poll_join_next(context)) {
            match joined {
                Ok(output) => self.outputs.push(output),
                Err(error) => {
                    // Now, and not when the future is dropped: the tasks that are left are aborted.
                    self.set.abort_all();
                    match error.try_into_panic() {
                        Ok(payload) => resume_unwind(payload),
                        Err(error) => panic!("a task of `join_all` gave no output: {error}"),
                    }
                }
            }
        }
        Poll::Ready(std::mem::take(&mut self.outputs))
    }
}
