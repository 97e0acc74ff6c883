//! openraft-rt's own suite for runtimes, and what it does not ask.

use std::future::pending;
use std::time::Duration;

use fusee_openraft::{FuseeInstant, FuseeRuntime};
use openraft_rt::testing::Suite;
use openraft_rt::{AsyncRuntime, Instant};

#[test]
fn it_conforms() {
    Suite::<FuseeRuntime>::test_all();
}

#[test]
fn it_conforms_with_several_workers() {
    Suite::test_all_on(&mut FuseeRuntime::new(4));
}

#[fusee::test]
async fn a_panic_is_told_from_an_abort() {
    let panicked = FuseeRuntime::spawn(async { panic!("on purpose") }).await.unwrap_err();
    assert!(FuseeRuntime::is_panic(&panicked));

    let task = FuseeRuntime::spawn(pending::<()>());
    task.abort();
    assert!(!FuseeRuntime::is_panic(&task.await.unwrap_err()));
}

#[fusee::test(start_paused = true)]
async fn timers_go_by_a_paused_clock() {
    let (hour, start) = (Duration::from_secs(3600), FuseeInstant::now());
    FuseeRuntime::sleep(hour).await;
    assert_eq!(start.elapsed(), hour);
    FuseeRuntime::sleep_until(start + 2 * hour).await;
    assert!(FuseeRuntime::timeout(hour, pending::<()>()).await.is_err());
    assert!(FuseeRuntime::timeout_at(start + 4 * hour, pending::<()>()).await.is_err());
    assert_eq!(start.elapsed(), 4 * hour);
}

#[fusee::test]
async fn blocking_work_runs_on_another_thread_and_its_panic_is_an_error() {
    let here = std::thread::current().id();
    assert_ne!(FuseeRuntime::spawn_blocking(|| std::thread::current().id()).await.unwrap(), here);
    assert!(FuseeRuntime::spawn_blocking(|| panic!("on purpose")).await.is_err());
}
