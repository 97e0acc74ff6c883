//! Sleeps: never early, ready when their time has come, wherever they are moved and whoever polls them.

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use fusee::time::{Instant, Sleep, sleep, sleep_until};
use futures::executor;
use futures::future::join_all;
use support::wakers::{calling, counting};
use support::{Latch, Random, on_every_flavour, on_one_worker, poll_once, until, until_within, workers};

const HOUR: Duration = Duration::from_secs(3600);

fn no_op() -> Context<'static> {
    Context::from_waker(std::task::Waker::noop())
}

#[test]
fn zero_and_past_deadlines_are_ready_on_the_first_poll() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or_else(Instant::now);
        for mut pause in [sleep(Duration::ZERO), sleep_until(Instant::now()), sleep_until(past)] {
            assert!(!pause.is_elapsed());
            assert!(Future::poll(std::pin::Pin::new(&mut pause), &mut no_op()).is_ready());
            assert!(pause.is_elapsed());
            assert!(Future::poll(std::pin::Pin::new(&mut pause), &mut no_op()).is_ready(), "and stays ready");
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_deadline_beyond_all_clocks_never_comes_and_never_panics() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut far: Vec<Sleep> = vec![
            sleep(Duration::MAX),
            sleep(Duration::from_secs(u64::MAX)),
            sleep(Duration::from_secs(i64::MAX as u64)),
            sleep(Duration::from_secs(i64::MAX as u64 / 2)),
            sleep(Duration::from_secs(585 * 365 * 86_400)),
            sleep(Duration::from_nanos(u64::MAX)),
            sleep(Duration::from_nanos(u64::MAX - (1 << 17))),
        ];
        far.extend(Instant::now().checked_add(Duration::from_secs(i64::MAX as u64 / 2)).map(sleep_until));
        let (count, waker) = counting();
        assert!(far.iter_mut().all(|pause| poll_once(pause, &waker).is_pending()));
        // A near one in the same shard is not hidden by them.
        runtime.block_on(sleep(Duration::from_millis(2)));
        assert!(far.iter_mut().all(|pause| poll_once(pause, &waker).is_pending()));
        assert_eq!(count.get(), 0);
        assert_eq!(runtime.metrics().timers_live(), far.len());
        far[0].reset(Instant::now() + Duration::from_millis(1));
        runtime.block_on(&mut far[0]);
        drop(far);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn none_ends_early() {
    on_every_flavour(|runtime| {
        let mut random = Random::new(7);
        let sleepers: Vec<_> = (0..4000)
            .map(|_| {
                let duration = Duration::from_nanos(random.below(200_000_000) >> random.below(20));
                runtime.spawn(async move {
                    let start = Instant::now();
                    let pause = sleep(duration);
                    let deadline = pause.deadline();
                    pause.await;
                    let end = Instant::now();
                    assert!(end >= deadline, "{:?} early", deadline - end);
                    assert!(end.duration_since(start) >= duration);
                })
            })
            .collect();
        runtime.block_on(join_all(sleepers)).into_iter().for_each(|outcome| outcome.unwrap());
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn the_deadline_is_fixed_when_the_sleep_is_made() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let before = Instant::now();
        let mut pause = sleep(Duration::from_millis(2));
        let after = Instant::now();
        let deadline = pause.deadline();
        assert!(before + Duration::from_millis(2) <= deadline && deadline <= after + Duration::from_millis(2));
        until("the deadline has passed", || Instant::now() > deadline);
        assert!(poll_once(&mut pause, std::task::Waker::noop()).is_ready(), "the first poll comes after the deadline");
        assert_eq!(pause.deadline(), deadline);
    });
}

/// Polls a sleep once and gives it back.
async fn once(mut pause: Sleep) -> Sleep {
    poll_fn(|context| {
        let _ = poll_once(&mut pause, context.waker());
        Poll::Ready(())
    })
    .await;
    pause
}

#[test]
fn it_may_move_between_tasks_and_threads_and_runtimes() {
    on_every_flavour(|runtime| {
        let other = workers(1);
        for _ in 0..20 {
            let start = Instant::now();
            let mut pause = {
                let _entered = runtime.enter();
                sleep(Duration::from_millis(3))
            };
            // Polled in turn by the root, a foreign executor, a task, a task of another runtime, and plain threads.
            pause = runtime.block_on(once(pause));
            pause = executor::block_on(once(pause));
            pause = runtime.block_on(runtime.spawn(once(pause))).unwrap();
            pause = runtime.block_on(other.spawn(once(pause))).unwrap();
            pause = thread::spawn(move || executor::block_on(once(pause))).join().unwrap();
            let task = other.spawn(async move {
                pause.await;
                Instant::now()
            });
            assert!(other.block_on(task).unwrap().duration_since(start) >= Duration::from_millis(3));
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn of_several_wakers_the_last_is_woken() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(HOUR);
        let (first, first_waker) = counting();
        let (second, second_waker) = counting();
        let done = Latch::new();
        let open = done.clone();
        let last_waker = calling(move || open.open());
        for _ in 0..3 {
            for waker in [&first_waker, &second_waker, &last_waker] {
                assert!(poll_once(&mut pause, waker).is_pending());
            }
        }
        pause.reset(Instant::now() + Duration::from_millis(1));
        done.wait();
        assert_eq!((first.get(), second.get()), (0, 0));
        assert!(poll_once(&mut pause, &first_waker).is_ready());
    });
}

#[test]
fn dropped_before_or_after_it_fired_it_leaves_no_timer() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let metrics = runtime.metrics();
        let (count, waker) = counting();
        let mut pauses: Vec<Sleep> = (0..1000).map(|n| sleep(Duration::from_secs(60 + n))).collect();
        assert!(pauses.iter_mut().all(|pause| poll_once(pause, &waker).is_pending()));
        assert_eq!(metrics.timers_live(), 1000);
        pauses.truncate(500);
        assert_eq!(metrics.timers_live(), 500);
        drop(pauses);
        assert_eq!((metrics.timers_live(), count.get()), (0, 0));
        let deadline = Instant::now() + Duration::from_millis(3);
        let mut pauses: Vec<Sleep> = (0..1000).map(|_| sleep_until(deadline)).collect();
        let registered =
            pauses.iter_mut().filter_map(|pause| poll_once(pause, &waker).is_pending().then_some(())).count();
        until("all have fired", || count.get() == registered);
        drop(pauses);
        assert_eq!(metrics.timers_live(), 0);
        drop(sleep(HOUR));
        assert_eq!(metrics.timers_live(), 0);
        // From a task, and from a task that is aborted.
        let task = runtime.spawn(async { sleep(HOUR).await });
        until_within(&runtime, "the task sleeps", || metrics.timers_live() == 1);
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(metrics.timers_live(), 0);
    });
}

