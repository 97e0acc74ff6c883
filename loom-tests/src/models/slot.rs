//! Models of `src/scheduler/slot.rs` and `src/scheduler/watch.rs`.

use std::sync::Arc as StdArc;

use super::stage::{AwaitFlag, Fate, Queue, Signal};
use crate::harness::{Model, join, spawn, witness};
use crate::park::Parker;
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

/// A worker fills its slot, and is stuck, while the driver finds nothing and stops its watch: the driver sees the task, or is called.
///
/// Mutants: `slot_publish`, `watch_recheck`, `watch_skip_recheck`.
#[test]
fn slot_vs_watch() {
    Model::new("slot_vs_watch", 10).preemptions(3).witnesses(&["called", "seen"]).check(|| {
        let (slot, watch) = (StdArc::new(Slot::new()), StdArc::new(Watch::new()));
        assert!(watch.slot_filled(), "nobody watches to begin with");
        let driver = Parker::new();
        let unparker = driver.unparker();
        let (task, queue, fate) = task();
        let filling = {
            let (slot, watch) = (slot.clone(), watch.clone());
            spawn(move || {
                assert!(slot.replace(task).is_none());
                if watch.slot_filled() {
                    witness("called");
                    unparker.unpark();
                } else {
                    witness("seen");
                }
            })
        };
        loop {
            if let Some(task) = slot.take() {
                task.run();
                break;
            }
            if !watch.is_armed() || watch.disarm(|| !slot.is_empty()) {
                driver.park();
            }
        }
        join([filling]);
        assert_eq!(fate.polls(), 1);
        queue.list.close();
    });
}
