//! Polling a set: by whom, how many tasks at a time, and who is woken when there is more to do.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fusee::task::{LocalSet, spawn_local, yield_now};
use fusee::time::{Duration, sleep};
use futures::channel::oneshot;
use futures::executor;

use crate::support::wakers::counting;
use crate::support::{poll_once, watchdog, workers};

/// A task that wakes itself for ever, and how often it was polled.
fn hog(local: &LocalSet) -> Rc<Cell<usize>> {
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    drop(local.spawn_local(poll_fn(move |context| -> Poll<()> {
        count.set(count.get() + 1);
        context.waker().wake_by_ref();
        Poll::Pending
    })));
    polls
}

#[test]
fn a_set_is_polled_on_any_executor() {
    watchdog(|| {
        let on_another = || {
            let local = LocalSet::new();
            let (go, wait) = oneshot::channel();
            let task = local.spawn_local(async { Rc::new(wait.await.unwrap()) });
            drop(local.spawn_local(async move { go.send(42).unwrap() }));
            assert_eq!(*executor::block_on(local.run_until(task)).unwrap(), 42);
        };
        on_another();
        // A foreign executor within a worker's task.
        let runtime = workers(1);
        runtime.block_on(runtime.spawn(async move { on_another() })).unwrap();
    });
}

#[test]
fn a_poll_runs_a_bounded_number_of_tasks_and_wakes_itself() {
    watchdog(|| {
        let mut local = LocalSet::new();
        let polls = hog(&local);
        let (wakes, waker) = counting();
        for round in 1..=5 {
            assert!(poll_once(&mut local, &waker).is_pending());
            assert_eq!((polls.get(), wakes.get()), (61 * round, round));
        }
        // The future beside them is polled as often.
        let mut rounds = 0;
        executor::block_on(local.run_until(async {
            for _ in 0..100 {
                yield_now().await;
                rounds += 1;
            }
        }));
        assert_eq!(rounds, 100);
        assert!(polls.get() <= 61 * 110, "{}", polls.get());
    });
}

#[test]
fn a_task_whose_awaits_are_all_ready_lets_the_others_run() {
    watchdog(|| {
        let runtime = workers(1);
        let local = LocalSet::new();
        let ready_awaits = Rc::new(Cell::new(0));
        let count = ready_awaits.clone();
        drop(local.spawn_local(async move {
            for _ in 0..1_000 {
                sleep(Duration::ZERO).await;
                count.set(count.get() + 1);
            }
        }));
        let seen = ready_awaits.clone();
        let other = local.spawn_local(async move { seen.get() });
        let seen = local.block_on(&runtime, other).unwrap();
        assert!((1..=128).contains(&seen), "{seen}");
        runtime.block_on(local);
        assert_eq!(ready_awaits.get(), 1_000);
    });
}

#[test]
fn what_is_spawned_or_woken_beside_the_set_wakes_whoever_waits() {
    watchdog(|| {
        let local = LocalSet::new();
        let (go, wait) = oneshot::channel::<()>();
        let task = local.spawn_local(wait);
        let (wakes, waker) = counting();
        {
            let mut waiting = pin!(local.run_until(pending::<()>()));
            let mut context = Context::from_waker(&waker);
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!(wakes.get(), 0, "nothing is left to run");
            drop(local.spawn_local(async {}));
            assert_eq!(wakes.get(), 1);
            drop(local.spawn_local(async {}));
            assert_eq!(wakes.get(), 1, "one wake-up is enough");
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            go.send(()).unwrap();
            assert_eq!(wakes.get(), 2);
            assert!(!task.is_finished());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert!(task.is_finished());
        }
        drop(local.spawn_local(async {}));
        assert_eq!(wakes.get(), 2, "nobody waits any more");
        assert_eq!(Arc::strong_count(&wakes), 2, "and no waker is kept");
        drop(waker);
    });
}

#[test]
fn a_set_that_is_ready_keeps_no_waker_and_can_be_used_again() {
    watchdog(|| {
        let mut local = LocalSet::new();
        let (wakes, waker) = counting();
        for round in 1..=3 {
            let (go, wait) = oneshot::channel::<()>();
            let task = local.spawn_local(wait);
            assert!(poll_once(&mut local, &waker).is_pending());
            assert_eq!(Arc::strong_count(&wakes), 3);
            go.send(()).unwrap();
            assert_eq!(wakes.get(), round);
            assert!(poll_once(&mut local, &waker).is_ready() && task.is_finished());
            assert_eq!(Arc::strong_count(&wakes), 2);
        }
    });
}

#[test]
fn of_several_that_drive_a_set_none_waits_for_one_that_has_ended() {
    watchdog(|| {
        let local = LocalSet::new();
        let (go, wait) = oneshot::channel::<()>();
        let task = local.spawn_local(wait);
        let (wakes, waker) = counting();
        let mut context = Context::from_waker(&waker);
        let mut first = pin!(local.run_until(task));
        assert!(first.as_mut().poll(&mut context).is_pending());
        {
            let mut second = pin!(local.run_until(pending::<()>()));
            assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            go.send(()).unwrap();
        }
        assert_eq!(wakes.get(), 1, "the one polled last was woken too, but it has gone");
        assert!(first.as_mut().poll(&mut context).is_pending(), "the task has run, and wakes its future");
        assert_eq!(wakes.get(), 2);
        assert!(first.as_mut().poll(&mut context).is_ready());

        let (go, wait) = oneshot::channel::<()>();
        let mut first = pin!(local.run_until(wait));
        assert!(first.as_mut().poll(&mut context).is_pending());
        // It spawns and is ready: it runs none of the tasks itself.
        let spawns = local.run_until(async { drop(spawn_local(async { go.send(()).unwrap() })) });
        assert_eq!(pin!(spawns).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
        assert_eq!(wakes.get(), 3);
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert_eq!(wakes.get(), 4);
        assert!(first.as_mut().poll(&mut context).is_ready());
    });
}
