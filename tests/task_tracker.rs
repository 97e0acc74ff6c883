//! Trackers: a wait ends when all tasks are gone and the tracker is closed, however each ended; and not before.

mod support;

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};

use fusee::task::task_tracker::TaskTrackerWaitFuture;
use fusee::task::{LocalSet, TaskTracker, yield_now};
use futures::channel::oneshot;
use futures::future::join_all;
use support::wakers::{calling, counting, hooked};
use support::{
    Drops, Latch, current_thread, on_1_2_and_4_workers, on_drop, on_every_flavour, poll_once, quiet_panic, watchdog,
};

/// Whether a wait is over.
fn is_over(wait: &mut TaskTrackerWaitFuture<'_>) -> bool {
    poll_once(wait, Waker::noop()).is_ready()
}

#[test]
fn a_wait_ends_when_all_tasks_are_gone_and_it_is_closed() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (tracker, drops) = (TaskTracker::new(), Drops::new());
            for n in 0..100u32 {
                let token = drops.token();
                let task = tracker.spawn(async move {
                    for _ in 0..n % 5 {
                        yield_now().await;
                    }
                    drop(token);
                    n
                });
                if n % 2 == 0 {
                    assert_eq!(task.await.unwrap(), n);
                }
            }
            assert!(tracker.close());
            tracker.wait().await;
            assert_eq!((drops.count(), tracker.len()), (100, 0));
            // Closed and empty: at once.
            tracker.wait().await;
        });
    });
}

#[test]
fn open_and_closed_and_counted() {
    let tracker = TaskTracker::default();
    assert!(!tracker.is_closed() && tracker.is_empty());
    assert!(!tracker.reopen());
    assert!(tracker.close() && !tracker.close() && tracker.is_closed());
    assert!(tracker.reopen() && !tracker.reopen());
    let token = tracker.token();
    let tokens = vec![token.clone(), token.task_tracker().token(), tracker.clone().token()];
    assert_eq!(tracker.len(), 4);
    assert_eq!(format!("{tracker:?}"), "TaskTracker { len: 4, is_closed: false }");
    drop(tokens);
    assert_eq!(tracker.len(), 1);
    assert!(!tracker.is_empty());
    assert!(TaskTracker::ptr_eq(&tracker, token.task_tracker()));
    assert!(!TaskTracker::ptr_eq(&tracker, &TaskTracker::new()));
}

#[test]
fn a_wait_that_is_begun_ends_although_the_end_is_over_again() {
    let tracker = TaskTracker::new();
    let mut before_close = tracker.wait();
    assert!(!is_over(&mut before_close));
    let mut never_polled = tracker.wait();
    tracker.close();
    let mut at_once = tracker.wait();
    tracker.reopen();
    let mut after = tracker.wait();
    assert!(is_over(&mut before_close) && is_over(&mut never_polled) && is_over(&mut at_once));
    assert!(!is_over(&mut after), "it has begun when the tracker was open");
    let token = tracker.token();
    tracker.close();
    assert!(!is_over(&mut after));
    drop(token);
    let token = tracker.token();
    assert!(is_over(&mut after), "although there is a task again");
    assert!(is_over(&mut after), "and for good");
    drop(token);
}

#[test]
fn the_last_task_of_an_open_tracker_is_no_end() {
    let tracker = TaskTracker::new();
    let token = tracker.token();
    let mut wait = tracker.wait();
    assert!(!is_over(&mut wait));
    drop(token);
    assert!(!is_over(&mut wait));
    tracker.close();
    assert!(is_over(&mut wait));
}

#[test]
fn all_who_wait_are_woken_once_with_their_latest_wakers() {
    let tracker = TaskTracker::new();
    tracker.close();
    let token = tracker.token();
    let (displaced, first) = counting();
    let mut waits: Vec<_> = (0..10).map(|_| (tracker.wait(), counting())).collect();
    for (wait, (_, waker)) in &mut waits {
        assert!(poll_once(wait, &first).is_pending());
        assert!(poll_once(wait, waker).is_pending());
        assert!(poll_once(wait, waker).is_pending());
    }
    let (given_up, waker) = counting();
    let mut wait = tracker.wait();
    assert!(poll_once(&mut wait, &waker).is_pending());
    drop(wait);
    assert_eq!(std::sync::Arc::strong_count(&given_up), 2, "the waker of a wait that is given up is dropped");
    drop(token);
    assert_eq!((displaced.get(), given_up.get()), (0, 0));
    for (wait, (wakes, _)) in &mut waits {
        assert_eq!(wakes.get(), 1);
        assert!(is_over(wait));
    }
}

#[test]
fn a_task_that_panics_or_is_aborted_is_gone() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let tracker = TaskTracker::new();
            drop(tracker.spawn(async { quiet_panic("on purpose") }));
            let stuck = tracker.spawn(pending::<()>());
            let panics = on_drop(|| quiet_panic("a future's drop"));
            let drops_badly = tracker.spawn(async move { (pending::<()>().await, panics).0 });
            yield_now().await;
            stuck.abort();
            drops_badly.abort();
            tracker.close();
            tracker.wait().await;
        });
    });
}

#[test]
fn a_task_that_is_polled_is_not_gone_when_it_is_aborted() {
    on_1_2_and_4_workers(|runtime| {
        let (tracker, entered, leave) = (TaskTracker::new(), Latch::new(), Latch::new());
        let (enter, wait) = (entered.clone(), leave.clone());
        let held = poll_fn(move |_| {
            enter.open();
            wait.wait();
            Poll::<()>::Pending
        });
        let task = tracker.spawn_on(held, runtime.handle());
        entered.wait();
        task.abort();
        tracker.close();
        let mut wait = tracker.wait();
        assert!(!is_over(&mut wait));
        leave.open();
        runtime.block_on(wait);
        assert!(tracker.is_empty());
    });
}

