//! Sleeping: the future that a timer wakes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::driver::Ticket;
use super::instant::Instant;
use super::shard::Closed;
use crate::runtime::Handle;
use crate::task::coop;

/// Waits until `duration` has passed from now: never less, and by how little more the runtime's timers promise.
///
/// The deadline is fixed by this call, not by the first poll. Zero is ready on the first poll; a duration that overflows the
/// clock never ends.
///
/// # Cancel safety
/// Safe: dropping it takes its timer out at once.
///
/// # Panics
/// Outside a runtime. Its poll panics once the runtime has shut down.
///
/// ```
/// use fusee::time::{Duration, Instant, sleep};
///
/// fusee::runtime::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(Instant::now().plus(duration))
}

/// Waits until `deadline`: never less. One that has passed is ready on the first poll. An instant of the standard library's clock is
/// given as `deadline.into()`.
///
/// # Cancel safety
/// Safe: dropping it takes its timer out at once.
///
/// # Panics
/// As [`sleep`].
///
/// ```
/// use fusee::time::{Duration, Instant, sleep_until};
///
/// fusee::runtime::block_on(async {
///     let deadline = Instant::now() + Duration::from_millis(5);
///     sleep_until(deadline).await;
///     assert!(Instant::now() >= deadline);
/// });
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(deadline)
}

/// The future of [`sleep`] and [`sleep_until`]. It is [`Unpin`], and may move between tasks and threads.
///
/// Polled by several wakers in turn, it wakes the last one.
///
/// ```
/// use fusee::time::{Duration, Instant, sleep};
///
/// fusee::runtime::block_on(async {
///     let mut pause = sleep(Duration::from_secs(3600));
///     pause.reset(Instant::now() + Duration::from_millis(1));
///     (&mut pause).await;
///     assert!(pause.is_elapsed());
/// });
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    handle: Handle,
    deadline: Instant,
    timer: Timer,
}

/// Where the sleep stands with its shard.
#[derive(Clone, Copy)]
enum Timer {
    /// Not polled yet, or not since the last reset.
    Unregistered,
    /// An entry of the shard is ours.
    Registered(Ticket),
    Elapsed,
}

impl Sleep {
    #[track_caller]
    fn new(deadline: Instant) -> Self {
        Self { handle: Handle::current(), deadline, timer: Timer::Unregistered }
    }

    /// The moment at which it ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether it has ended: its timer has fired, or a poll has found its deadline past. One that was never polled has not.
    pub fn is_elapsed(&self) -> bool {
        match self.timer {
            Timer::Unregistered => false,
            Timer::Registered(ticket) => self.handle.scheduler().has_timer_fired(self.handle.shard_index(), ticket),
            Timer::Elapsed => true,
        }
    }

    /// Now, on the clock that it goes by.
    pub(super) fn now(&self) -> Instant {
        Instant::of_raw(self.handle.timers().clock().instant())
    }

    /// Gives it another deadline, earlier or later, also after it has ended. Whoever awaits it goes on waiting, for the new one; if that has passed
    /// he has been woken when this returns.
    ///
    /// It is called on a pinned one as well, in a binding that is `mut`.
    ///
    /// ```
    /// use std::pin::Pin;
    ///
    /// use fusee::time::{Duration, Instant, Sleep, sleep};
    ///
    /// fn postpone(mut pinned: Pin<&mut Sleep>) {
    ///     pinned.reset(Instant::now() + Duration::from_millis(1));
    /// }
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut pause = sleep(Duration::from_millis(1));
    ///     pause.reset(pause.deadline() + Duration::from_millis(1));
    ///     postpone(Pin::new(&mut pause));
    ///     pause.await;
    /// });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        let timers = self.handle.timers();
        match self.timer {
            Timer::Registered(ticket) => {
                let (shard, instant) = (self.handle.shard_index(), deadline.raw());
                if !self.handle.scheduler().reset_timer(shard, ticket, instant, timers.clock().nanoseconds(instant)) {
                    // It has fired, and its waker with it: the task is about to poll, and registers anew.
                    timers.cancel(self.handle.shard_index(), ticket);
                    self.timer = Timer::Unregistered;
                }
            }
            Timer::Elapsed => self.timer = Timer::Unregistered,
            Timer::Unregistered => {}
        }
    }
}

impl Future for Sleep {
    type Output = ();

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let answer = coop::poll_leaf(context, |context| self.look(context));
        self.expect_open(answer)
    }
}

impl Sleep {
    /// Polls, whatever is left of the poll's budget.
    #[track_caller]
    pub(super) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let answer = self.look(context);
        self.expect_open(answer)
    }

    /// As [`poll_timer`](Self::poll_timer), for whom it is no fault that the runtime has shut down: whether the time has come instead.
    #[allow(dead_code, reason = "what sockets of Unix ask, a feature that the models do not know")]
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        self.look(context).map(|answer| answer.is_ok())
    }

    /// The timer's answer. Refused by a runtime that has shut down, or is a copy in a forked child.
    fn look(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let sleep = self;
        let (timers, shard) = (sleep.handle.timers(), sleep.handle.shard_index());
        let answer = match sleep.timer {
            Timer::Elapsed => return Poll::Ready(Ok(())),
            Timer::Registered(ticket) => sleep.handle.scheduler().poll_timer(shard, ticket, context.waker()),
            Timer::Unregistered => {
                let deadline = timers.clock().nanoseconds(sleep.deadline.raw());
                if sleep.handle.scheduler().is_forked() || timers.is_closed() {
                    Poll::Ready(Err(Closed))
                } else if timers.clock().has_come(sleep.deadline.raw(), deadline) {
                    Poll::Ready(Ok(()))
                } else {
                    sleep.handle.register_timer(deadline, context.waker()).map_or_else(
                        |closed| Poll::Ready(Err(closed)),
                        |ticket| {
                            sleep.timer = Timer::Registered(ticket);
                            Poll::Pending
                        },
                    )
                }
            }
        };
        if answer == Poll::Ready(Ok(())) {
            sleep.timer = Timer::Elapsed;
        }
        answer
    }

    /// The answer of a poll, for whom a refusal is a panic: in the name of whoever polls.
    #[inline]
    #[track_caller]
    fn expect_open(&self, answer: Poll<Result<(), Closed>>) -> Poll<()> {
        match answer {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(Closed)) => self.refuse(),
        }
    }

    #[cold]
    #[track_caller]
    fn refuse(&self) -> ! {
        self.handle.assert_not_forked();
        panic!(
            "a Sleep was polled after its runtime had shut down: nothing would ever wake it; keep the `Runtime` until its \
             sleeps are over, or drop them before it"
        )
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Timer::Registered(ticket) = self.timer {
            self.handle.timers().cancel(self.handle.shard_index(), ticket);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).field("elapsed", &self.is_elapsed()).finish()
    }
}
