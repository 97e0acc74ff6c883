//! What is made of a worker before its scheduler is, which knows all workers.
//!
//! Who calls it: who starts a runtime, on that thread.

use std::cell::Cell;

use super::Worker;
use super::glance::Glances;
use super::timing::Timing;
use crate::facade::{Arc, CachePadded};
use crate::park::Parker;
use crate::reactor::Reactor;
use crate::recorder::Pen;
use crate::scheduler::metrics::WorkerMetrics;
use crate::scheduler::queue::LocalQueue;
use crate::scheduler::references::Credit;
use crate::scheduler::{Remote, Shard};

/// The parts of a worker that are made before its scheduler is.
pub(crate) struct Seed {
    queue: LocalQueue,
    parker: Parker,
    metrics: Arc<CachePadded<WorkerMetrics>>,
}

impl Seed {
    /// Of a worker that waits for the sources of `reactor`.
    pub(crate) fn new(reactor: &Arc<Reactor>) -> Self {
        let metrics = Arc::new(CachePadded::new(WorkerMetrics::new()));
        Self { queue: LocalQueue::new(), parker: Parker::polling(reactor), metrics }
    }

    /// What the scheduler keeps of the worker.
    pub(crate) fn remote(&self) -> Remote {
        Remote::new(self.queue.stealer(), self.parker.unparker(), self.metrics.clone())
    }

    pub(crate) fn into_worker(self, shard: Arc<Shard>) -> Box<Worker> {
        Box::new(Worker {
            queue: self.queue,
            parker: self.parker,
            glances: Glances::default(),
            searching: Cell::new(false),
            polls: Cell::new(0),
            slot_run: Cell::new(0),
            // Any seed but zero: xorshift (Marsaglia, Xorshift RNGs, 2003, section 3) leaves zero where it is.
            random: Cell::new((shard.index as u32).wrapping_mul(0x9E37_79B9) | 1),
            timing: Timing::new(shard.scheduler.policy.event_interval),
            metrics: self.metrics,
            credit: Credit::new(),
            pen: shard
                .scheduler
                .recorder()
                .map_or_else(|| Pen::none(shard.scheduler.started), |recorder| recorder.pen(shard.index)),
            shard,
        })
    }
}
