//! Models of `src/scheduler/queue.rs`, over the stand-in deques.

use super::stage::{Fate, Output, Queue};
use crate::harness::{Model, spawn, witness};
use crate::scheduler::metrics::WorkerMetrics;
use crate::scheduler::queue::LocalQueue;

/// Of two tasks the owner pops one while a thief steals: a thief that comes back with nothing left nothing behind. A lost race is
/// not taken for emptiness.
///
/// Mutants: `steal_retry`.
#[test]
fn steal_retry() {
    Model::new("steal_retry", 5).witnesses(&["owner first", "thief first"]).check(|| {
        let (source, local) = (Queue::new(), LocalQueue::new());
        let fates = [Fate::new(), Fate::new()];
        let handles = fates.clone().map(|fate| source.spawn(async move { Output(fate) }));
        while let Some(task) = source.pop() {
            local.push(task);
        }
        let stealer = local.stealer();
        let thief = spawn(move || LocalQueue::new().steal_from(&stealer, &WorkerMetrics::new().stolen_tasks));
        let popped = local.pop().expect("a thief takes no more than half");
        let stolen = thief.join().unwrap().expect("a task was left behind");
        popped.run();
        witness(if handles[0].is_finished() { "owner first" } else { "thief first" });
        stolen.run();
        assert!(handles.iter().all(|handle| handle.is_finished()), "each of the two tasks was taken once");
        assert!(local.is_empty());
    });
}
