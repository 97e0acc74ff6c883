//! What the scenarios share: a mailbox for tasks, a task that answers, a gate for threads.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use shuttle::sync::{Condvar, Mutex};
use shuttle_tests::harness::{Census, random};

/// A queue of messages, of which one task at a time awaits the next.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Arc<Mutex<Post<T>>>);

#[derive(Debug)]
struct Post<T> {
    messages: VecDeque<T>,
    reader: Option<Waker>,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Post { messages: VecDeque::new(), reader: None })))
    }

    /// Leaves a message, and wakes who waits for it, by reference if `by_reference`.
    pub(crate) fn send(&self, message: T, by_reference: bool) {
        let mut post = self.0.lock().unwrap();
        post.messages.push_back(message);
        let reader = if by_reference { post.reader.clone() } else { post.reader.take() };
        drop(post);
        match reader {
            Some(reader) if by_reference => reader.wake_by_ref(),
            Some(reader) => reader.wake(),
            None => {}
        }
    }

    pub(crate) async fn receive(&self) -> T {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<T> {
        let mut post = self.0.lock().unwrap();
        match post.messages.pop_front() {
            Some(message) => Poll::Ready(message),
            None => {
                let old = post.reader.replace(context.waker().clone());
                drop(post);
                drop(old);
                Poll::Pending
            }
        }
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A task that answers each number with itself, until it is asked for zero.
pub(crate) async fn echo(census: Census, request: Mailbox<u32>, answer: Mailbox<u32>) {
    let _counted = census.count();
    loop {
        match request.receive().await {
            0 => return,
            number => answer.send(number, random(2) == 0),
        }
    }
}

/// Closed until it is opened; a thread that waits for that is blocked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let mut is_open = self.0.0.lock().unwrap();
        while !*is_open {
            is_open = self.0.1.wait(is_open).unwrap();
        }
    }
}
