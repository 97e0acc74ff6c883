//! A million tasks, spawned from inside and from several foreign threads: each runs exactly once, and nothing is left.

mod support;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;

use fusee::runtime::{Handle, Runtime};
use support::{current_thread, driven, rounds, until, watchdog, workers};

const FOREIGN: usize = 4;
/// Four foreign threads, four tasks, and two trees.
const SPAWNERS: usize = 10;

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

fn spawn_many(handle: &Handle, ledger: &Arc<Ledger>, tasks: Range<usize>) {
    for task in tasks {
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

/// Has `tasks` tasks spawned on `runtime` from everywhere at once.
fn spawn_from_everywhere(runtime: Runtime, tasks: usize) {
    let ledger = Arc::new(Ledger { runs: (0..tasks).map(|_| AtomicU8::new(0)).collect(), done: AtomicUsize::new(0) });
    let share = move |n: usize| n * tasks / SPAWNERS..(n + 1) * tasks / SPAWNERS;
    let threads: Vec<_> = (0..FOREIGN)
        .map(|n| {
            let (handle, ledger) = (runtime.handle().clone(), ledger.clone());
            thread::spawn(move || spawn_many(&handle, &ledger, share(n)))
        })
        .collect();
    for n in FOREIGN..2 * FOREIGN {
        let (ledger, share) = (ledger.clone(), share(n));
        drop(runtime.spawn(async move { spawn_many(&Handle::current(), &ledger, share) }));
    }
    let (trees, one, two) = (ledger.clone(), share(8), share(9));
    drop(runtime.spawn(async move {
        spawn_tree(trees.clone(), one.start, one.end);
        spawn_tree(trees, two.start, two.end);
    }));
    driven(&runtime, || {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        until("all have run", || ledger.done.load(Ordering::SeqCst) == tasks);
        until("all are gone", || runtime.metrics().num_alive_tasks() == 0);
    });
    drop(runtime);
    assert!(ledger.runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
    assert_eq!(Arc::strong_count(&ledger), 1, "no task is left");
}

#[test]
fn every_task_runs_exactly_once() {
    watchdog(|| {
        spawn_from_everywhere(workers(4), 1_000_000);
        for runtime in [current_thread(), workers(1), workers(2)] {
            spawn_from_everywhere(runtime, 10 * rounds(20_000) as usize);
        }
    });
}
