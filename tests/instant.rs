//! Moments: those of the standard library's clock, with an arithmetic that saturates where a difference would be negative.

mod support;

use std::panic::catch_unwind;
use std::time::Duration;

use fusee::time::{Instant, sleep_until};
use support::{on_every_flavour, until};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn now_never_goes_back_and_is_the_machines_now_inside_a_runtime_and_outside() {
    let now_is_the_machines = || {
        let (before, now, after) = (std::time::Instant::now(), Instant::now(), std::time::Instant::now());
        // A runtime's clock counts nanoseconds from its start: as many as the machine's.
        assert!(before <= now.into_std() && now.into_std() <= after);
        now
    };
    let outside = now_is_the_machines();
    on_every_flavour(move |runtime| {
        let inside = runtime.block_on(async { now_is_the_machines() });
        assert!(outside <= inside);
        let task = runtime.spawn(async move {
            let mut last = inside;
            for _ in 0..1000 {
                let now = now_is_the_machines();
                assert!(last <= now);
                last = now;
            }
            last
        });
        let last = runtime.block_on(task).unwrap();
        assert!(now_is_the_machines() >= last);
    });
}

#[test]
fn it_comes_from_the_standard_librarys_instant_and_goes_back() {
    let std = std::time::Instant::now();
    let instant = Instant::from_std(std);
    assert_eq!(instant.into_std(), std);
    assert_eq!(Instant::from(std), instant);
    assert_eq!(std::time::Instant::from(instant), std);
    // Deadlines of the standard library's clock are good for sleeps.
    on_every_flavour(|runtime| {
        let deadline = std::time::Instant::now() + Duration::from_millis(2);
        runtime.block_on(async move { sleep_until(deadline.into()).await });
        assert!(std::time::Instant::now() >= deadline);
    });
}

#[test]
fn what_lies_ahead_is_no_time_ago() {
    let early = Instant::now();
    let late = early + SECOND;
    assert_eq!(late.duration_since(early), SECOND);
    assert_eq!(late - early, SECOND);
    assert_eq!(late.saturating_duration_since(early), SECOND);
    assert_eq!(late.checked_duration_since(early), Some(SECOND));
    assert_eq!(early.duration_since(late), Duration::ZERO);
    assert_eq!(early - late, Duration::ZERO);
    assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
    assert_eq!(early.checked_duration_since(late), None);
    assert_eq!(early.checked_duration_since(early), Some(Duration::ZERO));
    let ahead = Instant::now() + 3600 * SECOND;
    assert_eq!(ahead.elapsed(), Duration::ZERO);
    let start = Instant::now();
    until("time has passed", || start.elapsed() > Duration::ZERO);
}

#[test]
fn sums_and_differences_are_exact_and_those_that_no_clock_tells_are_refused() {
    let start = Instant::now();
    let step = Duration::new(3, 999_999_999);
    assert_eq!(start + step - step, start);
    let mut moved = start;
    moved += step;
    assert_eq!((moved, moved - start), (start + step, step));
    moved -= step;
    assert_eq!(moved, start);
    assert!(start < start + Duration::from_nanos(1));
    assert_eq!(start.checked_add(step), Some(start + step));
    assert_eq!((start + step).checked_sub(step), Some(start));
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert_eq!(start.checked_sub(Duration::MAX), None);
    assert!(catch_unwind(|| start + Duration::MAX).is_err());
    assert!(catch_unwind(|| start - Duration::MAX).is_err());
}
