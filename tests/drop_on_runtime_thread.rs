//! What blocks does not block the threads of a runtime: dropping another runtime there, or `block_on` in a waker that the driver calls.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use fusee::time::sleep;
use futures::executor;
use support::wakers::calling;
use support::{message, poll_once, watchdog, workers};

/// When the driver is to call a waker. Not at once: a reset to what has passed calls it on its own thread.
const SOON: Duration = Duration::from_millis(20);

#[test]
fn two_runtimes_that_own_each_other_both_end() {
    watchdog(|| {
        for _ in 0..50 {
            let (one, two) = (workers(1), workers(1));
            let (one_handle, two_handle) = (one.handle().clone(), two.handle().clone());
            let barrier = Arc::new(Barrier::new(2));
            let other = barrier.clone();
            let first = one_handle.spawn(async move {
                barrier.wait();
                drop(two);
            });
            let second = two_handle.spawn(async move {
                other.wait();
                drop(one);
            });
            executor::block_on(first).unwrap();
            executor::block_on(second).unwrap();
        }
    });
}

#[test]
fn two_runtimes_whose_timers_wake_the_drop_of_the_other_both_end() {
    watchdog(|| {
        for _ in 0..50 {
            let (one, two) = (workers(1), workers(1));
            let (one_handle, two_handle) = (one.handle().clone(), two.handle().clone());
            let barrier = Arc::new(Barrier::new(2));
            let (done, wait) = mpsc::channel();
            let mut sleeps = Vec::new();
            for (handle, owned) in [(one_handle, two), (two_handle, one)] {
                let _entered = handle.enter();
                let (barrier, done) = (barrier.clone(), done.clone());
                let mut pause = sleep(Duration::from_secs(3600));
                let waker = calling(move || {
                    barrier.wait();
                    drop(owned);
                    done.send(()).unwrap();
                });
                assert!(poll_once(&mut pause, &waker).is_pending());
                sleeps.push(pause);
            }
            let soon = fusee::time::Instant::now() + SOON;
            sleeps.iter_mut().for_each(|pause| pause.reset(soon));
            wait.recv().unwrap();
            wait.recv().unwrap();
        }
    });
}

#[test]
fn block_on_in_a_waker_that_the_driver_calls_panics_and_names_the_way_out() {
    watchdog(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let _entered = runtime.enter();
        let (tell, told) = mpsc::channel();
        let waker = calling(move || {
            let outcome =
                catch_unwind(AssertUnwindSafe(|| handle.block_on(async { sleep(Duration::from_millis(1)).await })));
            tell.send(message(&*outcome.unwrap_err()).to_owned()).unwrap();
        });
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, &waker).is_pending());
        pause.reset(fusee::time::Instant::now() + SOON);
        assert!(told.recv().unwrap().contains("`block_on`"));
    });
}
