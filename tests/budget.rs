//! A task whose every await is ready at once still gives way: others run on its worker, and its runtime can shut down.

mod support;

use std::time::Duration;

use fusee::time::sleep;
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
