//! The clock is paused and runs on while a worker sleeps until the first of its own timers is due.

use std::time::{Duration, Instant as MachineInstant};

use fusee::runtime::Runtime;
use fusee::task::JoinHandle;
use fusee::time::{self, sleep};

use super::HOUR;
use super::support::{until, watchdog, workers};

const MOMENT: Duration = Duration::from_millis(20);

/// A runtime whose only worker sleeps until a timer of its own is due, after `duration`.
fn asleep(duration: Duration) -> (Runtime, JoinHandle<()>) {
    let runtime = workers(1);
    let sleeper = runtime.spawn(async move { sleep(duration).await });
    let metrics = runtime.metrics();
    until("the worker sleeps", || {
        metrics.timers_registered_count() == 1 && metrics.worker_park_unpark_count(0) % 2 == 1
    });
    (runtime, sleeper)
}

#[test]
fn its_time_comes_while_the_clock_is_paused() {
    watchdog(|| {
        let (runtime, sleeper) = asleep(MOMENT);
        runtime.block_on(async {
            time::pause();
            // The root is polled all the while: the runtime's clock stands, the machine's runs.
            let begun = MachineInstant::now();
            until("the worker has woken, or need not", || begun.elapsed() > 5 * MOMENT);
            time::resume();
            sleeper.await.unwrap();
        });
    });
}

#[test]
fn its_time_is_advanced_to() {
    watchdog(|| {
        let (runtime, sleeper) = asleep(HOUR);
        runtime.block_on(async {
            time::pause();
            time::advance(HOUR - MOMENT).await;
            time::resume();
            sleeper.await.unwrap();
        });
    });
}

#[test]
fn its_time_is_slept_to() {
    watchdog(|| {
        let (runtime, sleeper) = asleep(HOUR);
        runtime.block_on(async {
            time::pause();
            sleep(HOUR - MOMENT).await;
            time::resume();
            sleeper.await.unwrap();
        });
    });
}
