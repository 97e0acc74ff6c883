//! Intervals: they do not drift, and do about missed ticks what they are told.
#![cfg(feature = "test-util")]

mod support;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::time::{self, Instant, Interval, MissedTickBehavior, interval, interval_at, sleep, timeout};
use futures::{Stream, StreamExt};
use support::wakers::counting;
use support::{driven, message, on_1_2_and_4_workers, watchdog};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn poll(ticks: &mut Interval) -> Poll<Instant> {
    ticks.poll_tick(&mut Context::from_waker(Waker::noop()))
}

/// Runs `body` on a paused clock, as the root of either flavour.
#[track_caller]
fn on_paused_time<F: Future<Output = ()>>(body: impl Fn() -> F + Send + 'static) {
    watchdog(move || {
        let build = |mut builder: Builder| -> Runtime { builder.start_paused(true).build().unwrap() };
        build(Builder::new_current_thread()).block_on(body());
        build(Builder::new_multi_thread()).block_on(body());
    });
}

/// Lets `steps` pass one after the other, and after each takes all ticks that come, as milliseconds from the start of the interval, which
/// has a period of 100 ms.
async fn taken(behavior: MissedTickBehavior, steps: &[u64]) -> Vec<Vec<u128>> {
    let start = Instant::now();
    let mut ticks = interval(ms(100));
    ticks.set_missed_tick_behavior(behavior);
    let mut taken = Vec::new();
    for &step in steps {
        time::advance(ms(step)).await;
        let due = std::iter::from_fn(|| match poll(&mut ticks) {
            Poll::Ready(tick) => Some(tick.duration_since(start).as_millis()),
            Poll::Pending => None,
        });
        taken.push(due.collect());
    }
    taken
}

#[test]
fn missed_ticks_come_in_a_burst_or_late_or_not_at_all() {
    on_paused_time(|| async {
        let steps = [0, 99, 1, 350, 50, 40, 10, 100];
        let burst = taken(MissedTickBehavior::Burst, &steps).await;
        assert_eq!(burst, [vec![0], vec![], vec![100], vec![200, 300, 400], vec![500], vec![], vec![], vec![600]]);
        let delay = taken(MissedTickBehavior::Delay, &steps).await;
        assert_eq!(delay, [vec![0], vec![], vec![100], vec![200], vec![], vec![], vec![550], vec![650]]);
        let skip = taken(MissedTickBehavior::Skip, &steps).await;
        assert_eq!(skip, [vec![0], vec![], vec![100], vec![200], vec![500], vec![], vec![], vec![600]]);
    });
}

#[test]
fn a_tick_that_is_five_milliseconds_late_is_not_missed() {
    on_paused_time(|| async {
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            assert_eq!(taken(behavior, &[0, 105, 95, 100]).await, [[0], [100], [200], [300]], "{behavior:?}");
        }
        assert_eq!(taken(MissedTickBehavior::Delay, &[0, 106, 94, 6]).await, [vec![0], vec![100], vec![], vec![206]]);
        // A period within the tolerance: nothing of it is missed unless all of the tolerance is.
        let start = Instant::now();
        let mut ticks = interval(ms(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        time::advance(ms(4)).await;
        (0..5).for_each(|n| assert_eq!(poll(&mut ticks), Poll::Ready(start + ms(n))));
        assert!(poll(&mut ticks).is_pending());
    });
}

#[test]
fn it_does_not_drift_however_long_the_work_takes() {
    on_paused_time(|| async {
        let start = Instant::now();
        let mut ticks = interval_at(start + ms(7), ms(100));
        for n in 0..1000u64 {
            assert_eq!(ticks.tick().await, start + ms(7 + 100 * n));
            assert_eq!(Instant::now(), start + ms(7 + 100 * n), "and comes to the nanosecond");
            sleep(Duration::from_nanos(n * 99_999)).await;
        }
    });
}

#[test]
fn a_start_that_has_passed_ticks_at_once_and_one_ahead_is_awaited() {
    on_paused_time(|| async {
        let start = Instant::now();
        time::advance(ms(250)).await;
        let mut ticks = interval_at(start, ms(100));
        assert_eq!([0, 100, 200].map(|n| Poll::Ready(start + ms(n))), [(); 3].map(|()| poll(&mut ticks)));
        assert!(poll(&mut ticks).is_pending());
        assert_eq!(ticks.tick().await, start + ms(300));
        let mut ahead = interval_at(start + HOUR, ms(1));
        assert_eq!(ahead.tick().await, start + HOUR);
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_reset_moves_the_next_tick_and_those_that_follow() {
    on_paused_time(|| async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        assert_eq!(ticks.tick().await, start);
        sleep(ms(250)).await;
        // What was missed is forgotten.
        ticks.reset();
        assert_eq!(ticks.tick().await, start + ms(350));
        sleep(ms(20)).await;
        ticks.reset_immediately();
        assert_eq!(ticks.tick().await, start + ms(370));
        ticks.reset_after(ms(5));
        assert_eq!(ticks.tick().await, start + ms(375));
        ticks.reset_at(start + ms(1000));
        assert_eq!(ticks.tick().await, start + ms(1000));
        assert_eq!(ticks.tick().await, start + ms(1100));
        // While somebody waits for it, and to the past: then it has missed ticks, and catches up.
        let (count, waker) = counting();
        assert!(ticks.poll_tick(&mut Context::from_waker(&waker)).is_pending());
        ticks.reset_after(ms(1));
        time::advance(ms(1)).await;
        assert_eq!(count.get(), 1);
        assert_eq!(poll(&mut ticks), Poll::Ready(start + ms(1101)));
        ticks.reset_at(start + ms(950));
        assert_eq!([950, 1050].map(|n| Poll::Ready(start + ms(n))), [(); 2].map(|()| poll(&mut ticks)));
        assert!(poll(&mut ticks).is_pending());
    });
}

#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    on_paused_time(|| async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        ticks.tick().await;
        for _ in 0..9 {
            assert!(timeout(ms(10), ticks.tick()).await.is_err());
        }
        assert_eq!(timeout(ms(10), ticks.tick()).await, Ok(start + ms(100)));
        drop(ticks.tick());
        assert_eq!(ticks.tick().await, start + ms(200));
    });
}

