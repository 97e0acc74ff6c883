//! Time limits: what is ready wins, what is late loses, and `never` is a limit like any other.

mod support;

use std::future::{IntoFuture, Ready, pending, poll_fn, ready};
use std::io;
use std::task::Poll;
use std::time::Duration;

use fusee::task::yield_now;
use fusee::time::error::Elapsed;
use fusee::time::{Instant, sleep, timeout, timeout_at};
use futures::channel::oneshot;
use futures::future::FusedFuture;
use support::{Drops, on_every_flavour, poll_once};

#[test]
fn a_ready_future_wins_over_a_zero_limit_and_a_past_one() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            assert_eq!(timeout(Duration::ZERO, async { 42 }).await, Ok(42));
            assert_eq!(timeout_at(Instant::now(), ready(42)).await, Ok(42));
            let mut late = Box::pin(timeout(Duration::from_micros(1), ready(42)));
            let deadline = Instant::now() + Duration::from_micros(1);
            while Instant::now() < deadline {}
            assert_eq!(poll_once(&mut late, std::task::Waker::noop()), Poll::Ready(Ok(42)));
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_pending_future_loses_against_a_zero_limit_on_the_first_poll() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut limited = Box::pin(timeout(Duration::ZERO, pending::<()>()));
        assert!(poll_once(&mut limited, std::task::Waker::noop()).is_ready());
    });
}

#[test]
fn a_late_future_is_over_and_dropped_with_the_timeout() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let late = async move {
            let _token = token;
            pending::<()>().await;
        };
        let start = Instant::now();
        let error: Elapsed = runtime.block_on(async { timeout(Duration::from_millis(2), late).await }).unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(2));
        assert_eq!(drops.count(), 1);
        assert_eq!(error.to_string(), "deadline has elapsed");
        assert_eq!(format!("{error:>22}"), "  deadline has elapsed");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::TimedOut);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_limit_of_never_works() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(async {
            timeout(Duration::MAX, async {
                for _ in 0..10 {
                    yield_now().await;
                }
                timeout(Duration::MAX, sleep(Duration::from_millis(1))).await
            })
            .await
        });
        assert_eq!(runtime.block_on(task).unwrap(), Ok(Ok(())));
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn the_nearer_of_two_nested_limits_decides() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (near, far) = (Duration::from_millis(1), Duration::from_secs(3600));
            assert_eq!(timeout(far, timeout(near, pending::<()>())).await.map(|inner| inner.is_err()), Ok(true));
            assert!(timeout(near, timeout(far, pending::<()>())).await.is_err());
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_handle_under_a_limit_can_be_awaited_again() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (done, wait) = oneshot::channel();
            let mut task = fusee::spawn(async { wait.await.unwrap() });
            let mut done = Some(done);
            let mut given_up = 0;
            let output = loop {
                match timeout(Duration::from_micros(500), &mut task).await {
                    Ok(outcome) => break outcome.unwrap(),
                    Err(_) => given_up += 1,
                }
                if given_up == 10 {
                    done.take().unwrap().send(42).unwrap();
                }
            };
            assert_eq!(output, 42);
            assert!(given_up >= 10);
        });
    });
}

/// What becomes a future when it is asked to.
struct Becomes(u32);

impl IntoFuture for Becomes {
    type Output = u32;
    type IntoFuture = Ready<u32>;

    fn into_future(self) -> Ready<u32> {
        ready(self.0)
    }
}

#[test]
fn what_becomes_a_future_is_limited_like_one() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            assert_eq!(timeout(Duration::from_secs(3600), Becomes(42)).await, Ok(42));
            assert_eq!(timeout_at(Instant::now(), Becomes(43)).await, Ok(43));
            // The future and not what it was made of is within.
            let limited = timeout(Duration::from_secs(3600), Becomes(44));
            assert_eq!(limited.into_inner().into_inner(), 44);
        });
    });
}

#[test]
fn a_limit_at_a_moment_ends_the_future_then_and_not_before() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(async {
            let deadline = Instant::now() + Duration::from_millis(2);
            assert!(timeout_at(deadline, pending::<()>()).await.is_err());
            assert!(Instant::now() >= deadline);
            // Made when its time is over: the future has its one poll.
            let mut polls = 0;
            let counted = poll_fn(|_| {
                polls += 1;
                Poll::<()>::Pending
            });
            assert!(timeout_at(deadline, counted).await.is_err());
            assert_eq!(polls, 1);
            let far = Instant::now() + Duration::from_secs(3600);
            assert_eq!(timeout_at(far, sleep(Duration::from_micros(100))).await, Ok(()));
        });
        runtime.block_on(task).unwrap();
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn the_future_within_can_be_looked_at_and_taken_out_while_its_time_runs() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let (done, wait) = oneshot::channel::<()>();
        let mut limited = timeout(Duration::from_secs(3600), wait);
        assert!(poll_once(&mut limited, std::task::Waker::noop()).is_pending());
        assert!(!done.is_canceled());
        assert!(!limited.get_ref().is_terminated());
        limited.get_mut().close();
        assert!(done.is_canceled());
        assert_eq!(runtime.metrics().timers_live(), 1);
        let wait = limited.into_inner();
        assert_eq!(runtime.metrics().timers_live(), 0, "without its limit");
        assert!(runtime.block_on(wait).is_err());
    });
}

#[test]
fn the_future_within_can_be_taken_out() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut limited = timeout(Duration::from_secs(3600), ready(42));
        assert_eq!(format!("{:?}", limited.get_ref()), format!("{:?}", ready(42)));
        *limited.get_mut() = ready(43);
        assert_eq!(runtime.block_on(limited.into_inner()), 43);
    });
}
