//! Readiness, which is a guess: an event may be in some thread's hands, and be told after what it tells of is gone.
//!
//! So a source may be told to be ready again right after an operation has found that it would block, if events have come for it before. A test that says *now it is not
//! ready* waits first until those [are told](all_events_told).

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use fusee::net::UnixStream;

/// Whether `future` waits, polled once.
pub(crate) async fn waits<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

/// Returns once all events have been told that the kernel had of sources of this runtime before: it tells them in the order in which they came, to one thread at a time.
///
/// An end of a Unix socket or a pipe has its event when the call at the other end returns. What comes over TCP and UDP has it later, if the kernel is busy.
pub(crate) async fn all_events_told() {
    let (near, far) = UnixStream::pair().expect("a pair");
    drop(near);
    far.readable().await.expect("its end");
}
