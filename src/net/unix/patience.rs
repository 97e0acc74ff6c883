//! How something is waited for that no event tells of: a while, and longer each time.
//!
//! Who calls it: `connecting.rs` and `datagram/sending_to.rs`, on any thread.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use crate::reactor::gone;
use crate::runtime::Handle;
use crate::time::sleep;

/// How long is waited next.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    const LEAST: Duration = Duration::from_millis(1);
    pub(super) const MOST: Duration = Duration::from_millis(50);

    pub(super) fn new() -> Self {
        Self(Self::LEAST)
    }

    /// How long this time.
    pub(super) fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = Self::MOST.min(2 * now);
        now
    }

    /// Awaits `future`, but no longer than this time: `None` after that. The clock is that of the runtime `handle`.
    ///
    /// # Errors
    /// That runtime is gone.
    pub(super) async fn wait_for<F: Future>(&mut self, handle: &Handle, future: F) -> io::Result<Option<F::Output>> {
        let (mut future, mut pause) = (pin!(future), None);
        poll_fn(|context| {
            if let Poll::Ready(answer) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(Some(answer)));
            }
            let pause = pause.get_or_insert_with(|| {
                let _entered = handle.enter();
                sleep(self.next())
            });
            Poll::Ready(if ready!(pause.poll_over(context)) { Ok(None) } else { Err(gone()) })
        })
        .await
    }
}
