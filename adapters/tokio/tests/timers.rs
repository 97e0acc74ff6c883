//! tokio's own timers in tasks of fusee's.
use std::time::Duration;
use fusee::runtime::Builder;
use fusee_tokio::BuilderExt;

#[test]
fn a_sleep_of_tokios_ends_in_a_task() {
    let runtime = Builder::new_multi_thread().worker_threads(2).with_tokio().unwrap().build().unwrap();
    runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        fusee::spawn(tokio::time::sleep(Duration::from_millis(5))).await.unwrap();
    });
}
