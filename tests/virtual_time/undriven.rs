//! A current-thread runtime whose worker nobody drives: its time moves for whoever waits in `block_on` for it, and only then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::task::spawn_blocking;
use fusee::time::{Instant, sleep};

use super::support::{Latch, holding, poll_once, quiet_panic, rounds, watchdog};
use super::{HOUR, paused};

#[test]
fn a_thread_that_drives_nothing_sleeps_for_an_hour() {
    watchdog(|| {
        let runtime = paused(&mut Builder::new_current_thread());
        for n in 1..=10u32 {
            let handle = runtime.handle().clone();
            let elapsed = thread::spawn(move || {
                handle.block_on(async {
                    let start = Instant::now();
                    sleep(n * HOUR).await;
                    start.elapsed()
                })
            });
            assert_eq!(elapsed.join().unwrap(), n * HOUR);
        }
    });
}

#[test]
fn a_blocking_job_sleeps_for_an_hour() {
    watchdog(|| {
        let runtime = paused(&mut Builder::new_current_thread());
        let (tell, told) = mpsc::channel();
        drop(runtime.spawn_blocking(move || {
            let start = Instant::now();
            Handle::current().block_on(sleep(HOUR));
            tell.send(start.elapsed()).unwrap();
        }));
        assert_eq!(told.recv().unwrap(), HOUR);
    });
}

#[test]
fn the_thread_that_drives_returns_before_one_that_sleeps() {
    watchdog(|| {
        for _ in 0..rounds(200) {
            let runtime = paused(&mut Builder::new_current_thread());
            let handle = runtime.handle().clone();
            let other = thread::spawn(move || {
                handle.block_on(async {
                    let start = Instant::now();
                    sleep(HOUR).await;
                    start.elapsed()
                })
            });
            // The root is ready at once, or waits for a job; the other may be before it, in it or after it.
            runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
            runtime.block_on(async {});
            assert!(other.join().unwrap() >= HOUR);
        }
    });
}

#[test]
fn time_stands_still_while_a_task_waits_for_somebody_to_drive() {
    watchdog(|| {
        let runtime = paused(&mut Builder::new_current_thread());
        // One waits in the injector, another in the worker's slot, where a task has left it that was the last to run.
        for in_slot in [false, true] {
            let (entered, slept) = (Latch::new(), Latch::new());
            let start = runtime.block_on(async { Instant::now() });
            let task = if in_slot {
                {
                    let _entered = runtime.enter();
                    runtime
                        .block_on(std::future::poll_fn(|_| Poll::Ready(fusee::spawn(async move { start.elapsed() }))))
                }
            } else {
                runtime.spawn(async move { start.elapsed() })
            };
            let (handle, enters, done) = (runtime.handle().clone(), entered.clone(), slept.clone());
            let other = thread::spawn(move || {
                handle.block_on(async {
                    enters.open();
                    sleep(HOUR).await;
                });
                done.open();
            });
            entered.wait();
            for _ in 0..1000 {
                assert!(!slept.is_open(), "the task has not run");
                thread::yield_now();
            }
            assert_eq!(runtime.block_on(task).unwrap(), Duration::ZERO);
            other.join().unwrap();
            assert_eq!(runtime.block_on(async { start.elapsed() }), HOUR);
        }
    });
}

#[test]
fn between_two_calls_of_block_on_time_stands_still() {
    watchdog(|| {
        let runtime = paused(&mut Builder::new_current_thread());
        for _ in 0..20 {
            let (start, mut pause, task) = runtime.block_on(async {
                let mut pause = sleep(HOUR);
                assert!(poll_once(&mut pause, Waker::noop()).is_pending());
                (Instant::now(), pause, fusee::spawn(sleep(2 * HOUR)))
            });
            for _ in 0..100 {
                thread::yield_now();
                assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            }
            runtime.block_on(async { assert_eq!(start.elapsed(), Duration::ZERO) });
            runtime.block_on(task).unwrap();
            assert_eq!(runtime.block_on(async { start.elapsed() }), 2 * HOUR);
        }
    });
}

/// Takes a while in its drop, and says how far the clock has moved meanwhile.
struct SlowDrop(mpsc::Sender<Duration>);

impl Drop for SlowDrop {
    fn drop(&mut self) {
        let start = Instant::now();
        (0..1000).for_each(|_| thread::yield_now());
        self.0.send(start.elapsed()).unwrap();
    }
}

#[test]
fn time_stands_still_while_a_root_future_is_dropped() {
    watchdog(|| {
        for panics in [false, true] {
            let runtime = paused(&mut Builder::new_current_thread());
            let (handle, (tell, told)) = (runtime.handle().clone(), mpsc::channel());
            let mut other = None;
            let root = holding(SlowDrop(tell), |_| {
                // In `block_on` beside the root, it waits for the time to move.
                let (handle, entered) = (handle.clone(), Latch::new());
                let enters = entered.clone();
                other = Some(thread::spawn(move || {
                    handle.block_on(async {
                        enters.open();
                        sleep(HOUR).await;
                    });
                }));
                entered.wait();
                if panics {
                    quiet_panic("a root's");
                }
                Poll::Ready(())
            });
            let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(root)));
            assert_eq!(ended.is_err(), panics);
            assert_eq!(told.recv().unwrap(), Duration::ZERO);
            other.expect("the root was polled").join().unwrap();
        }
    });
}
