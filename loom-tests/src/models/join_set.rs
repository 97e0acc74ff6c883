//! Models of `src/task/join_set/`: a set that is polled, filled and emptied while its tasks complete.
//!
//! Main has the set. What it finds pending it must be woken for: that is looked at when all threads have ended, and so is
//! whether every task can be joined.

use std::future::ready;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::stage::{CountingWaker, Queue};
use crate::harness::{Model, spawn, witness};
use crate::task::JoinSet;

/// Two tasks complete while the set is polled: it answers one of them, or its joiner is woken; and neither is lost.
///
/// Mutants: `arrivals_skip_second_look`.
#[test]
fn join_set_arrival() {
    Model::new("join_set_arrival", 100).preemptions(2).witnesses(&["ready", "woken"]).check(|| {
        let (queue, mut set) = (Queue::new(), JoinSet::new());
        for n in 1..=2 {
            set.insert(queue.spawn(ready(n)));
        }
        let runners = [(); 2].map(|()| spawn(runner(&queue)));
        let (wakes, waker) = CountingWaker::pair();
        let polled = set.poll_join_next(&mut Context::from_waker(&waker));
        for runner in runners {
            runner.join().unwrap();
        }
        let mut sum = 0;
        match polled {
            Poll::Ready(joined) => {
                witness("ready");
                sum += joined.expect("two tasks").expect("no task fails");
            }
            Poll::Pending => {
                witness("woken");
                assert_eq!(wakes.wakes(), 1, "a joiner that waits is woken once");
            }
        }
        while let Some(joined) = set.try_join_next() {
            sum += joined.expect("no task fails");
        }
        assert_eq!(sum, 3, "each task is joined once");
        assert!(set.is_empty());
    });
}

/// A task completes before, while or after it is taken into the set: it can be joined, or the joiner is woken for it.
///
/// Mutants: `join_set_insert_ignores_complete`, `arrivals_gap`.
#[test]
fn join_set_insert_complete() {
    Model::new("join_set_insert_complete", 200).preemptions(3).witnesses(&["ready", "woken"]).check(|| {
        let (queue, mut set) = (Queue::new(), JoinSet::new());
        let handle = queue.spawn(ready(1));
        let runner = spawn(runner(&queue));
        set.insert(handle);
        let (wakes, waker) = CountingWaker::pair();
        let polled = set.poll_join_next(&mut Context::from_waker(&waker));
        runner.join().unwrap();
        if polled.is_ready() {
            witness("ready");
        } else {
            witness("woken");
            assert_eq!(wakes.wakes(), 1, "a joiner that waits is woken once");
            assert!(set.try_join_next().is_some(), "the task is joined");
        }
        assert!(set.is_empty());
    });
}

/// A task completes while its set lets go of it and takes in another: it is never taken for that one.
///
/// Mutants: `join_set_detach_keeps_arrivals`.
#[test]
fn join_set_detach_late() {
    Model::new("join_set_detach_late", 40).preemptions(3).check(|| {
        let (queue, mut set) = (Queue::new(), JoinSet::new());
        set.insert(queue.spawn(ready(1)));
        let runner = spawn(runner(&queue));
        set.detach_all();
        let other = Queue::new();
        set.insert(other.spawn(ready(2)));
        assert!(set.try_join_next().is_none(), "the other task has not run");
        runner.join().unwrap();
        assert!(set.try_join_next().is_none(), "the other task has not run");
        other.run_one();
        assert_eq!(set.try_join_next().expect("it ran").expect("no task fails"), 2);
    });
}

/// Runs one task.
fn runner(queue: &StdArc<Queue>) -> impl FnOnce() + 'static {
    let queue = queue.clone();
    move || {
        queue.run_one();
    }
}
