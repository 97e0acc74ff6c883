//! Models of `src/task/task_tracker/`: a tracker that is waited for while its last task leaves and while it is closed and opened.
//!
//! Main waits. What it finds pending it must be woken for: that is looked at when all threads have ended.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::stage::{CountingWaker, panics_when_cloned};
use crate::facade::catch_unwind;
use crate::harness::{Model, spawn, witness};
use crate::task::TaskTracker;
use crate::task::task_tracker::TaskTrackerWaitFuture;

fn poll(wait: &mut TaskTrackerWaitFuture<'_>, waker: &Waker) -> Poll<()> {
    Pin::new(wait).poll(&mut Context::from_waker(waker))
}

/// The last task leaves a closed tracker while that is waited for: the wait is over, or its waker is woken.
///
/// Mutants: `tally_gap`, `tally_skip_second_look`.
#[test]
fn tracker_last_vs_wait() {
    Model::new("tracker_last_vs_wait", 10).witnesses(&["ready", "woken"]).check(|| {
        let tracker = TaskTracker::new();
        tracker.close();
        let token = tracker.token();
        let leaver = spawn(move || drop(token));
        let (wakes, waker) = CountingWaker::pair();
        let mut wait = tracker.wait();
        let polled = poll(&mut wait, &waker);
        leaver.join().unwrap();
        witness(if polled.is_ready() { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(polled.is_pending()), "one who waits is woken once");
        assert!(poll(&mut wait, &waker).is_ready());
    });
}

/// The last task leaves while the tracker is closed: one of the two wakes who waits.
///
/// Mutants: `tally_close_is_no_end`.
#[test]
fn tracker_close_vs_last() {
    Model::new("tracker_close_vs_last", 10).preemptions(3).witnesses(&["ready", "woken"]).check(|| {
        let tracker = TaskTracker::new();
        let token = tracker.token();
        let leaver = spawn(move || drop(token));
        let closing = tracker.clone();
        let closer = spawn(move || assert!(closing.close()));
        let (wakes, waker) = CountingWaker::pair();
        let mut wait = tracker.wait();
        let polled = poll(&mut wait, &waker);
        leaver.join().unwrap();
        closer.join().unwrap();
        witness(if polled.is_ready() { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(polled.is_pending()), "one who waits is woken once");
        assert!(poll(&mut wait, &waker).is_ready());
    });
}

/// The last task leaves, and the tracker gets another: a wait that had begun is over all the same.
///
/// Mutants: `tally_forgets_ends`.
#[test]
fn tracker_reopened() {
    Model::new("tracker_reopened", 10).witnesses(&["ready", "woken"]).check(|| {
        let tracker = TaskTracker::new();
        tracker.close();
        let token = tracker.token();
        let mut wait = tracker.wait();
        let other = tracker.clone();
        let leaver = spawn(move || {
            drop(token);
            assert!(other.reopen());
            other.token()
        });
        let (wakes, waker) = CountingWaker::pair();
        let polled = poll(&mut wait, &waker);
        let token = leaver.join().unwrap();
        witness(if polled.is_ready() { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(polled.is_pending()), "one who waits is woken once");
        assert!(poll(&mut wait, &waker).is_ready(), "an end that is over counts");
        drop(token);
    });
}

/// A wait is polled by one task and then by another while the last task leaves: if the other finds it pending, the other is woken.
///
/// Mutants: `tally_keeps_waiter`.
#[test]
fn tracker_other_task() {
    let model = Model::new("tracker_other_task", 10);
    model.witnesses(&["ready", "ready there", "woken there"]).check(|| {
        let tracker = TaskTracker::new();
        tracker.close();
        let token = tracker.token();
        let leaver = spawn(move || drop(token));
        let ((first_wakes, first), (wakes, second)) = (CountingWaker::pair(), CountingWaker::pair());
        let mut wait = tracker.wait();
        if poll(&mut wait, &first).is_ready() {
            witness("ready");
            return leaver.join().unwrap();
        }
        let polled = poll(&mut wait, &second);
        leaver.join().unwrap();
        if polled.is_ready() {
            witness("ready there");
        } else {
            witness("woken there");
            assert_eq!((first_wakes.wakes(), wakes.wakes()), (0, 1), "the latest waker is woken");
        }
    });
}

/// A tracker is waited for with a waker whose clone uses the tracker and panics, while the last task leaves: others can wait all the same.
///
/// Mutants: `tally_clone_under_lock`.
#[test]
fn tracker_clone_panics() {
    Model::new("tracker_clone_panics", 5).witnesses(&["ready", "panicked", "woken"]).check(|| {
        let tracker = TaskTracker::new();
        tracker.close();
        let token = tracker.token();
        let leaver = spawn(move || drop(token));
        let seen = tracker.clone();
        let bad = panics_when_cloned(move || assert!(seen.is_closed()));
        let (wakes, last) = CountingWaker::pair();
        let mut wait = tracker.wait();
        let polled = catch_unwind(|| poll(&mut wait, &bad)).unwrap_or_else(|_| {
            witness("panicked");
            poll(&mut wait, &last)
        });
        leaver.join().unwrap();
        witness(if polled.is_ready() { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(polled.is_pending()), "the latest waker is woken");
        drop(wait);
    });
}
