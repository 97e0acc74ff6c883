//! Giving way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets other tasks run: the task goes to the back of its worker's queue, behind every task that waits there already.
///
/// # Cancel safety
/// Safe: dropping it does nothing.
///
/// ```
/// fusee::runtime::block_on(async {
///     let other = fusee::spawn(async { "ran" });
///     while !other.is_finished() {
///         fusee::task::yield_now().await;
///     }
///     assert_eq!(other.await.unwrap(), "ran");
/// });
/// ```
pub async fn yield_now() {
    YieldNow { yielded: false }.await;
}

struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
