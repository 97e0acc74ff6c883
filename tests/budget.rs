//! A task whose every await is ready at once still gives way: others run on its worker, and its runtime can shut down.

mod support;

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusee::task::coop::{
    RestoreOnPending, consume_budget, cooperative, has_budget_remaining, poll_proceed, unconstrained,
};
use fusee::task::{JoinSet, yield_now};
use fusee::time::{sleep, timeout};
use support::wakers::counting;
use support::{Latch, on_every_flavour, on_one_worker, until_within, watchdog, workers};

#[test]
fn sleeps_that_are_over_already_starve_nobody_and_hinder_no_shutdown() {
    on_one_worker(|runtime| {
        let started = Latch::new();
        let tell = started.clone();
        drop(runtime.spawn(async move {
            tell.open();
            loop {
                sleep(Duration::ZERO).await;
            }
        }));
        until_within(&runtime, "it runs", || started.is_open());
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        drop(runtime);
    });
}

#[test]
fn handles_that_are_complete_already_starve_nobody_and_hinder_no_shutdown() {
    watchdog(|| {
        let runtime = workers(2);
        let started = Latch::new();
        let (tell, handle) = (started.clone(), runtime.handle().clone());
        drop(runtime.spawn(async move {
            tell.open();
            loop {
                let task = handle.spawn(async {});
                while !task.is_finished() {
                    std::thread::yield_now();
                }
                // Cancelled once the runtime has shut down: an end all the same.
                let _ = task.await;
            }
        }));
        until_within(&runtime, "it runs", || started.is_open());
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        drop(runtime);
    });
}

/// Counts the polls of what it wraps.
struct Counted<F>(Pin<Box<F>>, usize);

impl<F: Future> Future for Counted<F> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        self.1 += 1;
        let polls = self.1;
        self.0.as_mut().poll(context).map(|_| polls)
    }
}

#[test]
fn a_poll_takes_128_ready_leaves_in_a_task_and_16384_in_block_on() {
    watchdog(|| {
        let runtime = workers(1);
        let over = |sleeps| {
            let sleeps = async move {
                for _ in 0..sleeps {
                    sleep(Duration::ZERO).await;
                }
            };
            Counted(Box::pin(sleeps), 0)
        };
        assert_eq!(runtime.block_on(runtime.spawn(over(10 * 128))).unwrap(), 10);
        assert_eq!(runtime.block_on(over(3 * 16_384)), 3);
    });
}

#[test]
fn a_foreign_executor_inside_a_task_gets_further_than_the_budget() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            futures::executor::block_on(async {
                for _ in 0..1000 {
                    sleep(Duration::ZERO).await;
                }
            });
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_time_limit_ends_a_future_whose_every_await_is_ready() {
    watchdog(|| {
        let runtime = workers(1);
        let busy = || async {
            loop {
                sleep(Duration::ZERO).await;
            }
        };
        let limited = runtime.spawn(async move { timeout(Duration::from_millis(20), busy()).await });
        assert!(runtime.block_on(limited).unwrap().is_err());
        assert!(runtime.block_on(async { timeout(Duration::from_millis(20), busy()).await }).is_err());
    });
}

/// A set of `count` tasks that are complete. On the one worker of the runtime, where what is complete has also been told to the set.
async fn complete(count: usize) -> JoinSet<()> {
    let mut set = JoinSet::new();
    let tasks: Vec<_> = (0..count).map(|_| set.spawn(async {})).collect();
    while !tasks.iter().all(|task| task.is_finished()) {
        yield_now().await;
    }
    // What it has spent before is no matter.
    yield_now().await;
    set
}

