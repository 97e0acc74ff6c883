//! A pause after each item.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::task::coop;
use crate::time::sleep::{Sleep, sleep};

pin_project! {
    /// The stream of [`StreamExt::throttle`](super::StreamExt::throttle).
    #[must_use = "streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct Throttle<S> {
        #[pin]
        stream: S,
        duration: Duration,
        // Ends when the stream may be polled.
        pause: Sleep,
    }
}

impl<S> Throttle<S> {
    #[track_caller]
    pub(super) fn new(stream: S, duration: Duration) -> Self {
        Self { stream, duration, pause: sleep(Duration::ZERO) }
    }

    /// The stream within.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream within. What is taken out of it here is followed by no pause.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream within, without its pauses.
    ///
    /// ```
    /// use fusee::time::{Duration, StreamExt as _};
    /// use futures::stream::{self, StreamExt as _};
    ///
    /// fusee::runtime::block_on(async {
    ///     let slow = stream::iter(1..=3).throttle(Duration::from_secs(3600));
    ///     assert_eq!(slow.into_inner().collect::<Vec<_>>().await, [1, 2, 3]);
    /// });
    /// ```
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Stream> Stream for Throttle<S> {
    type Item = S::Item;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let unit = ready!(coop::poll_proceed(context));
        ready!(this.pause.poll_timer(context));
        let item = ready!(this.stream.poll_next(context));
        unit.made_progress();
        if item.is_some() && !this.duration.is_zero() {
            this.pause.reset(this.pause.now().plus(*this.duration));
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
