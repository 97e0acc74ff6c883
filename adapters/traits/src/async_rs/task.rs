//! A task's handle.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::async_rs::util::TaskImpl;
use async_trait::async_trait;
use fusee::task::JoinHandle;

/// A task of fusee's, within an [`async_rs::util::Task`].
///
/// # Panics
/// Polling it panics as the task has, if the task was lost, and after it resolved or was cancelled.
#[derive(Debug)]
pub struct FuseeTask<T> {
    /// Absent once it has resolved, or was given up.
    handle: Option<JoinHandle<T>>,
}

impl<T> FuseeTask<T> {
    pub(super) fn new(handle: JoinHandle<T>) -> Self {
        Self { handle: Some(handle) }
    }
}

impl<T: Send + 'static> Future for FuseeTask<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let handle =
            self.handle.as_mut().expect("the task is polled once more after it has resolved, or was cancelled");
        let result = ready!(Pin::new(handle).poll(context));
        self.handle = None;
        match result {
            Ok(value) => Poll::Ready(value),
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => panic!("the task did not complete: {error}"),
        }
    }
}

#[async_trait]
impl<T: Send + 'static> TaskImpl for FuseeTask<T> {
    async fn cancel(&mut self) -> Option<T> {
        let handle = self.handle.take()?;
        handle.abort();
        handle.await.ok()
    }
}
