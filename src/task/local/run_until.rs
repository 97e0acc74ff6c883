//! Driving a local set: what a poll of it does, alone or beside a future that runs inside.
//!
//! Each poll runs a bounded number of tasks. If more are left it wakes itself, so that others on its thread get their turn;
//! if none is, it registers its waker and waits. Called on the set's own thread: the set, and what borrows it, cannot leave.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::LocalSet;
use super::current;
use super::queue::Owner;
use crate::task::coop;

/// The most tasks that one poll of a set runs.
const TASKS_PER_POLL: usize = 61;

/// The key of the set itself among those that wait for it; the others are addresses.
const SET: usize = 0;

pin_project! {
    /// A future that runs inside a set, and drives it.
    pub(super) struct RunUntil<'a, F> {
        set: &'a LocalSet,
        // Whether it ever was registered with the set.
        waited: bool,
        #[pin]
        future: F,
    }

    impl<F> PinnedDrop for RunUntil<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            if this.waited {
                this.set.owner.stop_waiting(key(&this));
            }
        }
    }
}

impl<'a, F> RunUntil<'a, F> {
    pub(super) fn new(set: &'a LocalSet, future: F) -> Self {
        Self { set, waited: false, future }
    }
}

impl<F: Future> Future for RunUntil<'_, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let key = key(&self);
        let this = self.as_mut().project();
        let owner = &this.set.owner;
        let _entered = current::enter(owner);
        let _polling = owner.start_polling();
        if let Poll::Ready(output) = this.future.poll(context) {
            // It may outlive its answer, and drives the set no more.
            if std::mem::take(this.waited) {
                owner.stop_waiting(key);
            }
            return Poll::Ready(output);
        }
        *this.waited = true;
        run_tasks(owner, key, context);
        Poll::Pending
    }
}

/// Tells futures that drive one set apart: they are pinned, so that their addresses are theirs until they are dropped.
fn key<F>(this: &Pin<&mut RunUntil<'_, F>>) -> usize {
    std::ptr::from_ref(&**this).addr()
}

/// Polls the set alone. Ready when all its tasks are complete.
pub(super) fn poll(owner: &Rc<Owner>, context: &mut Context<'_>) -> Poll<()> {
    let _entered = current::enter(owner);
    let _polling = owner.start_polling();
    run_tasks(owner, SET, context);
    if !owner.is_empty() {
        return Poll::Pending;
    }
    // The set may live on, and must not keep the waker.
    owner.stop_waiting(SET);
    Poll::Ready(())
}

/// Runs tasks, up to the bound; then waits for more, or sees to another poll.
fn run_tasks(owner: &Owner, key: usize, context: &mut Context<'_>) {
    for _ in 0..TASKS_PER_POLL {
        let Some(task) = owner.next() else {
            if owner.wait(key, context.waker()) {
                return;
            }
            // Another thread has queued one meanwhile.
            continue;
        };
        let _budget = coop::Grant::task();
        owner.run(task);
    }
    context.waker().wake_by_ref();
}
