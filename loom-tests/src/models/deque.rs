//! Models of the stand-in deques: what the scheduler assumes of the real ones, and that the stand-ins are no stronger.

use std::sync::Arc;

use crate::facade::UnsafeCell;
use crate::facade::deque::{Injector, Steal, Stealer, Worker};
use crate::harness::{Model, spawn, witness};

/// A task whose content is a plain cell, so that a missing ordering between pusher and taker is found.
struct Task(UnsafeCell<u32>);

impl Task {
    fn new(number: u32) -> Self {
        Self(UnsafeCell::new(number))
    }

    fn number(&self) -> u32 {
        self.0.with(|number| {
            // SAFETY: loom checks that nobody writes.
            unsafe { *number }
        })
    }
}

/// Steals until there is a task or there is none.
fn steal_one(stealer: &Stealer<Task>) -> Option<u32> {
    loop {
        match stealer.steal() {
            Steal::Success(task) => return Some(task.number()),
            Steal::Empty => return None,
            Steal::Retry => witness("retry"),
        }
    }
}

/// The owner pushes one task and pops it, a thief steals: exactly one of them gets it.
///
/// Mutants: `deque_pop_rmw`, `deque_steal_cas`, `deque_push`.
#[test]
fn steal_pop_last() {
    Model::new("steal_pop_last", 15).witnesses(&["owner", "thief", "retry"]).check(|| {
        let worker = Worker::new_fifo();
        let stealer = worker.stealer();
        let thief = spawn(move || steal_one(&stealer));
        worker.push(Task::new(7));
        let popped = worker.pop().map(|task| task.number());
        let stolen = thief.join().unwrap();
        match (popped, stolen) {
            (Some(7), None) => witness("owner"),
            (None, Some(7)) => witness("thief"),
            other => panic!("{other:?}"),
        }
        assert!(worker.is_empty());
    });
}

/// A thief takes a batch into its own deque while the owner pops: nothing is lost or doubled, and a batch keeps its order.
#[test]
fn steal_batch() {
    Model::new("steal_batch", 20).witnesses(&["retry", "batch of one", "batch of two"]).check(|| {
        let worker = Worker::new_fifo();
        for number in 1..=3 {
            worker.push(Task::new(number));
        }
        let stealer = worker.stealer();
        let thief = spawn(move || {
            let own = Worker::new_fifo();
            let first = loop {
                match stealer.steal_batch_with_limit_and_pop(&own, 2) {
                    Steal::Success(task) => break Some(task.number()),
                    Steal::Empty => break None,
                    Steal::Retry => witness("retry"),
                }
            };
            let rest: Vec<u32> = std::iter::from_fn(|| own.pop()).map(|task| task.number()).collect();
            witness(if rest.is_empty() { "batch of one" } else { "batch of two" });
            first.into_iter().chain(rest).collect::<Vec<_>>()
        });
        let mut all: Vec<u32> = std::iter::from_fn(|| worker.pop()).take(2).map(|task| task.number()).collect();
        let stolen = thief.join().unwrap();
        assert!(stolen.is_sorted(), "{stolen:?}");
        all.extend(stolen);
        all.extend(std::iter::from_fn(|| worker.pop()).map(|task| task.number()));
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
    });
}

/// The owner fills the ring once more around while a thief reads the slot that is overwritten.
#[test]
fn steal_overwritten_slot() {
    Model::new("steal_overwritten_slot", 70).witnesses(&["retry"]).check(|| {
        let worker = Worker::new_fifo();
        for number in 1..=4 {
            worker.push(Task::new(number));
        }
        let stealer = worker.stealer();
        let thief = spawn(move || steal_one(&stealer));
        let popped = worker.pop().map(|task| task.number());
        worker.push(Task::new(5));
        let mut all: Vec<u32> = popped.into_iter().chain(thief.join().unwrap()).collect();
        all.extend(std::iter::from_fn(|| worker.pop()).map(|task| task.number()));
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4, 5]);
    });
}

/// Two producers and a consumer: each task comes out once, with its content.
///
/// Mutants: `injector_write`.
#[test]
fn injector_push_steal() {
    Model::new("injector_push_steal", 170).witnesses(&["retry", "empty", "stolen"]).check(|| {
        let injector = Arc::new(Injector::new());
        injector.push(Task::new(1));
        let (pusher, thief) = (injector.clone(), injector.clone());
        let pusher = spawn(move || pusher.push(Task::new(2)));
        let thief = spawn(move || steal_until_empty(&thief));
        let mut all = steal_until_empty(&injector);
        pusher.join().unwrap();
        all.extend(thief.join().unwrap());
        all.extend(steal_until_empty(&injector));
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        assert!(injector.is_empty());
    });
}

fn steal_until_empty(injector: &Injector<Task>) -> Vec<u32> {
    let mut stolen = Vec::new();
    loop {
        match injector.steal() {
            Steal::Success(task) => {
                witness("stolen");
                stolen.push(task.number());
            }
            Steal::Empty => {
                witness("empty");
                return stolen;
            }
            Steal::Retry => witness("retry"),
        }
    }
}
