//! Wakers made by hand that panic: when woken, when cloned, when dropped. No thread of the runtime ends by it, nothing leaks.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWakerVTable, Waker};
use std::time::Duration;

use fusee::task::JoinSet;
use fusee::time::{Instant, sleep, sleep_until};
use support::wakers::{calling, counting, hooked, panics_in_drop};
use support::{Drops, Latch, holding, message, on_every_flavour, poll_once, quiet_panic, until, until_within};

fn panics_when_woken() -> Waker {
    calling(|| quiet_panic("a waker's panic"))
}

/// A waker whose clone panics.
fn panics_when_cloned() -> Waker {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(|_| panic!("a clone's panic"), |_| (), |_| (), |_| ());
    // SAFETY: no function of the table looks at the data.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

#[test]
fn a_join_waker_that_panics_takes_no_worker() {
    on_every_flavour(|runtime| {
        for n in 0..10 {
            let go = Latch::new();
            let open = go.clone();
            let mut handle = runtime.spawn(async move {
                open.wait();
                n
            });
            assert!(poll_once(&mut handle, &panics_when_woken()).is_pending());
            go.open();
            assert_eq!(runtime.block_on(handle).unwrap(), n);
        }
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn a_sleep_waker_that_panics_does_not_take_the_driver() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let deadline = Instant::now() + Duration::from_millis(2);
        let mut sleeps: Vec<_> = (0..300).map(|_| sleep_until(deadline)).collect();
        let mut counts = Vec::new();
        for (n, sleep) in sleeps.iter_mut().enumerate() {
            if n % 2 == 0 {
                let _ = poll_once(sleep, &panics_when_woken());
            } else {
                let (count, waker) = counting();
                if poll_once(sleep, &waker).is_pending() {
                    counts.push(count);
                }
            }
        }
        runtime.block_on(sleep(Duration::from_millis(4)));
        until("the calm wakers are woken", || counts.iter().all(|count| count.get() == 1));
        let (_, waker) = counting();
        assert!(sleeps.iter_mut().all(|sleep| poll_once(sleep, &waker).is_ready()));
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_waker_whose_clone_panics_leaves_the_sleep_and_the_handle_usable() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let waker = panics_when_cloned();
        let mut pause = sleep(Duration::from_secs(3600));
        let go = Latch::new();
        let open = go.clone();
        let mut handle = runtime.spawn(async move { open.wait() });
        for _ in 0..2 {
            assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut pause, &waker))).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut handle, &waker))).is_err());
            // The second time round, another waker has been there before.
            let (_, calm) = counting();
            assert!(poll_once(&mut pause, &calm).is_pending());
            assert!(poll_once(&mut handle, &calm).is_pending());
        }
        go.open();
        pause.reset(Instant::now() + Duration::from_millis(1));
        runtime.block_on(async {
            pause.await;
            handle.await.unwrap();
        });
    });
}

#[test]
fn a_join_waker_that_panics_in_its_drop_leaves_the_handle_usable() {
    on_every_flavour(|runtime| {
        let go = Latch::new();
        let open = go.clone();
        let mut handle = runtime.spawn(async move {
            open.wait();
            42
        });
        assert!(poll_once(&mut handle, &panics_in_drop()).is_pending());
        let (count, calm) = counting();
        // The waker that is replaced is dropped by this poll: its panic is the caller's.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| poll_once(&mut handle, &calm))) {
            assert_eq!(message(&*payload), "a waker's drop");
            assert!(poll_once(&mut handle, &calm).is_pending());
        }
        go.open();
        until_within(&runtime, "the task is complete", || count.get() == 1);
        assert_eq!(runtime.block_on(handle).unwrap(), 42);
    });
}

