//! An error at each tick without an item.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::task::coop;
use crate::time::error::Elapsed;
use crate::time::interval::Interval;

pin_project! {
    /// The stream of [`StreamExt::timeout_repeating`](super::StreamExt::timeout_repeating).
    ///
    /// After its end it is at its end for good, and the stream within is not polled.
    #[must_use = "streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct TimeoutRepeating<S> {
        #[pin]
        stream: S,
        interval: Interval,
        has_ended: bool,
    }
}

impl<S> TimeoutRepeating<S> {
    pub(super) fn new(stream: S, interval: Interval) -> Self {
        Self { stream, interval, has_ended: false }
    }
}

impl<S: Stream> Stream for TimeoutRepeating<S> {
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
                this.interval.reset();
                Some(Ok(item))
            }
            Poll::Ready(None) => {
                *this.has_ended = true;
                None
            }
            Poll::Pending => {
                ready!(this.interval.poll_timer(context));
                Some(Err(Elapsed::new()))
            }
        };
        unit.made_progress();
        Poll::Ready(answer)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.has_ended { (0, Some(0)) } else { (self.stream.size_hint().0, None) }
    }
}
