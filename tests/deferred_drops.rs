//! The deques' memory is reclaimed by a collector that the whole process shares: in the middle of its work a worker runs what anybody has deferred
//! there. That may wake, spawn and block like any other code.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusee::runtime::Runtime;
use fusee::task::{block_in_place, yield_now};
use futures::channel::oneshot;
use support::{until_within, watchdog, workers};

/// Defers `f` from a task, so that some worker comes to run it.
fn defer(f: impl FnOnce() + Send + 'static) {
    let guard = crossbeam_epoch::pin();
    guard.defer(f);
    guard.flush();
}

/// Lets workers fill and empty their queues, which is when they reclaim, until all that was deferred has been run.
fn churn(runtime: &Runtime, outstanding: impl Fn() -> bool) {
    // The watchdog bounds it.
    while outstanding() {
        let spread = runtime.spawn(async {
            let tasks: Vec<_> = (0..600).map(|_| fusee::spawn(async {})).collect();
            for task in tasks {
                task.await.unwrap();
            }
            defer(|| ());
            yield_now().await;
        });
        runtime.block_on(spread).unwrap();
    }
}

/// Has tasks defer `mischief`, a hundred times, and sees that all tasks run to their end.
fn play(mischief: impl Fn() + Clone + Send + Sync + 'static) {
    watchdog(move || {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let (made, run) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            for _ in 0..100 {
                let (mischief, run) = (mischief.clone(), run.clone());
                made.fetch_add(1, Ordering::SeqCst);
                let task = runtime.spawn(async move {
                    defer(move || {
                        run.fetch_add(1, Ordering::SeqCst);
                        mischief();
                    });
                });
                runtime.block_on(task).unwrap();
            }
            churn(&runtime, || run.load(Ordering::SeqCst) < made.load(Ordering::SeqCst));
            let metrics = runtime.metrics();
            until_within(&runtime, "all tasks have ended", || metrics.num_alive_tasks() == 0);
        }
    });
}

#[test]
fn a_wake_in_a_deferred_drop_is_not_lost() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            for _ in 0..20 {
                let round = runtime.spawn(async {
                    let waiting: Vec<_> = (0..600)
                        .map(|_| {
                            let (send, receive) = oneshot::channel::<()>();
                            let task = fusee::spawn(async { receive.await.unwrap_err() });
                            drop(fusee::spawn(async move { defer(move || drop(send)) }));
                            task
                        })
                        .collect();
                    for task in waiting {
                        while !task.is_finished() {
                            defer(|| ());
                            yield_now().await;
                        }
                        task.await.unwrap();
                    }
                });
                runtime.block_on(round).unwrap();
            }
        }
    });
}

#[test]
fn a_deferred_function_may_spawn() {
    play(|| {
        // It may run on a thread of no runtime.
        if let Ok(handle) = fusee::runtime::Handle::try_current() {
            (0..3).for_each(|_| drop(handle.spawn(async {})));
        }
    });
}

#[test]
fn a_deferred_function_may_block_in_place() {
    play(|| block_in_place(|| ()));
}
