//! What others have deferred to the deques' collector may panic where a worker comes to run it.
//!
//! One test alone, for it panics wherever in the process somebody collects.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor;
use support::{Latch, quiet_panic, until, watchdog, workers};

/// Defers `f`, so that some thread comes to run it, and runs what is due, which may panic here.
fn defer(f: impl FnOnce() + Send + 'static) {
    let deferred = catch_unwind(AssertUnwindSafe(|| {
        let guard = crossbeam_epoch::pin();
        guard.defer(f);
        guard.flush();
    }));
    drop(deferred);
}

#[test]
fn a_deferred_function_that_panics_as_workers_exit_keeps_no_shutdown_waiting() {
    watchdog(|| {
        for count in [1, 2, 4] {
            for _ in 0..10 {
                let runtime = workers(count);
                let handle = runtime.handle().clone();
                let filled = Latch::new();
                let open = filled.clone();
                let ran = Arc::new(AtomicUsize::new(0));
                let runs = ran.clone();
                let task = runtime.spawn(async move {
                    // What is left in the queue is stolen by whoever exits, with a look at what was deferred now and then.
                    (0..5000).for_each(|_| drop(fusee::spawn(pending::<()>())));
                    open.open();
                    until("the runtime is closed", || handle.spawn(pending::<()>()).is_finished());
                    for _ in 0..20 {
                        let runs = runs.clone();
                        let panics = move || {
                            runs.fetch_add(1, Ordering::SeqCst);
                            quiet_panic("a deferred function's")
                        };
                        defer(panics);
                    }
                });
                filled.wait();
                drop(runtime);
                drop(executor::block_on(task));
                until("all that was deferred has been run", || {
                    defer(|| ());
                    ran.load(Ordering::SeqCst) == 20
                });
            }
        }
    });
}
