//! A hundred thousand timers on a paused clock: no more work for each of them than for each of a hundred.

use std::task::Waker;
use std::time::Duration;

use fusee::task::unconstrained;
use fusee::time::{self, Instant, Sleep, sleep_until};

use super::support::poll_once;
use super::{HOUR, on_paused_runtimes};

const MANY: u64 = 100_000;

#[test]
fn a_hundred_thousand_timers_of_one_moment_or_of_as_many_come_in_a_jump_or_on_the_way() {
    on_paused_runtimes(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(unconstrained(async {
            for (apart, slept) in [(0, true), (0, false), (1000, true), (1, false)] {
                let (start, before) = (Instant::now() + HOUR, metrics.timers_fired_count());
                let mut pauses: Vec<_> =
                    (0..MANY).map(|n| sleep_until(start + Duration::from_nanos(n * apart))).collect();
                assert!(pauses.iter_mut().all(|pause| poll_once(pause, Waker::noop()).is_pending()));
                let last = start + Duration::from_nanos(MANY * apart);
                if slept {
                    sleep_until(last).await;
                } else {
                    time::advance(last.duration_since(Instant::now())).await;
                }
                assert!(pauses.iter().all(Sleep::is_elapsed));
                assert_eq!(
                    metrics.timers_fired_count() - before,
                    MANY + u64::from(slept),
                    "the test's own beside them"
                );
            }
        }));
    });
}
