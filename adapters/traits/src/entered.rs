//! A future that finds its runtime wherever it is polled.
//!
//! What a socket or a timer belongs to is the runtime that is current when it is made, which may be at any poll. Libraries poll on threads of their
//! own, too. Who calls it: `async_rs`, `hickory` and `zbus`.

use std::future::{Future, poll_fn};
use std::pin::pin;

use fusee::runtime::Handle;

/// Awaits `future`, each poll of it with the runtime of `handle` entered. No guard lives across an await: the future is `Send` if `future` is.
pub(crate) async fn entered<F: Future>(handle: Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _entered = handle.enter();
        future.as_mut().poll(context)
    })
    .await
}
