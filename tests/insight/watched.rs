//! Watched futures: a dump tells of one that was woken and not polled while its task was, and of no other.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use fusee::insight::{WatchedDump, watched};
use fusee::runtime::Handle;
use fusee::task::yield_now;
use futures::channel::oneshot;

use super::support::{self, on_every_flavour, watchdog, workers};
use super::waiting;

const PATIENCE: Duration = Duration::from_millis(20);

async fn passes(time: Duration) {
    let begun = std::time::Instant::now();
    while begun.elapsed() < time {
        yield_now().await;
    }
}

fn locked() -> Vec<WatchedDump> {
    Handle::current().dump().futurelocks(PATIENCE).cloned().collect()
}

#[test]
fn one_that_is_woken_and_left_while_its_task_is_polled_is_a_futurelock() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (give, lock) = oneshot::channel::<()>();
            let takes = Arc::new(AtomicBool::new(false));
            let may_take = takes.clone();
            let line = line!() + 3;
            let task = fusee::spawn(async move {
                // Polled once, then left aside for all that wakes the task, until it may be polled again.
                let mut lock = pin!(watched(lock));
                let mut is_first = true;
                poll_fn(|context| {
                    if is_first || may_take.load(Ordering::Relaxed) {
                        is_first = false;
                        return lock.as_mut().poll(context).map(Result::unwrap);
                    }
                    Poll::Pending
                })
                .await;
                pending::<()>().await;
            });
            waiting(task.id()).await;
            passes(2 * PATIENCE).await;
            assert!(locked().is_empty(), "nobody has woken it");
            give.send(()).unwrap();
            let told = loop {
                if let [told] = &locked()[..] {
                    break told.clone();
                }
                // The task is polled by its own wake, at least once after this one.
                yield_now().await;
            };
            assert_eq!((told.task(), told.made_at().line()), (Some(task.id()), line));
            assert!(told.woken().unwrap() >= PATIENCE && told.polled().unwrap() >= told.woken().unwrap(), "{told:?}");
            takes.store(true, Ordering::Relaxed);
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(Handle::current().dump().watched().is_empty());
        });
    });
}

#[test]
fn one_that_is_polled_when_it_is_woken_is_none_and_leaves_as_it_is_ready() {
    watchdog(|| {
        workers(2).block_on(async {
            let (give, given) = oneshot::channel::<()>();
            let task = fusee::spawn(async move {
                watched(given).await.unwrap();
                pending::<()>().await;
            });
            waiting(task.id()).await;
            assert_eq!(Handle::current().dump().watched().len(), 1);
            give.send(()).unwrap();
            while !Handle::current().dump().watched().is_empty() {
                yield_now().await;
            }
            passes(2 * PATIENCE).await;
            assert!(locked().is_empty());
        });
    });
}

#[test]
fn one_whose_task_was_not_polled_since_is_none() {
    watchdog(|| {
        let runtime = workers(1);
        runtime.block_on(async {
            let (give, given) = oneshot::channel::<()>();
            let task = fusee::spawn(async move { watched(given).await.unwrap() });
            waiting(task.id()).await;
            passes(PATIENCE).await;
            // The one worker is stuck: the task is woken, and waits for it.
            let (started, is_started) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            let stuck = fusee::spawn(async move {
                started.send(()).unwrap();
                released.recv().unwrap();
            });
            is_started.recv().unwrap();
            give.send(()).unwrap();
            passes(2 * PATIENCE).await;
            let dump = Handle::current().dump();
            let [told] = dump.watched() else { panic!("{dump}") };
            assert!(told.woken().is_some_and(|woken| woken >= PATIENCE) && locked().is_empty(), "{told:?}");
            release.send(()).unwrap();
            stuck.await.unwrap();
            task.await.unwrap();
        });
    });
}

/// It keeps no waker of its task that the future does not keep.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_task_that_awaits_one_which_keeps_no_waker_is_stranded() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (give, given) = oneshot::channel::<()>();
            let task = fusee::spawn(async move {
                watched(given).await.unwrap();
                watched(pending::<()>()).await;
            });
            assert!(!waiting(task.id()).await.is_stranded(), "the channel has its waker");
            give.send(()).unwrap();
            while !waiting(task.id()).await.is_stranded() {
                yield_now().await;
            }
        });
    });
}

#[test]
fn it_is_of_the_runtime_that_polled_it_last() {
    watchdog(|| {
        let (first, last) = (workers(1), workers(1));
        let mut future = Box::pin(watched(pending::<()>()));
        let mut poll_on = |runtime: &fusee::runtime::Runtime| {
            runtime.block_on(poll_fn(|context| {
                assert!(future.as_mut().poll(context).is_pending());
                Poll::Ready(())
            }));
        };
        let told = || [&first, &last].map(|runtime| runtime.handle().dump().watched().len());
        poll_on(&first);
        assert_eq!(told(), [1, 0]);
        poll_on(&last);
        assert_eq!(told(), [0, 1]);
        drop(future);
        assert_eq!(told(), [0, 0]);
    });
}

/// A task may come to lie where one lay that has polled the future, and has ended.
#[test]
fn a_task_at_the_address_of_one_that_has_ended_is_blamed_for_nothing() {
    type Boxed = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    async fn body(future: Option<Boxed>, give: mpsc::Sender<Boxed>) {
        let Some(mut future) = future else { return pending().await };
        poll_fn(|context| {
            assert!(future.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        give.send(future).unwrap();
    }
    watchdog(|| {
        let runtime = workers(1);
        let (wake, woken) = oneshot::channel::<()>();
        let (give, given) = mpsc::channel();
        let future: Boxed = Box::pin(async { watched(woken).await.unwrap() });
        let task = runtime.spawn(body(Some(future), give.clone()));
        let address = task.id();
        runtime.block_on(task).unwrap();
        let _future = given.recv().unwrap();
        wake.send(()).unwrap();
        let others: Vec<_> = (0..200).map(|_| runtime.spawn(body(None, give.clone())).id()).collect();
        assert!(!others.contains(&address), "it is kept while the future is watched");
        runtime.block_on(async {
            for other in others {
                waiting(other).await;
            }
            passes(2 * PATIENCE).await;
            assert!(locked().is_empty(), "{:?}", locked());
        });
    });
}

#[test]
fn many_that_are_woken_are_looked_up_in_no_time() {
    watchdog(|| {
        let runtime = workers(1);
        let (tasks, watch): (Vec<_>, Vec<_>) = (0..20_000)
            .map(|_| {
                let (wake, woken) = oneshot::channel::<()>();
                let task = runtime.spawn(async move {
                    let mut lock = pin!(watched(woken));
                    futures::future::select(lock.as_mut(), pin!(yield_now())).await;
                    pending::<()>().await;
                });
                (task.id(), wake)
            })
            .unzip();
        let last = *tasks.last().unwrap();
        runtime.block_on(waiting(last));
        watch.into_iter().for_each(|wake| wake.send(()).unwrap());
        // Quadratic it would take minutes.
        support::until("all are told", || runtime.handle().dump().futurelocks(PATIENCE).count() == 20_000);
    });
}
