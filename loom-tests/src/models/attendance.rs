//! Models of `src/time/clock/attendance.rs` and `standstill.rs`: paused time beside a worker that goes from hand to hand, beside blocking jobs, and paused time
//! that nothing moves.

use std::time::Duration;

use super::blocking::wait;
use super::paused::Stirring;
use super::stage::{CountingWaker, Register};
use crate::blocking::{AtClose, Pool};
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{Arc, clock, thread};
use crate::harness::{Model, join, spawn, witness};
use crate::park::Parker;
use crate::runtime::Builder;
use crate::task::blocking::unlisted;
use crate::task::meta::Origin;
use crate::task::waker::wake_quietly;
use crate::time::clock::{Clock, WatchedRoot};
use crate::time::driver::Timers;
use crate::time::{Instant, sleep};

/// A thread in `block_on`, which drives nothing, waits for a timer while another drives the worker, or has given it back, or has yet to take it:
/// paused time moves for it.
///
/// Mutants: `attendance_by_role`.
#[test]
fn undriven_worker_paused() {
    let model = Model::new("undriven_worker_paused", 5_000).preemptions(2).branches(20_000);
    model.witnesses(&["before", "after"]).check(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let handle = runtime.handle().clone();
        let sleeping = spawn(move || {
            handle.block_on(async {
                let start = Instant::now();
                sleep(Duration::from_nanos(7)).await;
                assert_eq!(start.elapsed(), Duration::from_nanos(7));
            });
        });
        let seen = runtime.block_on(async { Instant::now() });
        sleeping.join().unwrap();
        let end = runtime.block_on(async { Instant::now() });
        witness(if seen == end { "after" } else { "before" });
    });
}

/// Everything waits for ever, on a clock that nothing moves. When the machine's time has passed the root future is told, and its thread finds that out when it
/// is woken.
///
/// Mutants: `standstill_untold`.
#[test]
fn standstill_is_told() {
    Model::new("standstill_is_told", 800).preemptions(2).branches(10_000).check(|| {
        let (root, driver) = (Parker::new(), Parker::new());
        let clock = Clock::of_runtime(true, 1, driver.unparker());
        let timers = Arc::new(Timers::new(clock, 1, driver.unparker()));
        let driving = {
            let timers = timers.clone();
            spawn(move || timers.drive(&driver, || false, || None, || None, |due| due.drain(..).for_each(wake_quietly)))
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let passes = is_over.clone();
        // The driver alone waits for a time, and anew if it was called.
        let passing = spawn(move || {
            while !passes.load(Ordering::Relaxed) {
                clock::first_deadline().into_iter().for_each(clock::advance_to);
                loom::thread::yield_now();
            }
        });
        let watched = WatchedRoot::new(timers.clock(), &Stirring::waker(&timers, &root));
        assert!(!watched.is_told(), "something is awake");
        timers.clock().rest();
        root.park();
        assert!(watched.is_told(), "woken and not told");
        drop(watched);
        timers.close();
        is_over.store(true, Ordering::Relaxed);
        join([driving, passing]);
    });
}

/// A blocking job is submitted, and its submitter waits: paused time does not move before the job has run, on a thread that has yet to start.
///
/// Mutants: `blocking_counts_late`.
#[test]
fn blocking_job_paused() {
    let model = Model::new("blocking_job_paused", 500).preemptions(1).branches(10_000);
    model.check(|| {
        let driver = Parker::new();
        let clock = Clock::of_runtime(true, 1, driver.unparker());
        let timers = Arc::new(Timers::new(clock, 1, driver.unparker()));
        let (_, counting) = CountingWaker::pair();
        let timer = timers.register(0, 7, counting).expect("the timers are open");
        let driving = {
            let timers = timers.clone();
            spawn(move || timers.drive(&driver, || false, || None, || None, |due| due.drain(..).for_each(wake_quietly)))
        };
        let pool = Arc::new(Pool::new(1, Duration::ZERO));
        let (running, counts) = (pool.clone(), timers.clone());
        let start = move |ticket| thread::Builder::new().spawn(move || running.work(ticket, counts.clock(), || ()));
        let seen = timers.clone();
        let (job, handle) = unlisted(move || seen.clock().now(), None, Origin::here());
        pool.submit(job, AtClose::Cancelled, timers.clock(), start);
        timers.clock().rest();
        assert_eq!(wait(handle).unwrap(), 0, "time moves while a job has a thread to come");
        pool.close(timers.clock(), |_| unreachable!("nothing is owed"));
        assert!(pool.wait(None));
        timers.close();
        driving.join().unwrap();
        timers.cancel(0, timer);
    });
}
