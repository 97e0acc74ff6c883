//! A set as a stream of what its tasks come to.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::JoinSet;
use crate::task::JoinError;

/// Joins the tasks in the order in which they complete, as [`JoinSet::join_next`] does.
///
/// It ends when the set is empty, and goes on when that is filled again.
///
/// ```
/// use fusee::task::JoinSet;
/// use futures::TryStreamExt;
///
/// fusee::runtime::block_on(async {
///     let set: JoinSet<_> = (1..=10).map(|n| async move { n * n }).collect();
///     let squares: Vec<_> = set.try_collect().await.unwrap();
///     assert_eq!(squares.iter().sum::<i32>(), 385);
/// });
/// ```
impl<T: 'static> Stream for JoinSet<T> {
    type Item = Result<T, JoinError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_join_next(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}