#[test]
fn what_overflows_the_clock_never_comes() {
    on_paused_time(|| async {
        let start = Instant::now();
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            let mut ticks = interval(Duration::MAX);
            ticks.set_missed_tick_behavior(behavior);
            assert_eq!((ticks.period(), ticks.missed_tick_behavior()), (Duration::MAX, behavior));
            time::advance(ms(10)).await;
            assert!(ticks.tick().await >= start);
            assert!(timeout(1000 * HOUR, ticks.tick()).await.is_err());
            ticks.reset();
            ticks.reset_after(Duration::MAX);
            assert!(timeout(1000 * HOUR, ticks.tick()).await.is_err());
        }
    });
}

#[test]
fn it_is_a_stream_of_its_ticks() {
    on_paused_time(|| async {
        let start = Instant::now();
        let mut ticks = interval(HOUR);
        assert_eq!(ticks.size_hint(), (usize::MAX, None));
        assert_eq!(ticks.next().await, Some(start));
        assert!(Pin::new(&mut ticks).poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        let three: Vec<_> = ticks.take(3).map(|tick| tick.duration_since(start)).collect().await;
        assert_eq!(three, [HOUR, 2 * HOUR, 3 * HOUR]);
    });
}

#[test]
fn of_several_that_poll_for_a_tick_the_last_is_woken() {
    on_paused_time(|| async {
        let mut ticks = interval(HOUR);
        ticks.tick().await;
        let wakers = [(); 3].map(|()| counting());
        for (_, waker) in &wakers {
            assert!(ticks.poll_tick(&mut Context::from_waker(waker)).is_pending());
        }
        time::advance(HOUR).await;
        assert_eq!(wakers.map(|(count, _)| count.get()), [0, 0, 1]);
    });
}

#[test]
fn it_goes_by_the_clock_of_the_runtime_that_it_was_made_in_whoever_polls_it() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let (paused, other) = (build().start_paused(true).build().unwrap(), build().build().unwrap());
            let (start, mut ticks) = paused.block_on(async { (Instant::now(), interval(HOUR)) });
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let next = |ticks: &mut Interval| {
                let tick = driven(&paused, || other.block_on(ticks.tick()));
                tick.duration_since(start)
            };
            assert_eq!(next(&mut ticks), Duration::ZERO);
            paused.block_on(time::advance(HOUR * 5 / 2));
            // On the other clock nothing is late.
            assert_eq!([next(&mut ticks), next(&mut ticks)], [HOUR, 3 * HOUR]);
            other.block_on(async { ticks.reset() });
            assert_eq!(next(&mut ticks), 4 * HOUR);
            other.block_on(async { ticks.reset_after(2 * HOUR) });
            assert_eq!(next(&mut ticks), 6 * HOUR);
            other.block_on(async { ticks.reset_immediately() });
            assert_eq!([next(&mut ticks), next(&mut ticks)], [6 * HOUR, 7 * HOUR]);
        }
    });
}

#[test]
fn ticks_that_are_all_due_leave_room_for_other_tasks() {
    watchdog(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut ticks = interval(Duration::from_nanos(1));
            time::advance(HOUR).await;
            let ran = Arc::new(AtomicBool::new(false));
            let seen = ran.clone();
            let task = fusee::spawn(async move {
                // More ticks are due than any patience lasts for.
                while !seen.load(Ordering::SeqCst) {
                    ticks.tick().await;
                }
            });
            drop(fusee::spawn(async move { ran.store(true, Ordering::SeqCst) }));
            task.await.unwrap();
        });
    });
}

#[test]
fn on_the_machines_clock_no_tick_is_early_and_no_timer_is_left() {
    on_1_2_and_4_workers(|runtime| {
        let task = runtime.spawn(async {
            let mut ticks = interval(Duration::from_micros(300));
            let start = ticks.tick().await;
            for n in 1..=20u32 {
                let due = ticks.tick().await;
                assert_eq!(due, start + n * Duration::from_micros(300));
                assert!(Instant::now() >= due);
            }
        });
        runtime.block_on(task).unwrap();
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_period_of_zero_panics_and_says_why() {
    on_1_2_and_4_workers(|runtime| {
        let _entered = runtime.enter();
        for make in [|| interval(Duration::ZERO), || interval_at(Instant::now(), Duration::ZERO)] {
            let payload = std::panic::catch_unwind(make).expect_err("it panics");
            assert!(message(&*payload).contains("`period`"));
        }
    });
}
