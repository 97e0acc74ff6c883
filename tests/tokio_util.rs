//! What of the crate tokio-util works on this runtime, where no runtime of tokio's is: cancellation tokens, and its tracker but for what spawns.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fusee::task::TaskTracker;
use fusee::time::sleep;
use support::{Drops, message, on_every_flavour, until_within};
use tokio_util::future::FutureExt as _;
use tokio_util::sync::CancellationToken;

#[test]
fn a_token_wakes_all_tasks_that_await_it() {
    on_every_flavour(|runtime| {
        let (token, tracker) = (CancellationToken::new(), TaskTracker::new());
        for _ in 0..100 {
            let token = token.clone();
            drop(tracker.spawn_on(async move { token.cancelled().await }, runtime.handle()));
        }
        assert_eq!(tracker.len(), 100);
        runtime.block_on(async {
            fusee::task::yield_now().await;
            assert_eq!(tracker.len(), 100);
            token.cancel();
            tracker.close();
            tracker.wait().await;
        });
    });
}

#[test]
fn a_future_that_runs_until_it_is_cancelled_is_dropped_then() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (token, drops) = (CancellationToken::new(), Drops::new());
            let held = drops.token();
            let child = token.child_token();
            let served = fusee::spawn(async move {
                child.run_until_cancelled(async move { drop((pending::<()>().await, held)) }).await
            });
            let limited = fusee::spawn(sleep(Duration::from_secs(3600)).with_cancellation_token_owned(token.clone()));
            drop(token.drop_guard());
            assert_eq!(served.await.unwrap(), None);
            assert_eq!(limited.await.unwrap(), None);
            assert_eq!(drops.count(), 1);
            let token = CancellationToken::new();
            assert_eq!(token.run_until_cancelled(sleep(Duration::from_millis(1))).await, Some(()));
        });
    });
}

#[test]
fn a_child_that_is_cancelled_leaves_its_parent_alone() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let parent = CancellationToken::new();
            let (one, other) = (parent.child_token(), parent.child_token());
            let waits = other.clone();
            let task = fusee::spawn(async move { waits.cancelled_owned().await });
            one.cancel();
            one.cancelled().await;
            assert!(!parent.is_cancelled() && !task.is_finished());
            parent.cancel();
            task.await.unwrap();
        });
    });
}

#[test]
fn its_tracker_waits_for_futures_that_are_tracked_and_cannot_spawn() {
    on_every_flavour(|runtime| {
        let tracker = tokio_util::task::TaskTracker::new();
        runtime.block_on(async {
            (0..100).for_each(|_| drop(fusee::spawn(tracker.track_future(fusee::task::yield_now()))));
            tracker.close();
            tracker.wait().await;
            assert!(tracker.is_empty());
            let payload = catch_unwind(AssertUnwindSafe(|| drop(tracker.spawn(async {})))).unwrap_err();
            assert!(message(&*payload).contains("there is no reactor running"));
        });
    });
}

#[test]
fn dropping_a_runtime_with_tasks_that_await_a_token_leaves_the_token_usable() {
    on_every_flavour(|runtime| {
        let (token, drops) = (CancellationToken::new(), Drops::new());
        for _ in 0..10 {
            let (token, held) = (token.clone(), drops.token());
            drop(runtime.spawn(async move { (token.cancelled().await, held).0 }));
        }
        until_within(&runtime, "they wait", || runtime.metrics().num_alive_tasks() == 10);
        drop(runtime);
        assert_eq!(drops.count(), 10);
        token.cancel();
        assert!(token.is_cancelled());
    });
}
