//! Giving way: the budget that keeps a task whose awaits are all ready at once from holding its worker for ever.
//!
//! Each poll of a task is granted 128 units. A leaf future of this crate, such as [`Sleep`](crate::time::Sleep),
//! [`JoinHandle`](super::JoinHandle) or [`JoinSet::join_next`](super::JoinSet::join_next), spends one whenever it is ready. Once they
//! are spent it answers pending, though it may be ready, and wakes its task: the other tasks of the worker run, then the task goes on
//! with a new budget. A poll of `block_on`'s future is granted more where nobody waits behind it: where its thread does not run a
//! current-thread runtime's tasks beside it. Outside a runtime's polls there is no limit.
//!
//! - A loop that computes calls [`consume_budget`] on each turn.
//! - The author of a leaf of another crate wraps it in [`cooperative`], or asks [`poll_proceed`] first.
//! - A future that must never be made to give way is wrapped in [`unconstrained`].
//! - A combinator asks [`has_budget_remaining`] whether a pending answer may be a refusal.
//!
//! A future that is polled on by a foreign executor within the same poll is granted 128 units anew after as many refusals: it is slowed down, not
//! stopped.

// `grant.rs` holds the budget; here and in `adapters.rs` is what users call, on the thread that polls. Checked by `tests/budget.rs`.

mod adapters;
mod grant;

pub use adapters::{Coop, Unconstrained, cooperative, unconstrained};
pub(crate) use grant::{Grant, poll_leaf};

use std::cell::Cell;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::task::{Context, Poll, ready};

/// Whether the poll that runs has budget left. True outside a runtime's polls.
///
/// A combinator that polls one future after another sees by it that the first has spent the budget, and that the second would be
/// refused whether it is ready or not. [`timeout`](crate::time::timeout()) then looks at the time all the same.
///
/// ```
/// use fusee::task::coop;
///
/// fusee::runtime::block_on(async {
///     let task = fusee::spawn(async {
///         let mut turns = 0;
///         while coop::has_budget_remaining() {
///             coop::consume_budget().await;
///             turns += 1;
///         }
///         turns
///     });
///     assert_eq!(task.await.unwrap(), 128);
/// });
/// ```
pub fn has_budget_remaining() -> bool {
    grant::has_any()
}

/// Spends one unit of the budget, and gives way to other tasks if none was left.
///
/// # Cancel safety
/// Safe: dropping it does nothing.
///
/// ```
/// async fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
///     let mut sum = 0;
///     for number in numbers {
///         sum += number;
///         fusee::task::coop::consume_budget().await;
///     }
///     sum
/// }
///
/// assert_eq!(fusee::runtime::block_on(sum(1..=1000)), 500_500);
/// ```
pub async fn consume_budget() {
    poll_fn(|context| {
        ready!(poll_proceed(context)).made_progress();
        Poll::Ready(())
    })
    .await;
}

/// Spends one unit of the budget, before a leaf future looks whether it is ready.
///
/// Pending if none is left: the waker of `context` has been woken then, and the leaf answers pending without looking. Otherwise the
/// unit is given back when the answer is dropped, unless [`RestoreOnPending::made_progress`] says that the leaf was ready.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll, ready};
///
/// use fusee::task::coop;
/// use futures::channel::mpsc::UnboundedReceiver;
/// use futures::stream::{Stream, StreamExt};
///
/// /// Messages, of which each takes a unit.
/// struct Messages<T>(UnboundedReceiver<T>);
///
/// impl<T> Stream for Messages<T> {
///     type Item = T;
///
///     fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
///         let unit = ready!(coop::poll_proceed(context));
///         let message = ready!(self.0.poll_next_unpin(context));
///         unit.made_progress();
///         Poll::Ready(message)
///     }
/// }
///
/// let (sender, receiver) = futures::channel::mpsc::unbounded();
/// (0..1000).for_each(|n| sender.unbounded_send(n).unwrap());
/// drop(sender);
/// fusee::runtime::block_on(async {
///     assert_eq!(fusee::spawn(Messages(receiver).count()).await.unwrap(), 1000);
/// });
/// ```
pub fn poll_proceed(context: &mut Context<'_>) -> Poll<RestoreOnPending> {
    match grant::spend(context) {
        Some(owed) => Poll::Ready(RestoreOnPending { owed: Cell::new(owed), thread: PhantomData }),
        None => Poll::Pending,
    }
}

/// A unit of the budget, spent in advance; see [`poll_proceed`]. Dropping it gives the unit back, unless
/// [`made_progress`](Self::made_progress) was called.
#[must_use = "the unit is given back as soon as this is dropped"]
#[derive(Debug)]
pub struct RestoreOnPending {
    owed: Cell<bool>,
    /// The budget is the thread's.
    thread: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// Says that the leaf was ready: the unit stays spent.
    pub fn made_progress(&self) {
        self.owed.set(false);
    }
}

impl Drop for RestoreOnPending {
    fn drop(&mut self) {
        if self.owed.get() {
            grant::give_back();
        }
    }
}
