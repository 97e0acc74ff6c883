//! Models of a task's untimely end: abort, and the closing of its list, beside each other and beside a run or a spawn.

use std::sync::Arc as StdArc;

use super::stage::{AwaitFlag, Fate, Queue, Signal};
use super::task::{Scene, result};
use crate::harness::{Model, spawn, witness};

/// The task is polled on one thread, aborted on a second, and run for the last time on a third, which drops the future: that sees what the
/// poll wrote, although the abort publishes nothing.
///
/// Mutants: `task_handover`.
#[test]
fn task_abort_handover() {
    let model = Model::new("task_abort_handover", 200).preemptions(3);
    model.witnesses(&["polled and dropped", "dropped at once"]).check(|| {
        let scene = Scene::queued();
        let abort = scene.handle.abort_handle();
        let runners = [spawn(scene.runner()), spawn(scene.runner())];
        abort.abort();
        for runner in runners {
            runner.join().unwrap();
        }
        scene.settle();
        witness(if scene.fate.polls() == 2 { "polled and dropped" } else { "dropped at once" });
        assert!(result(scene.handle).is_err_and(|error| error.is_cancelled()));
    });
}

/// A task that waits is aborted while its list closes, and while whoever finds it queued runs it: its future is dropped once.
///
/// Mutants: `task_shutdown_takes_running`.
#[test]
fn task_abort_shutdown() {
    let model = Model::new("task_abort_shutdown", 200).preemptions(3);
    model.witnesses(&["queued", "not queued"]).check(|| {
        let scene = Scene::polled();
        let abort = scene.handle.abort_handle();
        let aborting = spawn(move || abort.abort());
        let closing = scene.queue.clone();
        let closer = spawn(move || closing.list.close());
        witness(if scene.queue.run_one() { "queued" } else { "not queued" });
        aborting.join().unwrap();
        closer.join().unwrap();
        scene.settle();
        assert_eq!(scene.fate.polls(), 1);
        assert!(result(scene.handle).is_err_and(|error| error.is_cancelled()));
    });
}

/// A task is spawned while its list closes, on another thread: it is refused, or shut down; either way its future is gone in the end.
///
/// Mutants: `list_insert_ignores_closed`.
#[test]
fn list_insert_vs_close() {
    Model::new("list_insert_vs_close", 2).witnesses(&["taken in", "refused"]).check(|| {
        let (queue, signal, fate) = (Queue::new(), Signal::new(), Fate::new());
        let closing = queue.clone();
        let closer = spawn(move || closing.list.close());
        let (is_in, handle) = queue.offer(AwaitFlag::new(&signal, &fate));
        witness(if is_in { "taken in" } else { "refused" });
        closer.join().unwrap();
        assert!(handle.is_finished(), "a closed list has shut down whom it took in");
        assert_eq!((fate.polls(), fate.futures_dropped()), (0, 1));
        queue.run_one();
        assert!(result(handle).is_err_and(|error| error.is_cancelled()));
        assert_eq!(StdArc::strong_count(&queue), 1, "the task is freed, and its reference to the queue with it");
    });
}
