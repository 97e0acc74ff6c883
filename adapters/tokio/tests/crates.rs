//! Crates over tokio's timers and tasks run under the bridge as they are.

mod support;

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use support::on_every_flavour;
use tokio_stream::StreamExt;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn towers_timeout_ends_what_takes_too_long() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let never = service_fn(|()| pending::<Result<(), Infallible>>());
            let error = ServiceBuilder::new().timeout(SHORT).service(never).oneshot(()).await.unwrap_err();
            assert!(error.is::<tower::timeout::error::Elapsed>());
        });
    });
}

#[test]
fn towers_rate_limit_waits_for_the_next_period() {
    on_every_flavour(|runtime| {
        let start = Instant::now();
        runtime.block_on(async {
            let echo = service_fn(|n: u32| ready(Ok::<_, Infallible>(n)));
            let mut limited = ServiceBuilder::new().rate_limit(2, SHORT).service(echo);
            for n in 0..6 {
                assert_eq!(limited.ready().await.unwrap().call(n).await.unwrap(), n);
            }
        });
        assert!(start.elapsed() >= 2 * SHORT);
    });
}

#[test]
fn towers_buffer_spawns_its_worker() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let square = service_fn(|n: u32| ready(Ok::<_, Infallible>(n * n)));
            let buffered = ServiceBuilder::new().buffer(4).service(square);
            let calls = (0..20).map(|n| fusee::spawn(buffered.clone().oneshot(n)));
            let mut sum = 0;
            for call in calls.collect::<Vec<_>>() {
                sum += call.await.unwrap().unwrap();
            }
            assert_eq!(sum, (0..20).map(|n| n * n).sum::<u32>());
        });
    });
}

#[test]
fn towers_retry_calls_again() {
    /// Three times more.
    #[derive(Clone)]
    struct Again(usize);

    impl<E> tower::retry::Policy<(), (), E> for Again {
        type Future = tokio::time::Sleep;

        fn retry(&mut self, (): &mut (), result: &mut Result<(), E>) -> Option<Self::Future> {
            self.0 = self.0.checked_sub(1).filter(|_| result.is_err())?;
            Some(tokio::time::sleep(Duration::from_millis(1)))
        }

        fn clone_request(&mut self, (): &()) -> Option<()> {
            Some(())
        }
    }

    on_every_flavour(|runtime| {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        runtime.block_on(async move {
            let fails_twice = service_fn(move |()| {
                ready(if counter.fetch_add(1, Ordering::SeqCst) < 2 { Err("no") } else { Ok(()) })
            });
            ServiceBuilder::new().retry(Again(3)).service(fails_twice).oneshot(()).await.unwrap();
        });
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_delay_queue_of_tokio_utils_yields_in_the_order_of_deadlines() {
    on_every_flavour(|runtime| {
        let order = runtime.spawn(async {
            let mut queue = tokio_util::time::DelayQueue::new();
            for delay in [9, 1, 5] {
                queue.insert(delay, Duration::from_millis(delay));
            }
            let mut order = Vec::new();
            while let Some(expired) = queue.next().await {
                order.push(expired.into_inner());
            }
            order
        });
        assert_eq!(runtime.block_on(order).unwrap(), [1, 5, 9]);
    });
}

#[test]
fn tokio_utils_sets_of_tasks_spawn_on_tokios_runtime() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let tracker = tokio_util::task::TaskTracker::new();
            let task = tracker.spawn(async { 6 * 7 });
            tracker.close();
            tracker.wait().await;
            assert_eq!(task.await.unwrap(), 42);

            let mut map = tokio_util::task::JoinMap::new();
            map.spawn("a", async { 1 });
            map.spawn("b", pending());
            assert!(map.abort("b"));
            let mut joined = [map.join_next().await.unwrap(), map.join_next().await.unwrap()];
            joined.sort_by_key(|(key, _)| *key);
            let [(_, a), (_, b)] = joined;
            assert_eq!(a.unwrap(), 1);
            assert!(b.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn tokio_streams_timeout_and_throttle_wait() {
    on_every_flavour(|runtime| {
        let start = Instant::now();
        runtime.block_on(async {
            let mut late = std::pin::pin!(tokio_stream::pending::<()>().timeout(SHORT));
            assert!(late.next().await.unwrap().is_err());
            let throttled = tokio_stream::iter([1, 2, 3]).throttle(SHORT);
            assert_eq!(throttled.collect::<Vec<_>>().await, [1, 2, 3]);
        });
        assert!(start.elapsed() >= 3 * SHORT);
    });
}

#[test]
fn backon_sleeps_between_its_tries() {
    use backon::{ConstantBuilder, Retryable};

    on_every_flavour(|runtime| {
        let tries = AtomicUsize::new(0);
        let fails_twice = || ready(if tries.fetch_add(1, Ordering::SeqCst) < 2 { Err("no") } else { Ok(()) });
        let start = Instant::now();
        runtime.block_on(fails_twice.retry(ConstantBuilder::default().with_delay(SHORT)).into_future()).unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        assert!(start.elapsed() >= 2 * SHORT);
    });
}
