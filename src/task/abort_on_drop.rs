//! Handles that abort their task when they are dropped: a task that lives no longer than who has started it.
//!
//! Deliberately not here: what an abort does (`join.rs`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{AbortHandle, Id, JoinError, JoinHandle};

/// A [`JoinHandle`] that [aborts](JoinHandle::abort) its task when it is dropped.
///
/// It resolves as the handle does. A drop does not wait for the task: its future is gone a little later. Await a handle that was
/// [aborted](Self::abort) to know that it is.
///
/// # Cancel safety
/// Awaiting `&mut handle` can be given up and taken up again. To give up a future that owns the handle aborts the task.
///
/// # Panics
/// Polling it again after it resolved panics.
///
/// ```
/// use fusee::task::AbortOnDropHandle;
///
/// fusee::runtime::block_on(async {
///     let (held, dropped) = futures::channel::oneshot::channel::<()>();
///     let task = AbortOnDropHandle::new(fusee::spawn(async {
///         let _held = held;
///         std::future::pending::<()>().await;
///     }));
///     drop(task);
///     assert!(dropped.await.is_err());
/// });
/// ```
#[must_use = "dropping the handle aborts the task"]
pub struct AbortOnDropHandle<T> {
    /// Absent once it is detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> AbortOnDropHandle<T> {
    /// Takes `handle` over.
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self { handle: Some(handle) }
    }

    /// Cancels the task now; see [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.as_ref().abort();
    }

    /// A handle that can abort the task and nothing else; dropping that one does nothing.
    #[must_use = "an abort handle does nothing until `abort` is called"]
    pub fn abort_handle(&self) -> AbortHandle {
        self.as_ref().abort_handle()
    }

    /// Whether the task has completed or has been cancelled; see [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.as_ref().is_finished()
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.as_ref().id()
    }

    /// The handle that was taken over: the task is not aborted any more.
    ///
    /// ```
    /// use fusee::task::AbortOnDropHandle;
    ///
    /// fusee::runtime::block_on(async {
    ///     let guarded = AbortOnDropHandle::new(fusee::spawn(async { 42 }));
    ///     assert_eq!(guarded.detach().await.unwrap(), 42);
    /// });
    /// ```
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle.take().expect(OWNED)
    }
}

/// Only `detach` takes the handle out, and that consumes what has had it.
const OWNED: &str = "it has its handle until it is detached";

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect(OWNED)
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.handle.as_mut().expect(OWNED)).poll(context)
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl<T> fmt::Debug for AbortOnDropHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortOnDropHandle").field(self.as_ref()).finish()
    }
}

/// An [`AbortHandle`] that [aborts](AbortHandle::abort) its task when it is dropped: for who keeps the task alive and does not care for its output.
///
/// ```
/// use fusee::task::AbortOnDrop;
///
/// fusee::runtime::block_on(async {
///     let task = fusee::spawn(std::future::pending::<()>());
///     drop(AbortOnDrop::new(task.abort_handle()));
///     assert!(task.await.unwrap_err().is_cancelled());
/// });
/// ```
#[must_use = "dropping the handle aborts the task"]
pub struct AbortOnDrop {
    /// Absent once it is detached.
    handle: Option<AbortHandle>,
}

impl AbortOnDrop {
    /// Takes `handle` over. Its clones stay as they are: dropping one does nothing.
    pub fn new(handle: AbortHandle) -> Self {
        Self { handle: Some(handle) }
    }

    /// Cancels the task now; see [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.handle().abort();
    }

    /// Whether the task has completed or has been cancelled; see [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// The task.
    pub fn id(&self) -> Id {
        self.handle().id()
    }

    /// The handle that was taken over: dropping it does nothing to the task.
    pub fn detach(mut self) -> AbortHandle {
        self.handle.take().expect(OWNED)
    }

    fn handle(&self) -> &AbortHandle {
        self.handle.as_ref().expect(OWNED)
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl fmt::Debug for AbortOnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortOnDrop").field(self.handle()).finish()
    }
}
