//! Models of the places where a waker waits for one event: a task's join slot, a timer's entry, a set's joiner.
//!
//! Of each: two threads that use it up, a hand-over from one task to another, and a waker whose clone panics. That of a local set is in
//! [`super::local`]; that a wake is not lost is in the models of each part.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use super::stage::{CountingWaker, Queue, panics_when_cloned};
use super::timer::{TICK, fire};
use crate::facade::{Arc, catch_unwind};
use crate::harness::{Model, spawn, witness};
use crate::task::{JoinHandle, JoinSet};
use crate::time::shard::TimerShard;

fn poll<T>(handle: &mut JoinHandle<T>, waker: &Waker) -> bool {
    Pin::new(handle).poll(&mut Context::from_waker(waker)).is_ready()
}

/// Runs one task.
fn runner(queue: &StdArc<Queue>) -> loom::thread::JoinHandle<()> {
    let queue = queue.clone();
    spawn(move || {
        queue.run_one();
    })
}

/// Two threads may complete the task, one that runs it and one that closes its list, while a joiner comes to wait: one of them
/// takes the waker, once.
///
/// Mutants: `task_complete`.
#[test]
fn join_two_completers() {
    Model::new("join_two_completers", 200).preemptions(3).witnesses(&["ready", "woken"]).check(|| {
        let queue = Queue::new();
        let mut handle = queue.spawn(ready(1));
        let runner = runner(&queue);
        let closing = queue.clone();
        let closer = spawn(move || closing.list.close());
        let (wakes, waker) = CountingWaker::pair();
        let is_ready = poll(&mut handle, &waker);
        runner.join().unwrap();
        closer.join().unwrap();
        assert!(handle.is_finished());
        witness(if is_ready { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(!is_ready), "a waiting joiner is woken once");
    });
}

/// One task polls a handle and gives it to another, on another thread, while the handle's task completes: if the other finds it pending,
/// the other is woken.
///
/// Mutants: `join_keeps_waker`.
#[test]
fn join_other_task() {
    let model = Model::new("join_other_task", 100).preemptions(3);
    model.witnesses(&["ready", "ready there", "woken there"]).check(|| {
        let queue = Queue::new();
        let mut handle = queue.spawn(ready(1));
        let runner = runner(&queue);
        let (first_wakes, first) = CountingWaker::pair();
        if poll(&mut handle, &first) {
            witness("ready");
            return runner.join().unwrap();
        }
        let other = spawn(move || {
            let (wakes, second) = CountingWaker::pair();
            let is_ready = poll(&mut handle, &second);
            (handle, wakes, is_ready)
        });
        let (_handle, wakes, is_ready) = other.join().unwrap();
        runner.join().unwrap();
        if is_ready {
            witness("ready there");
        } else {
            witness("woken there");
            assert_eq!((first_wakes.wakes(), wakes.wakes()), (0, 1), "the latest waker is woken");
        }
    });
}

/// A joiner waits; then it brings a waker whose clone panics, then a good one, while the task completes: the slot is as usable as before.
///
/// Mutants: `join_bit_before_slot`.
#[test]
fn join_clone_panics() {
    Model::new("join_clone_panics", 100).preemptions(3).witnesses(&["ready", "panicked", "woken"]).check(|| {
        let queue = Queue::new();
        let mut handle = queue.spawn(ready(1));
        let runner = runner(&queue);
        let (_, first) = CountingWaker::pair();
        let bad = panics_when_cloned(|| {});
        let (wakes, last) = CountingWaker::pair();
        let mut is_ready = poll(&mut handle, &first);
        if !is_ready {
            is_ready = catch_unwind(|| poll(&mut handle, &bad)).unwrap_or_else(|_| {
                witness("panicked");
                poll(&mut handle, &last)
            });
        }
        runner.join().unwrap();
        witness(if is_ready { "ready" } else { "woken" });
        assert_eq!(wakes.wakes(), usize::from(!is_ready), "the latest waker is woken");
    });
}

/// A timer is polled with a waker whose clone looks at the timers and then panics, then with a good one, while it fires.
///
/// Mutants: `timer_clone_under_lock`.
#[test]
fn timer_clone_panics() {
    Model::new("timer_clone_panics", 5).witnesses(&["ready", "panicked", "woken"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let (_, first) = CountingWaker::pair();
        let key = shard.register(10 * TICK, first).expect("the shard is open").key;
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        let seen = shard.clone();
        let bad = panics_when_cloned(move || assert_eq!(seen.counts().live, 1));
        let (wakes, last) = CountingWaker::pair();
        let polled = catch_unwind(|| shard.poll(key, &bad)).unwrap_or_else(|_| {
            witness("panicked");
            shard.poll(key, &last)
        });
        firing.join().unwrap();
        if polled.is_ready() {
            witness("ready");
        } else {
            witness("woken");
            assert_eq!(wakes.wakes(), 1, "the latest waker is woken");
            shard.cancel(key);
        }
        assert_eq!(shard.counts().live, 0, "the entry is freed");
    });
}

/// A set is polled by one task and then by another, on another thread, while its task completes: the other is woken.
///
/// Mutants: `arrivals_keeps_joiner`.
#[test]
fn join_set_other_joiner() {
    let model = Model::new("join_set_other_joiner", 20).preemptions(3);
    model.witnesses(&["ready", "ready there", "woken there"]).check(|| {
        let (queue, mut set) = (Queue::new(), JoinSet::new());
        set.insert(queue.spawn(ready(1)));
        let runner = runner(&queue);
        let (first_wakes, first) = CountingWaker::pair();
        if set.poll_join_next(&mut Context::from_waker(&first)).is_ready() {
            witness("ready");
            return runner.join().unwrap();
        }
        let other = spawn(move || {
            let (wakes, second) = CountingWaker::pair();
            let is_ready = set.poll_join_next(&mut Context::from_waker(&second)).is_ready();
            (set, wakes, is_ready)
        });
        let (_set, wakes, is_ready) = other.join().unwrap();
        runner.join().unwrap();
        if is_ready {
            witness("ready there");
        } else {
            witness("woken there");
            assert_eq!((first_wakes.wakes(), wakes.wakes()), (0, 1), "the latest waker is woken");
        }
    });
}

/// A set is polled with a waker whose clone runs one of its tasks and then panics, while another completes: both are joined.
///
/// Mutants: `arrivals_clone_under_lock`.
#[test]
fn join_set_clone_panics() {
    Model::new("join_set_clone_panics", 10).preemptions(3).witnesses(&["ready", "panicked"]).check(|| {
        let (queue, own, mut set) = (Queue::new(), Queue::new(), JoinSet::new());
        set.insert(queue.spawn(ready(1)));
        set.insert(own.spawn(ready(2)));
        let runner = runner(&queue);
        let inside = own.clone();
        let bad = panics_when_cloned(move || assert!(inside.run_one()));
        let mut sum = 0;
        match catch_unwind(|| set.poll_join_next(&mut Context::from_waker(&bad))) {
            Ok(Poll::Ready(joined)) => {
                witness("ready");
                sum += joined.expect("two tasks").expect("no task fails");
                assert!(own.run_one());
            }
            Ok(Poll::Pending) => panic!("a set that waits has cloned the waker"),
            Err(_) => witness("panicked"),
        }
        runner.join().unwrap();
        let (_, waker) = CountingWaker::pair();
        while let Poll::Ready(Some(joined)) = set.poll_join_next(&mut Context::from_waker(&waker)) {
            sum += joined.expect("no task fails");
        }
        assert_eq!(sum, 3, "each task is joined once");
    });
}
