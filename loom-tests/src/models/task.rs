//! Models of `src/task/`: a task, whoever runs it, and its handle.
//!
//! The scheduler is a stub without a queue: each model runs the entries itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::harness::{Model, join, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::task::list::TaskList;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{JoinHandle, enlist};

/// Where a model's tasks are listed, and nothing more: none of them is woken.
struct Lone(Arc<TaskList>);

impl Schedule for Lone {
    unsafe fn schedule(_: *const Self, _: Runnable) {
        unreachable!("the task is not woken");
    }

    unsafe fn reschedule(_: *const Self, _: Runnable) {
        unreachable!("the task is not woken");
    }

    fn release(&self, task: RawTask) -> bool {
        // SAFETY: the task entered this list when it was made, and completes once.
        unsafe { self.0.remove(task) }
    }
}

/// A task that is ready at its first poll.
fn ready<T: Send + 'static>(output: T) -> (Runnable, JoinHandle<T>) {
    let list = Arc::new(TaskList::new());
    let (runnable, handle) = enlist(async { output }, Lone(list.clone()), &list);
    (runnable.expect("the list is open"), handle)
}

/// Wakes a parker, or nobody.
struct Bell(Option<Unparker>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if let Some(unparker) = &self.0 {
            unparker.unpark();
        }
    }
}

fn bell(unparker: Option<Unparker>) -> Waker {
    Arc::new(Bell(unparker)).into()
}

fn poll<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> Option<T> {
    match Pin::new(handle).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => Some(output.expect("the task completes")),
        Poll::Pending => None,
    }
}

/// Polls with `wakers` in turn, then waits for the last of them, which must wake `parker`.
fn await_by(parker: &Parker, handle: &mut JoinHandle<u32>, wakers: &[Waker]) -> u32 {
    for (index, waker) in wakers.iter().enumerate() {
        if let Some(output) = poll(handle, waker) {
            witness(["first poll", "second poll"][index]);
            return output;
        }
    }
    loop {
        parker.park();
        if let Some(output) = poll(handle, &wakers[wakers.len() - 1]) {
            witness("woken");
            return output;
        }
    }
}

/// A task completes while its handle is awaited: the joiner is woken, and sees the output.
///
/// Mutants: `task_complete`.
#[test]
fn join_poll_complete() {
    Model::new("join_poll_complete", 300).witnesses(&["first poll", "woken"]).check(|| {
        let (runnable, mut handle) = ready(7);
        let parker = Parker::new();
        let waker = bell(Some(parker.unparker()));
        let runner = spawn(move || runnable.run());
        assert_eq!(await_by(&parker, &mut handle, &[waker]), 7);
        join([runner]);
    });
}

/// A task completes while its handle goes from one waker to another: the newest is woken, and the slot is raced for by nobody.
///
/// Mutants: `task_complete`.
#[test]
fn join_new_waker() {
    Model::new("join_new_waker", 13_000).witnesses(&["first poll", "second poll", "woken"]).check(|| {
        let (runnable, mut handle) = ready(7);
        let parker = Parker::new();
        let wakers = [bell(None), bell(Some(parker.unparker()))];
        let runner = spawn(move || runnable.run());
        assert_eq!(await_by(&parker, &mut handle, &wakers), 7);
        join([runner]);
    });
}

/// An output that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A task completes while its handle is dropped: exactly one of them drops the output, and the waker left behind.
///
/// Mutants: `task_drop_join_skips_arbitration`.
#[test]
fn join_drop_complete() {
    Model::new("join_drop_complete", 300).witnesses(&["ready", "pending"]).check(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (runnable, mut handle) = ready(Counted(dropped.clone()));
        let runner = spawn(move || runnable.run());
        witness(if poll(&mut handle, &bell(None)).is_some() { "ready" } else { "pending" });
        drop(handle);
        join([runner]);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}
