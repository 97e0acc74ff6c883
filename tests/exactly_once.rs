//! A million tasks, spawned from inside and from several foreign threads: each runs exactly once, and nothing is left.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;

use fusee::runtime::Handle;
use support::{until, watchdog, workers};

const FOREIGN: usize = 4;
const PER_SPAWNER: usize = 100_000;
/// Four foreign threads, four tasks, and two trees.
const TASKS: usize = 10 * PER_SPAWNER;

struct Ledger {
    runs: Vec<AtomicU8>,
    done: AtomicUsize,
}

impl Ledger {
    fn enter(&self, task: usize) {
        self.runs[task].fetch_add(1, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

fn spawn_many(handle: &Handle, ledger: &Arc<Ledger>, first: usize) {
    for task in first..first + PER_SPAWNER {
        let ledger = ledger.clone();
        drop(handle.spawn(async move {
            if task % 3 == 0 {
                fusee::task::yield_now().await;
            }
            ledger.enter(task);
        }));
    }
}

/// A task that runs the middle of the range and spawns one for each half.
fn spawn_tree(ledger: Arc<Ledger>, first: usize, end: usize) {
    if first < end {
        let middle = first.midpoint(end);
        drop(fusee::spawn(async move {
            spawn_tree(ledger.clone(), first, middle);
            spawn_tree(ledger.clone(), middle + 1, end);
            ledger.enter(middle);
        }));
    }
}

#[test]
fn every_task_runs_exactly_once() {
    watchdog(|| {
        let runtime = workers(4);
        let ledger =
            Arc::new(Ledger { runs: (0..TASKS).map(|_| AtomicU8::new(0)).collect(), done: AtomicUsize::new(0) });
        let threads: Vec<_> = (0..FOREIGN)
            .map(|n| {
                let (handle, ledger) = (runtime.handle().clone(), ledger.clone());
                thread::spawn(move || spawn_many(&handle, &ledger, n * PER_SPAWNER))
            })
            .collect();
        for n in FOREIGN..2 * FOREIGN {
            let ledger = ledger.clone();
            drop(runtime.spawn(async move { spawn_many(&Handle::current(), &ledger, n * PER_SPAWNER) }));
        }
        let trees = ledger.clone();
        drop(runtime.spawn(async move {
            spawn_tree(trees.clone(), 8 * PER_SPAWNER, 9 * PER_SPAWNER);
            spawn_tree(trees, 9 * PER_SPAWNER, 10 * PER_SPAWNER);
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        until("all have run", || ledger.done.load(Ordering::SeqCst) == TASKS);
        until("all are gone", || runtime.metrics().num_alive_tasks() == 0);
        drop(runtime);
        assert!(ledger.runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
        assert_eq!(Arc::strong_count(&ledger), 1, "no task is left");
    });
}
