//! The attribute's option, on each flavour.

use std::time::Duration;

use fusee::runtime::{Handle, RuntimeFlavor};
use fusee::time::{Instant, sleep};

use super::HOUR;

/// A thousand hours, of which a task sleeps half.
async fn hours_pass_at_once() {
    let start = Instant::now();
    let task = fusee::spawn(async move {
        sleep(500 * HOUR).await;
        start.elapsed()
    });
    sleep(1000 * HOUR).await;
    assert_eq!(start.elapsed(), 1000 * HOUR);
    assert_eq!(task.await.unwrap(), 500 * HOUR);
}

#[fusee::test(start_paused = true)]
async fn a_test_of_current_thread_flavour_starts_paused() {
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
    hours_pass_at_once().await;
}

#[fusee::test(flavor = "multi_thread", worker_threads = 2, start_paused = true)]
async fn a_test_of_multi_thread_flavour_starts_paused() {
    assert_eq!(Handle::current().metrics().num_workers(), 2);
    hours_pass_at_once().await;
}

#[fusee::test(flavor = "local", start_paused = true)]
async fn a_test_of_local_flavour_starts_paused() {
    hours_pass_at_once().await;
    let start = Instant::now();
    let task = fusee::task::spawn_local(async move {
        sleep(HOUR).await;
        start.elapsed()
    });
    assert_eq!(task.await.unwrap(), HOUR);
}

#[fusee::test(start_paused = false)]
async fn a_test_that_is_told_not_to_does_not_start_paused() {
    let start = Instant::now();
    sleep(Duration::from_millis(1)).await;
    // It has passed on the machine's clock, too.
    assert!(start.into_std().elapsed() >= Duration::from_millis(1));
    fusee::time::pause();
}
