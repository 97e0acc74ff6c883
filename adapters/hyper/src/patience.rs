//! How long a wait for the other end may last.
//!
//! A wait begins when it is asked for the first time whether it is over, and ends with [`Patience::progressed`]. The timer stays
//! where it is meanwhile, so that a stream that moves costs no timer for each of its waits: it is set again when it goes off early.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fusee::time::{Instant, Sleep, sleep_until};

/// A time limit for waits, each of which has all of it.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Option<Duration>,
    /// When the wait began, if there is one.
    since: Option<Instant>,
    /// Goes off at the end of this wait or before. There once something has had to wait.
    alarm: Option<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, since: None, alarm: None }
    }

    /// The wait is over, and was not too long.
    pub(crate) fn progressed(&mut self) {
        self.since = None;
    }

    /// Whether the wait is too long. Not before a runtime polls it, for it makes a timer.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let since = match (self.limit, self.since) {
            (None, _) => return Poll::Pending,
            (_, Some(since)) => since,
            (_, None) => *self.since.insert(Instant::now()),
        };
        // A limit that the clock cannot hold is none.
        let Some(end) = self.limit.and_then(|limit| since.checked_add(limit)) else { return Poll::Pending };
        let alarm = self.alarm.get_or_insert_with(|| Box::new(sleep_until(end)));
        loop {
            ready!(Pin::new(alarm.as_mut()).poll(context));
            if alarm.deadline() >= end {
                return Poll::Ready(());
            }
            alarm.reset(end);
        }
    }
}
