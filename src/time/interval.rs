//! Ticking: a sleep that starts again by itself.
//!
//! Each deadline is reckoned from the one before, never from when the tick was seen: an interval does not drift. It lives on whatever
//! thread polls it, and reads the clock of the runtime that it was made in.
//!
//! Deliberately not here: timers (`sleep.rs`).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::instant::Instant;
use super::sleep::{Sleep, sleep_until};

/// A tick seen later than this after it was due counts as missed. Less is what a busy machine does to any timer.
const LENIENCE: Duration = Duration::from_millis(5);

/// Ticks now, and then once every `period`.
///
/// A duration that overflows the clock never passes: the first tick comes, and no other.
///
/// # Panics
/// If `period` is zero, and outside a runtime. A tick panics once the runtime has shut down.
///
/// ```
/// use fusee::time::{Duration, Instant, interval};
///
/// fusee::runtime::block_on(async {
///     let mut ticks = interval(Duration::from_millis(2));
///     let first = ticks.tick().await;
///     assert_eq!(ticks.tick().await, first + Duration::from_millis(2));
///     assert!(Instant::now() >= first + Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then once every `period`; at once, if `start` has passed.
///
/// # Panics
/// As [`interval`].
///
/// ```
/// use fusee::time::{Duration, Instant, interval_at};
///
/// fusee::runtime::block_on(async {
///     let start = Instant::now() + Duration::from_millis(2);
///     let mut ticks = interval_at(start, Duration::from_secs(3600));
///     assert_eq!(ticks.tick().await, start);
///     assert!(Instant::now() >= start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "the `period` of an interval must not be zero: it would tick without end at one moment");
    Interval { sleep: sleep_until(start), period, missed_tick_behavior: MissedTickBehavior::default() }
}

/// What an [`Interval`] does about ticks that nobody awaited in time.
///
/// A tick counts as missed when it is taken more than 5 ms late; before that, all three do the same. With ticks every 50 ms, of which
/// the second is taken at 120 ms, and all others in time:
///
/// | | ticks are taken at |
/// |---|---|
/// | `Burst` | 0, 120, 120, 150, 200 ms |
/// | `Delay` | 0, 120, 170, 220 ms |
/// | `Skip` | 0, 120, 150, 200 ms |
///
/// ```
/// use fusee::time::{Duration, MissedTickBehavior, interval};
///
/// fusee::runtime::block_on(async {
///     let mut ticks = interval(Duration::from_millis(50));
///     assert_eq!(ticks.missed_tick_behavior(), MissedTickBehavior::Burst);
///     ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Catches up: what was missed comes one tick after the other, at once, until the interval is where it would have been. No tick is
    /// lost, and none moves.
    #[default]
    Burst,
    /// Starts afresh: the next tick comes one period after the late one was taken, and so do all later ones. No two are closer than a
    /// period, but for the 5 ms that are no miss.
    Delay,
    /// Leaves out what was missed: the next tick is the first that lies ahead of those that the interval would have had. All ticks stay multiples
    /// of the period from the start.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after the one that was due at `due` and is taken at `now`, later than [`LENIENCE`].
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due.plus(period),
            Self::Delay => now.plus(period),
            Self::Skip => {
                let into = now.duration_since(due).as_nanos() % period.as_nanos();
                // The remainder is less than the period; where it takes more than 64 bits, so does the period, which never passes.
                now.plus(u64::try_from(into).map_or(period, |into| period - Duration::from_nanos(into)))
            }
        }
    }
}

/// Ticks once every period, for as long as somebody asks; made by [`interval`] and [`interval_at`].
///
/// It is also a [`Stream`] of its ticks, without an end. Dropping it takes its timer out at once.
///
/// ```
/// use fusee::time::{Duration, interval};
/// use futures::StreamExt;
///
/// fusee::runtime::block_on(async {
///     let ticks = interval(Duration::from_millis(1)).take(3).collect::<Vec<_>>().await;
///     assert_eq!(ticks[2] - ticks[0], Duration::from_millis(2));
/// });
/// ```
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick: the moment at which it was due, which may be some time ago.
    ///
    /// # Cancel safety
    /// Safe: a tick that is not taken stays, for the next call.
    pub fn tick(&mut self) -> impl Future<Output = Instant> {
        Tick { interval: self }
    }

    /// Polls for the next tick. If it is yet to come, the waker of the latest call is woken then.
    #[track_caller]
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(context));
        Poll::Ready(self.take_tick())
    }

    /// As [`poll_tick`](Self::poll_tick), whatever is left of the poll's budget.
    #[track_caller]
    pub(super) fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.sleep.poll_timer(context));
        Poll::Ready(self.take_tick())
    }

    /// The tick that has come; the next one is prepared.
    fn take_tick(&mut self) -> Instant {
        let (due, now) = (self.sleep.deadline(), self.sleep.now());
        let next = if now.duration_since(due) > LENIENCE {
            self.missed_tick_behavior.next(due, now, self.period)
        } else {
            due.plus(self.period)
        };
        self.sleep.reset(next);
        due
    }

    /// Lets the next tick come one period from now, and forgets what was missed.
    ///
    /// ```
    /// use fusee::time::{Duration, Instant, interval};
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut ticks = interval(Duration::from_millis(2));
    ///     let now = Instant::now();
    ///     ticks.reset();
    ///     assert!(ticks.tick().await >= now + Duration::from_millis(2));
    /// });
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Lets the next tick come now, whatever was missed, and the others follow it.
    ///
    /// ```
    /// use fusee::time::{Duration, Instant, interval_at};
    ///
    /// fusee::runtime::block_on(async {
    ///     let far = Instant::now() + Duration::from_secs(3600);
    ///     let mut ticks = interval_at(far, Duration::from_secs(1));
    ///     ticks.reset_immediately();
    ///     assert!(ticks.tick().await < far);
    /// });
    /// ```
    pub fn reset_immediately(&mut self) {
        self.sleep.reset(self.sleep.now());
    }

    /// Lets the next tick come `after` from now, and the others follow it. One that overflows the clock never comes.
    ///
    /// ```
    /// use fusee::time::{Duration, Instant, interval};
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut ticks = interval(Duration::from_secs(3600));
    ///     let now = Instant::now();
    ///     ticks.reset_after(Duration::from_millis(2));
    ///     assert!(ticks.tick().await >= now + Duration::from_millis(2));
    /// });
    /// ```
    pub fn reset_after(&mut self, after: Duration) {
        self.sleep.reset(self.sleep.now().plus(after));
    }

    /// Lets the next tick come at `deadline`, and the others follow it. If that has passed it counts as a tick that is late, or missed.
    ///
    /// ```
    /// use fusee::time::{Duration, Instant, interval};
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut ticks = interval(Duration::from_secs(3600));
    ///     let deadline = Instant::now() + Duration::from_millis(2);
    ///     ticks.reset_at(deadline);
    ///     assert_eq!(ticks.tick().await, deadline);
    /// });
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.reset(deadline);
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What it does about missed ticks: [`MissedTickBehavior::Burst`], if nothing else was set.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Says what to do about missed ticks from now on.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }
}

/// The future of [`Interval::tick`]; no `async fn`, for a panic to name the line that awaits it.
struct Tick<'a> {
    interval: &'a mut Interval,
}

impl Future for Tick<'_> {
    type Output = Instant;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(context)
    }
}

impl Stream for Interval {
    type Item = Instant;

    #[track_caller]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(context).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
