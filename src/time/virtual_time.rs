//! Virtual time, for tests: a runtime's clock is paused, advanced, and let run again.
//!
//! Who calls it: tests, on any thread that has entered the runtime. Deliberately not here: the clock (`clock/`), and the driver's turns on it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::clock::Refused;
use crate::runtime::Handle;

/// Stops the current runtime's clock. From now on it moves when everything in the runtime waits, and by [`advance`].
///
/// **When everything waits**: no task is being polled or waits to be, no future in `block_on` has anything to do, no blocking closure runs or
/// has a thread to come for it, and no `advance` is under way. Then the clock jumps to the earliest timer, which fires, with all that are due at that very
/// moment, in the order in which they were registered; it stays there until everything waits again. So a test that sleeps for hours takes
/// no time, and each sleep ends to the nanosecond. What other threads do is not known to the runtime: whoever waits for them keeps
/// the clock where it is by a blocking closure, or by [`hold`].
///
/// **When nothing can move it**: everything waits, and there is no timer that will ever fire. If that lasts for ten seconds of the machine's time, each
/// `block_on` on this runtime whose future still waits panics, and says which tasks wait and where they were spawned.
///
/// Both flavours of runtime can be paused. The tasks of a current-thread runtime wait with its worker while no thread is in `block_on`: meanwhile its
/// clock moves by [`advance`] alone. Other runtimes go on, and so does the standard library's clock: [`Instant::now`](super::Instant::now)
/// shows the paused time on threads that have entered this runtime. A sleep that waits already when the clock is paused may end up to 4 µs late.
///
/// `docs/testing-with-virtual-time.md` in the repository shows how to test retries, intervals and limits, and what to look out for.
///
/// # Panics
/// If the clock is paused already, and outside a runtime.
///
/// ```
/// use fusee::time::{self, Duration, Instant};
///
/// fusee::runtime::block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(86_400)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(86_400));
/// });
/// ```
#[track_caller]
pub fn pause() {
    assert!(
        Handle::current().timers().clock().pause(),
        "`pause` was called, but the runtime's clock is paused already"
    );
}

/// Lets the current runtime's clock run on, from where it stands.
///
/// # Panics
/// If the clock is not paused, and outside a runtime.
///
/// ```
/// use fusee::time::{self, Duration};
///
/// fusee::runtime::block_on(async {
///     time::pause();
///     time::advance(Duration::from_secs(3600)).await;
///     time::resume();
///     time::sleep(Duration::from_millis(1)).await;
/// });
/// ```
#[track_caller]
pub fn resume() {
    assert!(
        Handle::current().timers().clock().resume(),
        "`resume` was called, but the runtime's clock is not paused: call `time::pause` first, or build with `start_paused(true)`"
    );
}

/// Keeps the current runtime's clock where it is, if it is paused, until the guard is dropped: for an answer that comes from outside the runtime.
///
/// A paused clock jumps to the next timer as soon as everything in the runtime waits, and knows nothing of threads of your own, sockets and other
/// runtimes. Whoever waits for one of those holds it meanwhile. [`advance`] moves it all the same. On a clock that runs it does nothing.
///
/// Drop the guard when the answer is there: a [`sleep`](super::sleep()) under it never ends, and nobody is told of that.
///
/// # Panics
/// Outside a runtime.
///
/// ```
/// use fusee::time::{self, Duration, Instant, timeout};
///
/// fusee::runtime::block_on(async {
///     time::pause();
///     let start = Instant::now();
///     let (send, receive) = futures::channel::oneshot::channel();
///     let held = time::hold();
///     std::thread::spawn(move || send.send(42));
///     // Without the guard the clock would jump to the limit before the thread has answered.
///     assert_eq!(timeout(Duration::from_secs(1), receive).await, Ok(Ok(42)));
///     drop(held);
///     assert_eq!(start.elapsed(), Duration::ZERO);
/// });
/// ```
#[track_caller]
pub fn hold() -> Hold {
    let handle = Handle::current();
    handle.timers().clock().stir();
    Hold { handle }
}

/// Keeps a paused clock where it is; see [`hold`].
#[must_use = "the clock is held until this is dropped"]
pub struct Hold {
    handle: Handle,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.handle.timers().clock().rest();
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// Moves the current runtime's clock, which is paused, by `duration` in one jump, and fires the timers that are due then, in the order of their
/// deadlines.
///
/// The clock has jumped when this is first polled. When it returns those timers have been fired, and their tasks woken; none of them need have been
/// polled. To wait for those too, [sleep](super::sleep()) instead: the clock then stops at every timer on the way.
///
/// # Cancel safety
/// Dropped after its first poll it has advanced the clock all the same.
///
/// # Panics
/// When polled: if the clock is not paused, or cannot tell the time that far ahead, and outside a runtime.
///
/// ```
/// use fusee::time::{self, Duration, Instant};
///
/// fusee::runtime::block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::advance(Duration::from_millis(1500)).await;
///     assert_eq!(start.elapsed(), Duration::from_millis(1500));
/// });
/// ```
pub fn advance(duration: Duration) -> impl Future<Output = ()> + Send {
    Advance { duration, call: None }
}

/// The future of [`advance`]; no closure, for a panic to name the line that awaits it.
struct Advance {
    duration: Duration,
    /// The clock that was advanced, and which of its calls that was.
    call: Option<(Handle, u64)>,
}

impl Future for Advance {
    type Output = ();

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some((handle, number)) = &self.call {
            return handle.timers().clock().poll_answer(*number, context.waker());
        }
        let handle = Handle::current();
        match handle.timers().clock().advance(self.duration, context.waker().clone()) {
            Ok(number) => self.call = Some((handle, number)),
            Err(Refused::NotPaused) => panic!(
                "`advance` was called, but the runtime's clock is not paused: call `time::pause` first, or build with \
                 `start_paused(true)`"
            ),
            Err(Refused::TooFar) => {
                panic!("`advance` was called for {:?}: the clock cannot tell a time so far away", self.duration)
            }
        }
        // Others run first, also if the driver has been quick.
        Poll::Pending
    }
}
