//! The counters of timers and of the thread that fires them.

use std::time::Duration;

use fusee::task::yield_now;
use fusee::time::{Instant, Sleep, sleep};
use futures::future::join_all;

use super::support::{is_current_thread, poll_once, until};
use super::{HOUR, on_all};

#[test]
fn each_timer_waits_or_is_fired_or_cancelled() {
    on_all(|runtime| {
        let metrics = runtime.metrics();
        let counts = || {
            let (fired, cancelled) = (metrics.timers_fired_count(), metrics.timers_cancelled_count());
            (metrics.timers_registered_count(), fired, cancelled, metrics.timers_live())
        };
        let entered = runtime.enter();
        let noop = std::task::Waker::noop();
        let polled = |duration| {
            let mut pause = sleep(duration);
            assert!(poll_once(&mut pause, noop).is_pending());
            pause
        };
        let _unpolled = sleep(HOUR);
        assert!(poll_once(&mut sleep(Duration::ZERO), noop).is_ready());
        assert_eq!(counts(), (0, 0, 0, 0), "neither has to wait");
        let mut far: Vec<Sleep> = (0..10).map(|_| polled(HOUR)).collect();
        assert_eq!(counts(), (10, 0, 0, 10));
        far.truncate(6);
        assert_eq!(counts(), (10, 0, 4, 6));
        far.iter_mut().for_each(|pause| pause.reset(Instant::now()));
        until("all are fired", || metrics.timers_fired_count() == 6);
        assert_eq!(counts(), (10, 6, 4, 6), "moved they are the same timers; nobody has polled them since");
        let mut again = far.pop().unwrap();
        assert!(poll_once(&mut again, noop).is_ready());
        assert_eq!(counts(), (10, 6, 4, 5));
        drop(far);
        assert_eq!(counts(), (10, 6, 4, 0), "fired, they are not cancelled");
        again.reset(Instant::now() + HOUR);
        assert!(poll_once(&mut again, noop).is_pending());
        assert_eq!(counts(), (11, 6, 4, 1));
        drop(entered);
        drop(runtime);
        assert_eq!(counts(), (11, 6, 5, 0), "the runtime's end is the timer's");
        drop(again);
        assert_eq!(counts(), (11, 6, 5, 0));
    });
}

#[test]
fn the_driver_wakes_for_timers_alone_and_knows_when_for_nothing() {
    on_all(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(async { join_all((0..100).map(|_| fusee::spawn(yield_now()))).await });
        assert_eq!((metrics.driver_wake_count(), metrics.driver_spurious_wake_count()), (0, 0), "without a timer");
        // It goes back to sleep for each that is due before the others, unless it has not slept yet.
        let mut far = Vec::new();
        runtime.block_on(async {
            until("it woke for nothing", || {
                let mut pause = sleep(HOUR - Duration::from_secs(far.len() as u64 % 3000));
                let _ = poll_once(&mut pause, std::task::Waker::noop());
                far.push(pause);
                metrics.driver_spurious_wake_count() > 0
            });
            // One that is polled too late is over without a timer.
            while metrics.timers_fired_count() < 5 {
                sleep(Duration::from_millis(2)).await;
            }
        });
        let (fired, spurious, all) =
            (metrics.timers_fired_count(), metrics.driver_spurious_wake_count(), metrics.driver_wake_count());
        assert_eq!(fired, 5);
        // One may have been counted of which it is not known yet what it was for. A thread that works as a worker fires its own timers.
        assert!(spurious < all || is_current_thread(&runtime), "it woke for those of `block_on`");
        assert!(spurious <= all && all - spurious <= fired + 1, "{spurious} of {all}");
    });
}
