//! Models of `src/scheduler/slot.rs` and `src/scheduler/watch.rs`.

use std::sync::Arc as StdArc;

use super::stage::{AwaitFlag, Fate, Queue, Signal};
use crate::harness::{Model, join, spawn, witness};
use crate::park::Parker;
use crate::scheduler::queue::LocalQueue;
use crate::scheduler::slot::Slot;
use crate::scheduler::watch::Watch;
use crate::task::runnable::Runnable;

/// A task that is queued nowhere yet.
fn task() -> (Runnable, StdArc<Queue>, StdArc<Fate>) {
    let (queue, fate) = (Queue::new(), Fate::new());
    drop(queue.spawn(AwaitFlag::new(&Signal::new(), &fate)));
    (queue.pop().expect("it was queued"), queue, fate)
}

/// A worker takes the task from its slot, and so does the watch: one of them gets it, with all that was written before it was put in.
///
/// Mutants: `slot_take_twice`, `slot_handover`.
#[test]
fn slot_vs_rescue() {
    Model::new("slot_vs_rescue", 5).witnesses(&["run", "rescued"]).check(|| {
        let slot = StdArc::new(Slot::new());
        let rescued = slot.clone();
        let rescue = spawn(move || rescued.take().map(Runnable::run).is_some());
        let (task, queue, fate) = task();
        assert!(slot.replace(task).is_none());
        let run = slot.take().map(Runnable::run).is_some();
        assert!(run != rescue.join().unwrap() || fate.polls() == 0, "one of the two gets it");
        witness(if run { "run" } else { "rescued" });
        assert_eq!(fate.polls(), 1);
        queue.list.close();
    });
}

/// A worker `put`s a task where nobody is told of it, sees to it by `publish` that somebody watches, and is stuck, while the driver finds nothing and stops its watch: the driver
/// then `take`s the task, or is called.
fn untold_vs_watch(
    put: impl FnOnce(Runnable) + 'static,
    publish: fn(&Watch) -> bool,
    take: impl Fn() -> Option<Runnable>,
    is_empty: impl Fn() -> bool,
) {
    let watch = StdArc::new(Watch::new());
    assert!(publish(&watch), "nobody watches to begin with");
    let driver = Parker::new();
    let unparker = driver.unparker();
    let (task, queue, fate) = task();
    let putting = {
        let watch = watch.clone();
        spawn(move || {
            put(task);
            if publish(&watch) {
                witness("called");
                unparker.unpark();
            } else {
                witness("seen");
            }
        })
    };
    loop {
        if let Some(task) = take() {
            task.run();
            break;
        }
        if !watch.is_armed() || watch.disarm(|| !is_empty()) {
            driver.park();
        }
    }
    join([putting]);
    assert_eq!(fate.polls(), 1);
    queue.list.close();
}

/// In its slot.
///
/// Mutants: `slot_publish`, `watch_recheck`, `watch_skip_recheck`.
#[test]
fn slot_vs_watch() {
    Model::new("slot_vs_watch", 10).preemptions(3).witnesses(&["called", "seen"]).check(|| {
        let slot = StdArc::new(Slot::new());
        let filled = slot.clone();
        let put = move |task| assert!(filled.replace(task).is_none());
        untold_vs_watch(put, Watch::slot_filled, || slot.take(), || slot.is_empty());
    });
}

/// In its queue.
///
/// Mutants: `late_publish`, `watch_recheck`, `watch_skip_recheck`.
#[test]
fn late_vs_watch() {
    Model::new("late_vs_watch", 10).preemptions(3).witnesses(&["called", "seen"]).check(|| {
        let own = LocalQueue::new();
        let stealer = own.stealer();
        untold_vs_watch(move |task| own.push(task), Watch::queued_untold, || stealer.steal(), || stealer.is_empty());
    });
}
