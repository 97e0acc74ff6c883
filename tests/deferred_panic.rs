//! What others have deferred to the deques' collector may panic where a worker comes to run it, also as that exits.
//!
//! One test alone, for it panics wherever in the process somebody collects.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusee::runtime::Builder;
use futures::executor;
use support::{Latch, quiet_panic, until, watchdog};

/// How many functions are deferred.
const COUNT: usize = 20;

/// Defers `f`, so that some thread comes to run it, and runs what is due, which may panic here.
fn defer(f: impl FnOnce() + Send + 'static) {
    let deferred = catch_unwind(AssertUnwindSafe(|| {
        let guard = crossbeam_epoch::pin();
        guard.defer(f);
        guard.flush();
    }));
    drop(deferred);
}

/// Returns once all that was deferred has been run.
fn collect(ran: &AtomicUsize) {
    until("all that was deferred has been run", || {
        defer(|| ());
        ran.load(Ordering::SeqCst) == COUNT
    });
}

#[test]
fn a_deferred_function_that_panics_as_workers_exit_keeps_no_shutdown_waiting() {
    watchdog(|| {
        for workers in [1, 2, 4] {
            for _ in 0..10 {
                let ran = Arc::new(AtomicUsize::new(0));
                let (runs, collected) = (ran.clone(), ran.clone());
                let runtime = Builder::new_multi_thread()
                    .worker_threads(workers)
                    // A thread that runs the rest as its thread-locals are dropped would end the process.
                    .on_thread_stop(move || collect(&collected))
                    .build()
                    .expect("a runtime");
                let handle = runtime.handle().clone();
                let filled = Latch::new();
                let open = filled.clone();
                let task = runtime.spawn(async move {
                    // What is left in the queue is stolen by whoever exits, with a look at what was deferred now and then.
                    (0..5000).for_each(|_| drop(fusee::spawn(pending::<()>())));
                    open.open();
                    until("the runtime is closed", || handle.spawn(pending::<()>()).is_finished());
                    for _ in 0..COUNT {
                        let runs = runs.clone();
                        defer(move || {
                            runs.fetch_add(1, Ordering::SeqCst);
                            quiet_panic("a deferred function's")
                        });
                    }
                });
                filled.wait();
                drop(runtime);
                executor::block_on(task).expect("the task has caught what panicked in it");
            }
        }
    });
}
