//! Futures that spend the budget for the future within, or keep it from being limited. Polled by whoever polls them, on that thread.
//!
//! Deliberately not here: the budget itself (`grant.rs`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::grant::Grant;
use super::poll_proceed;

/// Makes `future` spend a unit of the budget when it becomes ready, and give way when there is none: for leaf futures of other
/// crates, which know of no budget.
///
/// A future that awaits leaves of this crate spends for them already.
///
/// # Cancel safety
/// As the future's.
///
/// ```
/// use fusee::task::coop::cooperative;
/// use futures::StreamExt;
/// use futures::channel::mpsc;
///
/// fusee::runtime::block_on(async {
///     let (sender, mut receiver) = mpsc::unbounded();
///     sender.unbounded_send(42).unwrap();
///     assert_eq!(cooperative(receiver.next()).await, Some(42));
/// });
/// ```
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

pin_project! {
    /// The future of [`cooperative`].
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Coop<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let unit = ready!(poll_proceed(context));
        let output = ready!(self.project().future.poll(context));
        unit.made_progress();
        Poll::Ready(output)
    }
}

/// Lets `future` take as many ready leaves in one poll as it likes: it is never made to give way. Whoever uses it sees to it that
/// the others of the worker still get their turn.
///
/// What it takes is not charged to the task's budget.
///
/// # Cancel safety
/// As the future's.
///
/// ```
/// use fusee::task::coop::{consume_budget, has_budget_remaining, unconstrained};
///
/// fusee::runtime::block_on(unconstrained(async {
///     for _ in 0..1_000_000 {
///         consume_budget().await;
///     }
///     assert!(has_budget_remaining());
/// }));
/// ```
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// The future of [`unconstrained`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _unlimited = Grant::unlimited();
        self.project().future.poll(context)
    }
}

impl<F> fmt::Debug for Unconstrained<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unconstrained").finish_non_exhaustive()
    }
}
