//! Paused time that nothing can move any more: whoever waits for it is told, and by what the wait could be ended.
//!
//! All cases wait side by side, for the machine's time has to pass before anybody is told.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task;
use fusee::time::{self, Instant, sleep, timeout};
use futures::channel::oneshot;

use super::support::{message, watchdog};
use super::{HOUR, paused};

/// What a wait on a runtime of its own is told, by the panic of its `block_on`.
fn told(runtime: &Runtime, wait: impl FnOnce(&Runtime)) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| wait(runtime))).expect_err("the wait never ends");
    let text = message(&*payload).to_owned();
    assert!(text.contains("nothing can move the clock"), "{text}");
    // The runtime can be used on.
    assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    text
}

/// The place of a call of this in this file.
#[track_caller]
fn here() -> String {
    let place = std::panic::Location::caller();
    format!("{}:{}:", place.file(), place.line())
}

fn tasks_that_wait_are_named(build: fn() -> Builder) {
    let runtime = paused(build().worker_threads(2));
    let (mut spawned_at, mut named_at) = (String::new(), String::new());
    let text = told(&runtime, |runtime| {
        runtime.block_on(async {
            sleep(HOUR).await;
            #[rustfmt::skip]
            let waits = { spawned_at = here(); fusee::spawn(pending::<()>()) };
            #[rustfmt::skip]
            let named = { named_at = here(); task::Builder::new().name("the one").spawn(pending::<()>()).unwrap() };
            waits.await.unwrap();
            named.await.unwrap();
        });
    });
    assert!(text.contains("wait 2 tasks"), "{text}");
    assert!(text.contains(&format!(", spawned at {spawned_at}")), "{text}");
    assert!(text.contains(&format!(" \"the one\", spawned at {named_at}")), "{text}");
}

fn what_overflows_the_clock_is_told() {
    let runtime = paused(&mut Builder::new_current_thread());
    let text = told(&runtime, |runtime| runtime.block_on(async { sleep(Duration::MAX).await }));
    assert!(text.contains("No task that has been polled waits"), "{text}");
}

fn a_limit_that_overflows_the_clock_is_told() {
    let runtime = paused(&mut Builder::new_current_thread());
    told(&runtime, |runtime| runtime.block_on(async { drop(timeout(Duration::MAX, pending::<()>()).await) }));
}

fn a_thread_beside_a_worker_that_nobody_drives_is_told() {
    let runtime = paused(&mut Builder::new_current_thread());
    told(&runtime, |runtime| runtime.handle().block_on(pending::<()>()));
}

fn a_thread_beside_a_task_that_nobody_runs_is_told() {
    let runtime = paused(&mut Builder::new_current_thread());
    let task = runtime.spawn(async { 42 });
    let text = told(&runtime, |runtime| runtime.handle().block_on(async { drop(timeout(HOUR, task).await) }));
    assert!(text.contains("call `Runtime::block_on`"), "{text}");
}

fn many_tasks_are_counted() {
    let runtime = paused(Builder::new_multi_thread().worker_threads(1));
    let text = told(&runtime, |runtime| {
        runtime.block_on(async {
            (0..100).for_each(|_| drop(fusee::spawn(pending::<()>())));
            pending::<()>().await;
        });
    });
    assert!(text.contains("wait 100 tasks") && text.ends_with("and 80 more"), "{text}");
    assert_eq!(text.lines().count(), 22, "{text}");
}

/// Two wait for an answer from outside, the one that holds the clock first: only the other is told.
fn who_holds_the_clock_is_not_told() {
    let (held, waits) = (paused(&mut Builder::new_current_thread()), paused(&mut Builder::new_current_thread()));
    let (answer, answered) = oneshot::channel();
    let (tell, holds) = mpsc::channel();
    let holding = thread::spawn(move || {
        held.block_on(async {
            let start = Instant::now();
            let hold = time::hold();
            tell.send(()).unwrap();
            let answer = timeout(HOUR, answered).await;
            drop(hold);
            assert_eq!((answer, start.elapsed()), (Ok(Ok(42)), Duration::ZERO));
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
        });
    });
    holds.recv().unwrap();
    told(&waits, |runtime| runtime.block_on(pending::<()>()));
    answer.send(42).unwrap();
    holding.join().unwrap();
}

/// A job that waits is told, and ends; so whoever waits for the job is told nothing, and goes on.
fn a_blocking_job_is_told() {
    let runtime = paused(Builder::new_multi_thread().worker_threads(1));
    let text = told(&runtime, |runtime| {
        let job = runtime.spawn_blocking(|| Handle::current().block_on(pending::<()>()));
        let error =
            thread::scope(|scope| scope.spawn(|| futures::executor::block_on(job)).join().unwrap()).unwrap_err();
        std::panic::resume_unwind(error.into_panic());
    });
    assert!(text.contains("No task that has been polled waits"), "{text}");
}

#[test]
fn whoever_waits_for_ever_is_told() {
    watchdog(|| {
        let cases: [fn(); 9] = [
            || tasks_that_wait_are_named(Builder::new_multi_thread),
            || tasks_that_wait_are_named(Builder::new_current_thread),
            what_overflows_the_clock_is_told,
            a_limit_that_overflows_the_clock_is_told,
            a_thread_beside_a_worker_that_nobody_drives_is_told,
            a_thread_beside_a_task_that_nobody_runs_is_told,
            many_tasks_are_counted,
            who_holds_the_clock_is_not_told,
            a_blocking_job_is_told,
        ];
        thread::scope(|scope| cases.map(|case| scope.spawn(case)).map(|case| case.join().unwrap()));
    });
}
