//! Giving up on a future when its time is over.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::error::Elapsed;
use super::instant::Instant;
use super::sleep::{Sleep, sleep, sleep_until};
use crate::task::coop;

/// Runs `future` for no longer than `duration`.
///
/// The future is polled before the time is looked at, so one that is ready at once wins even over a zero duration. If it is pending, the time is looked at
/// after its poll: one that has blocked its thread beyond the deadline, and is pending then, is late, even if its next poll would be ready.
///
/// # Errors
/// [`Elapsed`], when the time is over first. The future is dropped with the [`Timeout`]. `Elapsed` becomes a [`std::io::Error`] of the kind
/// [`TimedOut`](std::io::ErrorKind::TimedOut), so that `timeout(limit, TcpStream::connect(address)).await??` works in a function that answers an `io::Result`.
///
/// # Cancel safety
/// As the future's.
///
/// # Panics
/// As [`sleep`].
///
/// ```
/// use fusee::time::{Duration, timeout};
///
/// fusee::runtime::block_on(async {
///     assert_eq!(timeout(Duration::from_secs(1), async { 42 }).await, Ok(42));
///     assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), sleep: sleep(duration) }
}

/// Runs `future` for no longer than until `deadline`; else as [`timeout`].
///
/// ```
/// use fusee::time::{Duration, Instant, timeout_at};
///
/// fusee::runtime::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(1);
///     assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), sleep: sleep_until(deadline) }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future within.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future within.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future within, free of its time limit.
    ///
    /// ```
    /// use fusee::time::{Duration, timeout};
    ///
    /// fusee::runtime::block_on(async {
    ///     let limited = timeout(Duration::from_millis(1), async { 42 });
    ///     assert_eq!(limited.into_inner().await, 42);
    /// });
    /// ```
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let timeout = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = timeout.future.poll(context) {
            return Poll::Ready(Ok(output));
        }
        // A future that spends the whole budget in each poll would else have its own time limit refused for ever.
        let spent_within = had_budget && !coop::has_budget_remaining();
        let over = if spent_within { timeout.sleep.poll_timer(context) } else { Pin::new(timeout.sleep).poll(context) };
        over.map(|()| Err(Elapsed::new()))
    }
}
