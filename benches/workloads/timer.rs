//! Timers: set and cancelled, as nearly all are, and fired.

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::future::{join_all, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Tasks that set and cancel timers at the same time.
const CANCELLERS: usize = 2;

/// Tasks that run under timeouts side by side.
const TIMED_TASKS: usize = 1_000;

/// What does it cost to set a timer that is polled once and dropped, with one task per worker doing nothing else?
pub(super) fn cancel<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_done = COUNTDOWN.start(CANCELLERS);
        for _ in 0..CANCELLERS {
            C::detach(async move {
                for _ in 0..size.jobs / CANCELLERS {
                    let mut sleep = pin!(C::sleep(size.sleep));
                    poll_fn(|context| {
                        assert!(sleep.as_mut().poll(context).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                }
                COUNTDOWN.arrive();
            });
        }
        all_done.await.expect("the last task sends");
    });
}

/// What does a timeout add to an operation that ends long before it, as on every request of a server?
pub(super) fn timeout_churn<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_done = COUNTDOWN.start(TIMED_TASKS);
        for _ in 0..TIMED_TASKS {
            C::detach(async move {
                for _ in 0..size.jobs / TIMED_TASKS {
                    let done = C::timeout(size.sleep, C::yield_now()).await;
                    assert!(done.is_some(), "a yield must not take as long as the timeout");
                }
                COUNTDOWN.arrive();
            });
        }
        all_done.await.expect("the last task sends");
    });
}

/// How late does a short sleep end on an idle runtime: what do the tick, the driver and its thread add?
pub(super) fn median_lateness<C: Contender>(runtime: &C, size: Size) -> Duration {
    let sleeper = async move {
        let mut late = Vec::with_capacity(size.jobs);
        for _ in 0..size.jobs {
            let due = Instant::now() + size.sleep;
            C::sleep(size.sleep).await;
            let now = Instant::now();
            late.push(now.checked_duration_since(due).expect("no sleep may end early"));
        }
        late.sort_unstable();
        late[size.jobs / 2]
    };
    runtime.block_on(async { C::spawn(sleeper).await })
}

/// How long after their deadline are a million sleeps through, all inside one task: the timers alone?
pub(super) fn article_join<C: Contender>(runtime: &C, size: Size) {
    let ended = runtime.block_on(async { join_all((0..size.jobs).map(|_| C::sleep(size.sleep))).await.len() });
    assert_eq!(ended, size.jobs);
}

/// The same with a task for each sleep: timers and scheduler in a storm.
pub(super) fn article_spawn<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_woke = COUNTDOWN.start(size.jobs);
        for _ in 0..size.jobs {
            C::detach(async move {
                C::sleep(size.sleep).await;
                COUNTDOWN.arrive();
            });
        }
        all_woke.await.expect("the last task sends");
    });
}
