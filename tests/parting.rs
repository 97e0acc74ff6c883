//! A handle of a complete task that is kept when its runtime has ended: nothing of the runtime is kept with it, as seen by what its hooks hold.

mod support;

use std::sync::{Arc, Weak};

use fusee::runtime::{Builder, LocalOptions};
use fusee::task::JoinHandle;
use support::watchdog;

/// A builder whose hooks hold something, and a way to see whether that is there.
fn watched(mut builder: Builder) -> (Builder, Weak<()>) {
    let held = Arc::new(());
    let seen = Arc::downgrade(&held);
    builder.on_task_spawn(move |_| drop(held.clone()));
    (builder, seen)
}

/// Ends a runtime that has made `task`, and is dropped with its builder in `end`: of its hooks nothing is left, though the handle is.
fn ends<T>(task: JoinHandle<T>, seen: &Weak<()>, end: impl FnOnce()) {
    assert!(seen.upgrade().is_some(), "the hooks are there");
    end();
    assert!(task.is_finished());
    assert!(seen.upgrade().is_none(), "the hooks are kept");
    drop(task);
}

#[test]
fn a_task_that_has_run_or_never_did_keeps_nothing() {
    watchdog(|| {
        for runs in [true, false] {
            let (mut builder, seen) = watched(Builder::new_current_thread());
            let runtime = builder.build().unwrap();
            let task = runtime.spawn(async {});
            if runs {
                runtime.block_on(async { fusee::task::yield_now().await });
            }
            ends(task, &seen, || drop((runtime, builder)));
        }
    });
}

#[test]
fn a_blocking_job_keeps_nothing() {
    watchdog(|| {
        let (mut builder, seen) = watched(Builder::new_multi_thread());
        let runtime = builder.worker_threads(1).build().unwrap();
        let task = runtime.spawn_blocking(|| ());
        ends(task, &seen, || drop((runtime, builder)));
    });
}

#[test]
fn a_local_task_that_has_run_or_never_did_keeps_nothing() {
    watchdog(|| {
        for runs in [true, false] {
            let (mut builder, seen) = watched(Builder::new_current_thread());
            let runtime = builder.build_local(LocalOptions::default()).unwrap();
            let task = runtime.spawn_local(async {});
            if runs {
                runtime.block_on(async { fusee::task::yield_now().await });
            }
            ends(task, &seen, || drop((runtime, builder)));
        }
    });
}
