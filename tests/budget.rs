//! A task whose every await is ready at once still gives way: others run on its worker, and its runtime can shut down.

mod support;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fusee::time::{sleep, timeout};
use support::{Latch, watchdog, workers};

#[test]
fn sleeps_that_are_over_already_starve_nobody_and_hinder_no_shutdown() {
    watchdog(|| {
        let runtime = workers(1);
        let started = Latch::new();
        let tell = started.clone();
        drop(runtime.spawn(async move {
            tell.open();
            loop {
                sleep(Duration::ZERO).await;
            }
        }));
        started.wait();
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        drop(runtime);
    });
}

#[test]
fn handles_that_are_complete_already_starve_nobody_and_hinder_no_shutdown() {
    watchdog(|| {
        let runtime = workers(2);
        let started = Latch::new();
        let (tell, handle) = (started.clone(), runtime.handle().clone());
        drop(runtime.spawn(async move {
            tell.open();
            loop {
                let task = handle.spawn(async {});
                while !task.is_finished() {
                    std::thread::yield_now();
                }
                // Cancelled once the runtime has shut down: an end all the same.
                let _ = task.await;
            }
        }));
        started.wait();
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        drop(runtime);
    });
}

/// Counts the polls of what it wraps.
struct Counted<F>(Pin<Box<F>>, usize);

impl<F: Future> Future for Counted<F> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        self.1 += 1;
        let polls = self.1;
        self.0.as_mut().poll(context).map(|_| polls)
    }
}

#[test]
fn a_poll_takes_128_ready_leaves_in_a_task_and_16384_in_block_on() {
    watchdog(|| {
        let runtime = workers(1);
        let over = |sleeps| {
            let sleeps = async move {
                for _ in 0..sleeps {
                    sleep(Duration::ZERO).await;
                }
            };
            Counted(Box::pin(sleeps), 0)
        };
        assert_eq!(runtime.block_on(runtime.spawn(over(10 * 128))).unwrap(), 10);
        assert_eq!(runtime.block_on(over(3 * 16_384)), 3);
    });
}

#[test]
fn a_foreign_executor_inside_a_task_gets_further_than_the_budget() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            futures::executor::block_on(async {
                for _ in 0..1000 {
                    sleep(Duration::ZERO).await;
                }
            });
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_time_limit_ends_a_future_whose_every_await_is_ready() {
    watchdog(|| {
        let runtime = workers(1);
        let busy = || async {
            loop {
                sleep(Duration::ZERO).await;
            }
        };
        let limited = runtime.spawn(async move { timeout(Duration::from_millis(20), busy()).await });
        assert!(runtime.block_on(limited).unwrap().is_err());
        assert!(runtime.block_on(async { timeout(Duration::from_millis(20), busy()).await }).is_err());
    });
}
