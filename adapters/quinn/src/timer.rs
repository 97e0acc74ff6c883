//! A connection's timer: a `Sleep`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use fusee::time::{Sleep, sleep_until};
use quinn::AsyncTimer;

/// A timer of the current runtime, that expires at `deadline`.
pub(crate) fn at(deadline: Instant) -> Pin<Box<dyn AsyncTimer>> {
    Box::pin(Timer(sleep_until(deadline.into())))
}

#[derive(Debug)]
struct Timer(Sleep);

impl AsyncTimer for Timer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.0.reset(deadline.into());
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context)
    }
}
