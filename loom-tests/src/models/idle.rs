//! Models of `src/scheduler/idle`, with the parkers that it is used with.
//!
//! Tasks are a counter accessed relaxed: it orders nothing, as the protocol asks nothing of the queues but that they are seen after a fence.

use crate::facade::Arc;
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::harness::{Model, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::scheduler::idle::{Idle, Park};

/// The workers' protocol around a counter of tasks.
struct Pool {
    idle: Idle,
    tasks: AtomicUsize,
    unparkers: Vec<Unparker>,
}

impl Pool {
    /// A pool, and the parkers of its workers.
    fn new(workers: usize) -> (Arc<Self>, Vec<Parker>) {
        let parkers: Vec<_> = (0..workers).map(|_| Parker::new()).collect();
        let unparkers = parkers.iter().map(Parker::unparker).collect();
        (Arc::new(Self { idle: Idle::new(workers), tasks: AtomicUsize::new(0), unparkers }), parkers)
    }

    fn push(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        self.notify();
    }

    fn notify(&self) {
        self.unpark(self.idle.notify(|| None));
    }

    fn unpark(&self, worker: Option<usize>) {
        if let Some(worker) = worker {
            self.unparkers[worker].unpark();
        }
    }

    fn has_work(&self) -> bool {
        self.tasks.load(Ordering::Relaxed) > 0
    }

    fn take(&self) -> bool {
        let mut tasks = self.tasks.load(Ordering::Relaxed);
        while tasks > 0 {
            match self.tasks.compare_exchange(tasks, tasks - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => tasks = found,
            }
        }
        false
    }

    /// A worker's loop, until it has a task: as `scheduler/worker/mod.rs` has it. `searching` says how it starts.
    fn find(&self, worker: usize, parker: &Parker, mut searching: bool) {
        loop {
            if self.take() {
                if searching {
                    self.unpark(self.idle.stop_searching(|| self.has_work(), || None));
                }
                return;
            }
            if self.idle.prepare_park(worker, searching, || self.has_work()) == Park::Block {
                witness("blocked");
                parker.park();
                self.idle.finish_park(worker);
            }
            searching = true;
        }
    }
}

/// One worker on its way to sleep, one producer: the task is found. If not, the worker sleeps for ever.
///
/// Mutants: `idle_publish`, `idle_recheck`, `idle_skip_recheck`.
#[test]
fn push_vs_sleep() {
    Model::new("push_vs_sleep", 20).witnesses(&["blocked", "found at once"]).check(|| {
        let (pool, parkers) = Pool::new(1);
        let producer = pool.clone();
        spawn(move || producer.push());
        if pool.tasks.load(Ordering::Relaxed) > 0 {
            witness("found at once");
        }
        pool.find(0, &parkers[0], false);
    });
}

/// A worker searches while two tasks are pushed; the pushers rely on it. It takes one task and runs it for good: the other task must
/// reach the second worker, which sleeps or is about to.
///
/// Mutants: `idle_hand_on`, `idle_last_look`.
#[test]
fn searching_last() {
    Model::new("searching_last", 4_000).preemptions(2).witnesses(&["blocked"]).check(|| {
        let (pool, mut parkers) = Pool::new(2);
        assert!(pool.idle.try_start_searching());
        let (other, parker) = (pool.clone(), parkers.remove(1));
        spawn(move || other.find(1, &parker, false));
        let producer = pool.clone();
        spawn(move || {
            producer.push();
            producer.push();
        });
        pool.find(0, &parkers[0], true);
    });
}

/// Two producers, one worker each way to sleep: whatever notifier claims whom, both tasks are found.
///
/// Mutants: `idle_count_before_claim`.
#[test]
fn idle_two_producers() {
    Model::new("idle_two_producers", 1_500).preemptions(1).witnesses(&["blocked"]).check(|| {
        let (pool, mut parkers) = Pool::new(2);
        let (other, parker) = (pool.clone(), parkers.remove(1));
        spawn(move || other.find(1, &parker, false));
        for _ in 0..2 {
            let producer = pool.clone();
            spawn(move || producer.push());
        }
        pool.find(0, &parkers[0], false);
    });
}

/// Of two searchers one finds a batch, shows the rest of it in its queue and leaves; the other finds nothing and parks. If the first was
/// not the last to search, the second sees the queue; else the first looks once more and wakes it.
///
/// Mutants: `idle_leave`.
#[test]
fn searching_leave() {
    Model::new("searching_leave", 10).witnesses(&["blocked"]).check(|| {
        let (pool, mut parkers) = Pool::new(2);
        assert!(pool.idle.try_start_searching());
        let (finder, parker) = (pool.clone(), parkers.remove(1));
        // The second of two workers searches only while it may: here it was woken by somebody.
        assert_eq!(finder.idle.prepare_park(1, false, || true), Park::Search);
        spawn(move || {
            finder.tasks.fetch_add(1, Ordering::Relaxed);
            finder.unpark(finder.idle.stop_searching(|| finder.has_work(), || None));
            drop(parker);
        });
        pool.find(0, &parkers[0], true);
    });
}
