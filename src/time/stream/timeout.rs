//! One error for each item that is late.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::task::coop;
use crate::time::error::Elapsed;
use crate::time::sleep::{Sleep, sleep};

pin_project! {
    /// The stream of [`StreamExt::timeout`](super::StreamExt::timeout).
    ///
    /// After its end it is at its end for good, and the stream within is not polled.
    #[must_use = "streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct Timeout<S> {
        #[pin]
        stream: S,
        duration: Duration,
        sleep: Sleep,
        // Whether an error is yet to come before the next item.
        is_running: bool,
        has_ended: bool,
    }
}

impl<S> Timeout<S> {
    #[track_caller]
    pub(super) fn new(stream: S, duration: Duration) -> Self {
        Self { stream, duration, sleep: sleep(duration), is_running: true, has_ended: false }
    }
}

impl<S: Stream> Stream for Timeout<S> {
    type Item = Result<S::Item, Elapsed>;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.has_ended {
            return Poll::Ready(None);
        }
        let unit = ready!(coop::poll_proceed(context));
        let answer = match this.stream.poll_next(context) {
            Poll::Ready(Some(item)) => {
                this.sleep.reset(this.sleep.now().plus(*this.duration));
                *this.is_running = true;
                Some(Ok(item))
            }
            Poll::Ready(None) => {
                *this.has_ended = true;
                None
            }
            Poll::Pending if *this.is_running => {
                ready!(this.sleep.poll_timer(context));
                *this.is_running = false;
                Some(Err(Elapsed::new()))
            }
            Poll::Pending => return Poll::Pending,
        };
        unit.made_progress();
        Poll::Ready(answer)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.has_ended { (0, Some(0)) } else { super::with_errors_between(self.stream.size_hint()) }
    }
}