#[test]
fn a_joiner_of_thousands_of_complete_tasks_gives_way_every_128_and_is_polled_no_more_than_that() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let mut set = complete(50 * 128).await;
            let others = Arc::new(AtomicUsize::new(0));
            let counter = others.clone();
            let other = fusee::spawn(async move {
                loop {
                    counter.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            });
            let joined = async move {
                for _ in 0..50 * 128 {
                    set.join_next().await.unwrap().unwrap();
                }
                assert!(set.is_empty());
            };
            let polls = Counted(Box::pin(joined), 0).await;
            other.abort();
            (polls, others.load(Ordering::SeqCst))
        });
        let (polls, others) = runtime.block_on(task).unwrap();
        assert_eq!(polls, 50);
        assert!(others >= 49, "another task of the worker was polled {others} times");
    });
}

#[test]
fn try_join_next_sees_every_complete_task_whatever_is_left_of_the_budget_and_spends_none() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let mut set = complete(1000).await;
            while has_budget_remaining() {
                consume_budget().await;
            }
            for left in (0..500).rev() {
                set.try_join_next_with_id().unwrap().unwrap();
                assert_eq!(set.len(), 500 + left);
            }
            yield_now().await;
            for _ in 0..500 {
                set.try_join_next().unwrap().unwrap();
            }
            assert!(set.try_join_next().is_none());
            assert!(has_budget_remaining());
        });
        runtime.block_on(task).unwrap();
    });
}

/// What `body` answers as a task of a runtime with one worker.
fn in_a_task<F>(body: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    watchdog(|| {
        let runtime = workers(1);
        runtime.block_on(runtime.spawn(body)).unwrap()
    })
}

/// How many units the poll that runs has left.
async fn left() -> usize {
    let mut spent = 0;
    while has_budget_remaining() {
        consume_budget().await;
        spent += 1;
    }
    yield_now().await;
    spent
}

