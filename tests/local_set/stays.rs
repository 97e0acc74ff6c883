//! A future that must stay on its thread.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use crate::support::{Drops, Token};

/// Where a task leaves its waker.
pub(crate) type Slot = Arc<Mutex<Option<Waker>>>;

/// A future that is not `Send`, leaves its waker to others, and is ready after so many polls. It panics when it is polled on another
/// thread than its own, and does not count as dropped when it is dropped there.
pub(crate) struct Stays {
    thread: ThreadId,
    polls: Rc<Cell<usize>>,
    ready_after: usize,
    pub(crate) waker: Slot,
    token: Option<Token>,
}

impl Stays {
    pub(crate) fn new(ready_after: usize, drops: &Drops) -> Self {
        let waker = Arc::default();
        Self { thread: thread::current().id(), polls: Rc::default(), ready_after, waker, token: Some(drops.token()) }
    }
}

impl Future for Stays {
    type Output = Rc<Cell<usize>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        assert_eq!(thread::current().id(), self.thread, "polled on its thread");
        *self.waker.lock().unwrap() = Some(context.waker().clone());
        self.polls.set(self.polls.get() + 1);
        if self.polls.get() >= self.ready_after { Poll::Ready(self.polls.clone()) } else { Poll::Pending }
    }
}

impl Drop for Stays {
    fn drop(&mut self) {
        if thread::current().id() != self.thread {
            std::mem::forget(self.token.take());
        }
    }
}

/// Wakes the task that has left its waker, if it has been polled.
pub(crate) fn wake(slot: &Mutex<Option<Waker>>) {
    let waker = slot.lock().unwrap().clone();
    if let Some(waker) = waker {
        waker.wake();
    }
}
