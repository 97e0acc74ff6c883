//! Crates that ask for no runtime run without the bridge.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusee::runtime::Builder;
use fusee::task::JoinSet;

#[test]
fn moka_computes_a_value_once_for_all_who_wait() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let computed = Arc::new(AtomicUsize::new(0));
    let cache = moka::future::Cache::new(10);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let (cache, computed) = (cache.clone(), computed.clone());
            tasks.spawn(async move {
                let compute = async {
                    fusee::task::yield_now().await;
                    computed.fetch_add(1, Ordering::SeqCst) + 7
                };
                assert_eq!(cache.get_with("key", compute).await, 7);
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!(computed.load(Ordering::SeqCst), 1);
}

#[test]
fn governor_waits_for_its_quota() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let quota = governor::Quota::per_second(NonZeroU32::new(200).unwrap()).allow_burst(NonZeroU32::MIN);
    let limiter = governor::RateLimiter::direct(quota);
    let start = std::time::Instant::now();
    runtime.block_on(async {
        for _ in 0..3 {
            limiter.until_ready().await;
        }
    });
    // Two waits of five milliseconds, less what a clock rounds.
    assert!(start.elapsed() >= std::time::Duration::from_millis(9));
}