#[test]
fn sleeping_tasks_at_every_scale_all_wake_once() {
    on_every_flavour(|runtime| {
        for tasks in [1, 10, 100, 1_000, 10_000, 100_000] {
            let woken = Arc::new(AtomicUsize::new(0));
            let before = runtime.metrics().timers_fired_count();
            let until = Instant::now() + Duration::from_millis(50);
            let spread = Duration::from_millis(100) / tasks;
            let sleepers: Vec<_> = (0..tasks)
                .map(|n| {
                    let woken = woken.clone();
                    runtime.spawn(async move {
                        let deadline = until + spread * n;
                        sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline);
                        woken.fetch_add(1, Ordering::SeqCst);
                    })
                })
                .collect();
            runtime.block_on(join_all(sleepers)).into_iter().for_each(|outcome| outcome.unwrap());
            assert_eq!(woken.load(Ordering::SeqCst), tasks as usize);
            assert_eq!(runtime.metrics().timers_live(), 0);
            assert!(runtime.metrics().timers_fired_count() - before <= u64::from(tasks));
        }
    });
}

#[test]
fn a_storm_in_one_tick_wakes_every_task() {
    on_every_flavour(|runtime| {
        let deadline = Instant::now() + Duration::from_millis(300);
        let sleepers: Vec<_> = (0..50_000).map(|_| runtime.spawn(async move { sleep_until(deadline).await })).collect();
        runtime.block_on(join_all(sleepers)).into_iter().for_each(|outcome| outcome.unwrap());
        assert!(Instant::now() >= deadline);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_waker_called_by_the_driver_may_use_timers_itself() {
    on_one_worker(|runtime| {
        let handle = runtime.handle().clone();
        let _entered = runtime.enter();
        let done = Latch::new();
        let (open, mut held) = (done.clone(), sleep(HOUR));
        assert!(poll_once(&mut held, std::task::Waker::noop()).is_pending());
        let waker = calling(move || {
            let _entered = handle.enter();
            held.reset(Instant::now());
            drop(held);
            let mut pause = sleep(Duration::from_micros(100));
            let chained = calling(move || open.open());
            if poll_once(&mut pause, &chained).is_ready() {
                chained.wake();
            } else {
                // The sleep must live until it has fired.
                drop(fusee::spawn(async move {
                    let _pause = pause;
                    std::future::pending::<()>().await;
                }));
            }
        });
        let mut pause = sleep(Duration::from_millis(1));
        if poll_once(&mut pause, &waker).is_ready() {
            waker.wake();
        }
        done.wait();
    });
}
