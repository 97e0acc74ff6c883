//! A runtime whose tasks all sleep costs no CPU: no thread of it wakes until the first of them is due.
//!
//! One test alone, for it measures the CPU time of the whole process.

mod support;

use std::time::{Duration, Instant};

use fusee::time::sleep;
use support::proc::cpu_time;
use support::{until, watchdog, workers};

const MOST: Duration = Duration::from_millis(20);

#[test]
fn a_thousand_sleeping_tasks_cost_nothing_for_a_second() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let metrics = runtime.metrics();
            let tasks: Vec<_> = (0..1000)
                .map(|n| runtime.spawn(async move { sleep(Duration::from_millis(10_000 + n)).await }))
                .collect();
            until("all sleep", || metrics.timers_live() == 1000);
            let wakes = || (0..count).map(|worker| metrics.worker_park_count(worker)).sum::<u64>();
            // The workers park after a last look around; then nothing happens.
            let mut parked = wakes();
            until("the workers have parked", || {
                // tidy: real time, because only time shows that a worker stays parked.
                std::thread::sleep(Duration::from_millis(5));
                std::mem::replace(&mut parked, wakes()) == parked
            });
            let (start, spent, parks, fired) = (Instant::now(), cpu_time(), wakes(), metrics.driver_wake_count());
            // tidy: real time, because what is measured is what happens while it passes.
            std::thread::sleep(Duration::from_secs(1) / 3);
            let spent = cpu_time() - spent;
            assert!(spent <= MOST, "{count} workers: {spent:?} of CPU time in {:?}", start.elapsed());
            // A worker may have been on its way to its last park.
            assert!(wakes() - parks <= 2 * count as u64, "the workers sleep on");
            assert!(metrics.driver_wake_count() - fired <= 4, "the driver is tickless");
            drop(runtime);
            assert!(tasks.iter().all(fusee::task::JoinHandle::is_finished));
        }
    });
}
