//! The end of time: what is due at the last nanosecond that a clock shows comes then, and what is due later never comes.

use std::future::pending;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusee::time::{self, Instant, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until, timeout};

use super::support::poll_once;
use super::support::wakers::counting;
use super::{HOUR, on_paused_runtimes};

/// From a runtime's start; its clock counts nanoseconds in a `u64`, and the last of them is none that comes.
const END: Duration = Duration::from_nanos(u64::MAX - 1);
const NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn a_deadline_at_the_end_of_time_comes_and_one_past_it_never_does() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let (count, waker) = counting();
            let polled = |mut pause: Sleep| {
                assert!(poll_once(&mut pause, &waker).is_pending());
                pause
            };
            let mut moved = polled(sleep_until(start + END));
            moved.reset(start + END + NANOSECOND);
            let past = start + END + 2 * NANOSECOND;
            let mut never = vec![moved, polled(sleep_until(start + END + NANOSECOND)), polled(sleep_until(past))];
            never.extend([Duration::MAX, Duration::from_secs(u64::MAX / 4), 2 * END].map(|span| polled(sleep(span))));
            let last = polled(sleep_until(start + END));
            // On the way there time stops where it is told to.
            sleep_until(start + END / 2).await;
            never.push(polled(sleep(Duration::MAX)));
            never.push(polled(sleep(END)));
            sleep_until(start + END - NANOSECOND).await;
            assert_eq!((start.elapsed(), count.get()), (END - NANOSECOND, 0));
            sleep_until(start + END).await;
            assert_eq!((start.elapsed(), count.get()), (END, 1));
            assert!(last.is_elapsed());
            // At the end of time what is due now comes, and nothing else.
            sleep(Duration::ZERO).await;
            time::advance(Duration::ZERO).await;
            never.push(polled(sleep(NANOSECOND)));
            fusee::task::yield_now().await;
            assert!(never.iter_mut().all(|pause| poll_once(pause, &waker).is_pending() && !pause.is_elapsed()));
            assert_eq!((start.elapsed(), count.get(), runtime.metrics().timers_live()), (END, 1, never.len() + 1));
            never[0].reset(Instant::now());
            assert!(poll_once(&mut never[0], &waker).is_ready());
        });
    });
}

#[test]
fn what_overflows_the_clock_comes_not_even_in_centuries() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let century = 100 * 365 * 24 * HOUR;
            let mut limited = Box::pin(timeout(Duration::MAX, pending::<()>()));
            assert!(poll_once(&mut limited, Waker::noop()).is_pending());
            let mut pause = sleep(Duration::MAX);
            let ticks = [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip];
            let mut ticks = ticks.map(|behavior| {
                let mut ticks = interval(Duration::MAX);
                ticks.set_missed_tick_behavior(behavior);
                ticks
            });
            let tick = |ticks: &mut time::Interval| ticks.poll_tick(&mut Context::from_waker(Waker::noop()));
            assert!(ticks.iter_mut().all(|ticks| tick(ticks) == Poll::Ready(start)));
            let mut reset = interval(HOUR);
            reset.reset_after(Duration::MAX);
            // From a start that is itself long past, too.
            let mut past = start.checked_sub(century).map(|start| interval_at(start, Duration::MAX));
            assert!(past.iter_mut().all(|ticks| tick(ticks).is_ready()));
            assert!(timeout(5 * century, &mut pause).await.is_err());
            time::advance(century * 4 / 5).await;
            assert_eq!(start.elapsed(), century * 29 / 5);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            assert!(poll_once(&mut limited, Waker::noop()).is_pending());
            assert!(ticks.iter_mut().chain([&mut reset]).chain(past.as_mut()).all(|ticks| tick(ticks).is_pending()));
        });
    });
}

#[test]
fn an_interval_ticks_until_the_end_of_time_and_no_further() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut ticks = interval(END / 5);
            for n in 0..=5 {
                assert_eq!(ticks.tick().await, start + n * (END / 5));
                assert_eq!(start.elapsed(), n * (END / 5));
            }
            assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_pending());
            time::advance(END - start.elapsed()).await;
            assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_pending());
        });
    });
}