#[test]
fn a_sleep_waker_that_panics_in_its_drop_leaves_the_sleep_usable() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, &panics_in_drop()).is_pending());
        let (_, calm) = counting();
        let _ = catch_unwind(AssertUnwindSafe(|| poll_once(&mut pause, &calm)));
        pause.reset(Instant::now() + Duration::from_millis(1));
        runtime.block_on(pause);
        let mut dropped = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut dropped, &panics_in_drop()).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| drop(dropped)));
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_sleep_waker_that_panics_in_a_reset_to_the_past_leaves_the_sleep_usable() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, &panics_when_woken()).is_pending());
        pause.reset(Instant::now());
        assert!(pause.is_elapsed());
        pause.reset(Instant::now() + Duration::from_millis(1));
        runtime.block_on(pause);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_waker_that_panics_in_its_drop_inside_a_tasks_future_takes_no_worker() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        for n in 0..10 {
            let _entered = runtime.enter();
            let mut pause = sleep(Duration::from_secs(3600));
            let mut other = runtime.spawn(std::future::pending::<()>());
            if n % 2 == 0 {
                assert!(poll_once(&mut pause, &panics_in_drop()).is_pending());
            } else {
                assert!(poll_once(&mut other, &panics_in_drop()).is_pending());
            }
            let outer = runtime.spawn(holding((drops.token(), pause, other), |_| Poll::<()>::Pending));
            outer.abort();
            // Cancelled or panicked: both are an end.
            runtime.block_on(outer).unwrap_err();
        }
        assert_eq!(drops.count(), 10);
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn sleeps_and_sets_whose_wakers_panic_in_their_drop_do_not_abort_the_process_when_one_future_holds_many() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let drops = Drops::new();
        let sleeps: Vec<_> = (0..3)
            .map(|_| {
                let mut pause = sleep(Duration::from_secs(3600));
                assert!(poll_once(&mut pause, &panics_in_drop()).is_pending());
                pause
            })
            .collect();
        let sets: Vec<_> = (0..3)
            .map(|_| {
                let mut set = JoinSet::new();
                set.spawn(std::future::pending::<()>());
                assert!(set.poll_join_next(&mut Context::from_waker(&panics_in_drop())).is_pending());
                set
            })
            .collect();
        let outer = runtime.spawn(holding((drops.token(), sleeps, sets), |_| Poll::<()>::Pending));
        outer.abort();
        runtime.block_on(outer).unwrap_err();
        assert_eq!(drops.count(), 1);
        assert_eq!(runtime.metrics().timers_live(), 0);
        until_within(&runtime, "the sets have aborted their tasks", || runtime.metrics().num_alive_tasks() == 0);
    });
}

#[test]
fn a_sleep_whose_new_waker_panics_in_its_drop_as_the_timer_fires_cancels_no_other_timer() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        for attempt in 1..100 {
            let (woken, calm) = counting();
            let mut pause = sleep(Duration::from_millis(attempt));
            if poll_once(&mut pause, &calm).is_ready() {
                continue;
            }
            // Its clone takes as long as the timer does: the poll has no use for it any more, and drops it.
            let clones = Arc::new(AtomicUsize::new(0));
            let (clone, drop_clone) = (clones.clone(), clones.clone());
            let hostile = hooked(
                move || {
                    until("the timer has fired", || woken.get() == 1);
                    clone.store(1, Ordering::SeqCst);
                },
                move || {
                    if drop_clone.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                        quiet_panic("a waker's drop");
                    }
                },
            );
            let _ = catch_unwind(AssertUnwindSafe(|| poll_once(&mut pause, &hostile)));
            // In the place that the first has left.
            let mut other = sleep(Duration::from_secs(3600));
            assert!(poll_once(&mut other, &calm).is_pending());
            drop(pause);
            assert_eq!(runtime.metrics().timers_live(), 1, "the other's");
            if clones.load(Ordering::SeqCst) > 0 {
                return;
            }
        }
        panic!("no timer fired while its waker was cloned");
    });
}

#[test]
fn a_set_whose_new_joiner_panics_in_its_drop_as_a_task_arrives_loses_no_task() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let (mut set, go) = (JoinSet::new(), Latch::new());
        let open = go.clone();
        set.spawn_blocking(move || {
            open.wait();
            42
        });
        let (woken, calm) = counting();
        assert!(set.poll_join_next(&mut Context::from_waker(&calm)).is_pending());
        // Its clone takes as long as the task does: the poll has no use for it any more, and drops it.
        let clone = move || {
            go.open();
            until("the task has arrived", || woken.get() == 1);
        };
        let drops = AtomicUsize::new(0);
        let hostile = hooked(clone, move || {
            if drops.fetch_add(1, Ordering::SeqCst) == 0 {
                quiet_panic("a waker's drop");
            }
        });
        let answer = catch_unwind(AssertUnwindSafe(|| set.poll_join_next(&mut Context::from_waker(&hostile))));
        match answer {
            Ok(Poll::Ready(Some(joined))) => assert_eq!(joined.unwrap(), 42),
            Ok(answer) => panic!("the task has arrived, and the set answers {answer:?}"),
            Err(_) => {
                let answer = set.poll_join_next(&mut Context::from_waker(&calm));
                assert!(matches!(answer, Poll::Ready(Some(Ok(42)))), "the task is lost: {answer:?}");
            }
        }
    });
}