/// Runs `look` in the poll that runs, with a context whose waker counts, and answers how often that was woken.
async fn with_context(mut look: impl FnMut(&mut Context<'_>)) -> usize {
    poll_fn(|_| {
        let (woken, waker) = counting();
        look(&mut Context::from_waker(&waker));
        Poll::Ready(woken.get())
    })
    .await
}

#[test]
fn every_kind_of_leaf_spends_one_unit_when_it_is_ready_and_none_when_it_is_pending() {
    in_a_task(async {
        let mut set = complete(1).await;
        let task = fusee::spawn(async {});
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(left().await, 128);
        task.await.unwrap();
        assert_eq!(left().await, 127, "a JoinHandle");
        sleep(Duration::ZERO).await;
        assert_eq!(left().await, 127, "a Sleep");
        consume_budget().await;
        assert_eq!(left().await, 127, "consume_budget");
        cooperative(ready(())).await;
        assert_eq!(left().await, 127, "cooperative");
        assert!(set.join_next().await.is_some());
        assert_eq!(left().await, 127, "a JoinSet");
        assert!(set.join_next().await.is_none());
        assert_eq!(left().await, 127, "an empty JoinSet");
        set.spawn(pending());
        let woken = with_context(|context| {
            assert!(set.poll_join_next(context).is_pending());
            assert!(pin!(sleep(Duration::from_secs(3600))).poll(context).is_pending());
            assert!(pin!(cooperative(pending::<()>())).poll(context).is_pending());
        });
        assert_eq!(woken.await, 0);
        assert_eq!(left().await, 128, "pending");
    });
}

#[test]
fn a_refusal_wakes_the_waker_and_leaves_the_leaf_alone() {
    in_a_task(async {
        while has_budget_remaining() {
            consume_budget().await;
        }
        let mut empty = JoinSet::<()>::new();
        let woken = with_context(|context| {
            assert!(poll_proceed(context).is_pending());
            let leaf = cooperative(poll_fn(|_| -> Poll<()> { panic!("it is not to be polled") }));
            assert!(pin!(leaf).poll(context).is_pending());
            assert!(pin!(consume_budget()).poll(context).is_pending());
            assert!(empty.poll_join_next(context).is_pending());
        });
        assert_eq!(woken.await, 4);
        assert!(empty.join_next().await.is_none());
    });
}

/// A unit, which there is.
fn unit(context: &mut Context<'_>) -> RestoreOnPending {
    let Poll::Ready(unit) = poll_proceed(context) else { panic!("there is budget") };
    unit
}

#[test]
fn a_unit_is_given_back_unless_progress_was_made() {
    in_a_task(async {
        with_context(|context| (0..1000).for_each(|_| drop(unit(context)))).await;
        assert_eq!(left().await, 128);
        with_context(|context| {
            let (_outer, inner) = (unit(context), unit(context));
            inner.made_progress();
        })
        .await;
        assert_eq!(left().await, 127);
    });
    // Outside a poll there is no limit, and none comes about.
    drop(workers(1).block_on(poll_fn(poll_proceed)));
    let mut context = Context::from_waker(Waker::noop());
    (0..100_000).for_each(|_| unit(&mut context).made_progress());
    (0..100_000).for_each(|_| drop(unit(&mut context)));
    assert!(has_budget_remaining());
}

#[test]
fn a_foreign_executor_gets_further_though_what_it_polls_gives_its_unit_back() {
    in_a_task(async {
        futures::executor::block_on(async {
            for _ in 0..1000 {
                // The leaf within finds the budget spent by the wrapper, again and again.
                cooperative(cooperative(sleep(Duration::ZERO))).await;
            }
        });
    });
}

#[test]
fn an_unconstrained_future_is_never_refused_and_charges_nothing_to_its_task() {
    in_a_task(async {
        let leaves = async {
            for _ in 0..10_000 {
                sleep(Duration::ZERO).await;
                consume_budget().await;
            }
        };
        consume_budget().await;
        assert_eq!(Counted(Box::pin(unconstrained(leaves)), 0).await, 1);
        assert_eq!(left().await, 127);
        while has_budget_remaining() {
            consume_budget().await;
        }
        unconstrained(async { assert!(has_budget_remaining()) }).await;
        assert!(!has_budget_remaining());
        let panics = std::panic::AssertUnwindSafe(unconstrained(async { support::quiet_panic("on purpose") }));
        assert!(futures::FutureExt::catch_unwind(panics).await.is_err());
        assert!(!has_budget_remaining(), "a panic within leaves the task its budget");
    });
}

#[test]
fn yield_now_lets_others_run_also_where_there_is_no_limit_and_where_the_budget_is_spent() {
    in_a_task(async {
        for constrained in [true, false] {
            let ran = Arc::new(AtomicUsize::new(0));
            let body = async {
                for _ in 0..50 {
                    let ran = ran.clone();
                    drop(fusee::spawn(async move { ran.fetch_add(1, Ordering::SeqCst) }));
                }
                while constrained && has_budget_remaining() {
                    consume_budget().await;
                }
                yield_now().await;
                assert_eq!(ran.load(Ordering::SeqCst), 50);
            };
            let polls = if constrained {
                Counted(Box::pin(body), 0).await
            } else {
                Counted(Box::pin(unconstrained(body)), 0).await
            };
            assert_eq!(polls, 2);
        }
    });
}

#[test]
fn yield_now_in_block_on_goes_on_until_a_task_has_run() {
    on_every_flavour(|runtime| {
        for _ in 0..100 {
            let task = runtime.spawn(yield_now());
            let wait = async {
                while !task.is_finished() {
                    yield_now().await;
                }
            };
            runtime.block_on(unconstrained(wait));
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn polls_that_are_made_to_give_way_are_counted() {
    on_one_worker(|runtime| {
        let spend = |units| {
            let task = runtime.spawn(async move {
                for _ in 0..units {
                    consume_budget().await;
                }
            });
            runtime.block_on(task).unwrap();
            // The count is the worker's, which goes on to the next task after it.
            runtime.block_on(runtime.spawn(async {})).unwrap();
            runtime.metrics().budget_forced_yield_count()
        };
        assert_eq!(spend(128), 0);
        assert_eq!(spend(129), 1);
        assert_eq!(spend(10 * 128), 10);
    });
}