#[test]
fn tasks_of_a_runtime_that_is_shut_down_are_gone() {
    on_every_flavour(|runtime| {
        let (tracker, handle) = (TaskTracker::new(), runtime.handle().clone());
        drop(tracker.spawn_on(pending::<()>(), &handle));
        drop(tracker.spawn_blocking_on(|| (), &handle));
        drop(runtime);
        drop(tracker.spawn_on(pending::<()>(), &handle));
        drop(tracker.spawn_blocking_on(|| (), &handle));
        tracker.close();
        assert!(tracker.is_empty());
        assert!(is_over(&mut tracker.wait()));
    });
}

#[test]
fn blocking_jobs_are_waited_for_also_ones_that_panic() {
    on_every_flavour(|runtime| {
        let (tracker, drops) = (TaskTracker::new(), Drops::new());
        let job = |panics: bool| {
            let token = drops.token();
            move || {
                support::linger();
                let _token = token;
                if panics {
                    quiet_panic("on purpose");
                }
            }
        };
        runtime.block_on(async {
            drop(tracker.spawn_blocking(job(false)));
            drop(tracker.spawn_blocking(job(true)));
            drop(tracker.spawn_blocking_on(job(false), runtime.handle()));
            tracker.close();
            tracker.wait().await;
            assert_eq!(drops.count(), 3);
        });
    });
}

#[test]
fn local_tasks_are_waited_for() {
    watchdog(|| {
        let (runtime, local, tracker) = (current_thread(), LocalSet::new(), TaskTracker::new());
        let shared = Rc::new(());
        let held = shared.clone();
        drop(tracker.spawn_local_on(async move { drop(held) }, &local));
        local.block_on(&runtime, async {
            let held = shared.clone();
            drop(tracker.spawn_local(async move {
                yield_now().await;
                drop(held);
            }));
            tracker.close();
            tracker.wait().await;
        });
        assert_eq!(Rc::strong_count(&shared), 1);
        // Outside the set, and outside a runtime.
        catch_unwind(AssertUnwindSafe(|| drop(tracker.spawn_local(async {})))).unwrap_err();
        catch_unwind(AssertUnwindSafe(|| drop(tracker.spawn(async {})))).unwrap_err();
        assert!(tracker.is_empty());
    });
}

#[test]
fn a_future_is_gone_before_whoever_waits_is_woken() {
    let tracker = TaskTracker::new();
    tracker.close();
    let drops = Drops::new();
    let token = drops.token();
    let tracked = tracker.track_future(async move { (pending::<()>().await, token) });
    let mut tracked = Box::pin(tracked);
    assert!(poll_once(&mut tracked, Waker::noop()).is_pending());
    let mut wait = tracker.wait();
    let (seen, at_wake) = (drops.clone(), Latch::new());
    let tell = at_wake.clone();
    let waker = calling(move || {
        assert_eq!(seen.count(), 1);
        tell.open();
    });
    assert!(poll_once(&mut wait, &waker).is_pending());
    drop(tracked);
    assert!(at_wake.is_open());
    assert!(is_over(&mut wait));
}

#[test]
fn wakers_that_panic_hinder_nobody_else() {
    let tracker = TaskTracker::new();
    tracker.close();
    let token = tracker.token();
    let (mut first, mut bad, mut last) = (tracker.wait(), tracker.wait(), tracker.wait());
    let (wakes, waker) = counting();
    assert!(poll_once(&mut first, &waker).is_pending());
    assert!(poll_once(&mut bad, &calling(|| quiet_panic("a waker's wake"))).is_pending());
    assert!(poll_once(&mut last, &waker).is_pending());
    let clone = hooked(|| quiet_panic("a waker's clone"), || ());
    catch_unwind(AssertUnwindSafe(|| poll_once(&mut last, &clone).is_pending())).unwrap_err();
    drop(token);
    assert_eq!(wakes.get(), 2);
    assert!(is_over(&mut bad));
}

#[test]
fn a_waker_may_use_the_tracker() {
    let tracker = TaskTracker::new();
    tracker.close();
    let token = tracker.token();
    let used = tracker.clone();
    let waker = calling(move || {
        assert!(used.is_empty() && used.reopen());
        drop(used.token());
    });
    let mut wait = tracker.wait();
    assert!(poll_once(&mut wait, &waker).is_pending());
    drop(token);
    assert!(!tracker.is_closed());
    assert!(is_over(&mut wait));
}

#[test]
fn many_who_wait_and_many_who_end_miss_nobody() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            for _ in 0..20 {
                let tracker = TaskTracker::new();
                let waiters: Vec<_> = (0..20)
                    .map(|_| {
                        let tracker = tracker.clone();
                        fusee::spawn(async move { tracker.wait().await })
                    })
                    .collect();
                (0..200).for_each(|_| drop(tracker.spawn(yield_now())));
                tracker.close();
                join_all(waiters).await.into_iter().for_each(Result::unwrap);
            }
        });
    });
}

#[test]
fn waits_that_are_over_at_once_starve_nobody() {
    watchdog(|| {
        let runtime = current_thread();
        let (tell, mut told) = oneshot::channel();
        runtime.block_on(async move {
            let tracker = TaskTracker::new();
            tracker.close();
            drop(fusee::spawn(async { tell.send(()).unwrap() }));
            while told.try_recv().unwrap().is_none() {
                tracker.wait().await;
            }
        });
    });
}
