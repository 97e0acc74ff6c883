//! Where a worker finds its next task.
//!
//! It looks, in turn:
//!
//! 1. On every `global_queue_interval`-th poll, and when it looks around (`timing.rs`), the injector: tasks from outside wait for a bounded
//!    number of polls, and not for long.
//! 2. Its slot for the task woken last, but not more than three times in a row while there is something in its queue.
//! 3. Its local queue.
//! 4. The injector, a batch at a time.
//! 5. Unless it has timers that are due, and if fewer than half of the workers search already: in several rounds, the local queues of the others, from a
//!    random one on, half a queue at a time, and the injector once more. A task that is alone in a queue is left to its worker until the last round; where no queue holds any there is one round.
//!
//! Who calls it: `mod.rs`, on the thread that has the worker. The invariants are told there.
//! Deliberately not here: when it searches no longer, and who is told (`idle/`).

use super::Worker;
use crate::facade::{fence_seq_cst, mutant};
use crate::recorder::word::Kind;
use crate::scheduler::queue::Stealer;
use crate::task::runnable::Runnable;

/// How many tasks in a row a worker takes from its slot while its queue holds some.
const SLOT_RUN: u32 = 3;

/// In how many rounds a searcher looks for more than a lone task, if there is one, before the one in which it takes that, too, and parks.
const SEARCH_ROUNDS: usize = 3;

impl Worker {
    pub(super) fn find_task(&self, looks: bool) -> Option<Runnable> {
        if (looks || self.polls.get().is_multiple_of(self.shard.scheduler.policy.global_queue_interval))
            && let Some(task) = self.shard.scheduler.injector.pop()
        {
            if !self.queue.is_empty() && !mutant("worker_injector_silent") {
                // What `requeue` left for this worker to run next has to wait for another poll: that may take long.
                self.shard.scheduler.notify();
            }
            return Some(task);
        }
        self.take_woken_last()
            .or_else(|| self.queue.pop().inspect(|_| self.pass_over()))
            .or_else(|| self.take_woken_last())
            .or_else(|| self.fill())
            .or_else(|| if self.timing.has_more.get() { None } else { self.search() })
    }

    /// Takes the task from the slot, unless the queue is to have its turn.
    fn take_woken_last(&self) -> Option<Runnable> {
        if self.slot_run.get() < SLOT_RUN
            && let Some(task) = self.slot().take()
        {
            self.slot_run.set(self.slot_run.get() + 1);
            self.metrics.slot_hits.add(1);
            return Some(task);
        }
        self.slot_run.set(0);
        None
    }

    /// The queue has its turn: what is in the slot meanwhile waits behind the others. Those of them that wake it do so at once, and it runs once for all.
    fn pass_over(&self) {
        if let Some(task) = self.slot().take() {
            self.enqueue(task);
        }
    }

    /// Takes a batch from the injector, and pops the first of it.
    fn fill(&self) -> Option<Runnable> {
        let task = self.queue.fill_from(&self.shard.scheduler.injector)?;
        if !self.queue.is_empty() && !mutant("worker_batch") {
            // On their way from queue to queue the others were in neither: whoever looked for work meanwhile may have parked.
            self.shard.scheduler.notify();
        }
        self.unless_closed(task)
    }

    /// Keeps `task`, the first of a batch that has come to this worker's queue; not if the scheduler is closed: others may have exited without having seen
    /// the batch, and this worker exits too, rather than begin a poll.
    fn unless_closed(&self, task: Runnable) -> Option<Runnable> {
        // ORDERING(scheduler_close): the batch before, `closed` after; pairs with the fence of `drop_tasks`.
        fence_seq_cst("scheduler_close");
        if self.shard.scheduler.is_closed() && !mutant("worker_ignores_close") {
            self.queue.push(task);
            return None;
        }
        Some(task)
    }

    fn search(&self) -> Option<Runnable> {
        if self.shard.scheduler.workers() == 1 {
            // There are no others, and the injector was empty just now.
            return None;
        }
        if !self.searching.get() {
            self.searching.set(self.shard.scheduler.idle.try_start_searching());
        }
        if !self.searching.get() {
            return None;
        }
        for _ in 0..SEARCH_ROUNDS {
            if let Some(task) = self.look_elsewhere(2) {
                return self.unless_closed(task);
            }
            if !self.shard.scheduler.has_work() {
                return None;
            }
        }
        self.look_elsewhere(1).and_then(|task| self.unless_closed(task))
    }

    /// Takes a batch from another worker's queue that holds so many tasks at `least`, or from the injector, and answers the first of it.
    fn look_elsewhere(&self, least: usize) -> Option<Runnable> {
        self.steal(least).or_else(|| self.queue.fill_from(&self.shard.scheduler.injector))
    }

    fn steal(&self, least: usize) -> Option<Runnable> {
        let remotes = &self.shard.scheduler.remotes;
        let start = self.next_random() as usize % remotes.len();
        (0..remotes.len())
            .map(|offset| (start + offset) % remotes.len())
            .filter(|&victim| victim != self.shard.index)
            .find_map(|victim| {
                let stealer: &Stealer = &remotes[victim].stealer;
                self.metrics.steal_tries.add(1);
                if stealer.len() < least {
                    return None;
                }
                let task = self.queue.steal_from(stealer)?;
                self.metrics.steal_operations.add(1);
                // The deque does not say how many it moved; what another thief has taken of them by now is missing.
                self.metrics.stolen_tasks.add(1 + self.queue.len() as u64);
                self.record_numbers(Kind::Steal, || (victim, 1 + self.queue.len()));
                Some(task)
            })
    }

    fn next_random(&self) -> u32 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x
    }
}
