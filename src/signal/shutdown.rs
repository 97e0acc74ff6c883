//! The two signals that tell a program to stop.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::unix::{Signal, SignalKind, signal};

/// Listens to SIGINT, which ctrl-c sends, and SIGTERM, which supervisors send: the future is ready when one has come since this was called,
/// and says which.
///
/// It may be awaited again, by `(&mut stop).await`, for the next signal: for instance to end at once at the second ctrl-c, which by then does nothing by itself.
/// Several tasks share one as `futures::FutureExt::shared` makes it, or by a token that who awaits it cancels.
///
/// # Errors
/// The process has no descriptors left.
///
/// # Panics
/// Outside a runtime, and in a forked child of the process that built it.
///
/// ```
/// use fusee::signal::{StopCause, shutdown};
/// # use signal_hook::{consts::SIGTERM, low_level::raise};
///
/// # fusee::runtime::block_on(async {
/// let mut stop = shutdown()?;
/// let server = fusee::spawn(async move {
///     let cause = (&mut stop).await;
///     println!("stopped by {cause}");
///     cause
/// });
/// # raise(SIGTERM)?;
/// // kill -TERM …
/// assert_eq!(server.await?, StopCause::Terminate);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[track_caller]
pub fn shutdown() -> io::Result<Shutdown> {
    Ok(Shutdown { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
}

/// What a [`Shutdown`] was ready for. Shown, it is the signal's name.
///
/// ```
/// use fusee::signal::StopCause;
///
/// assert_eq!(StopCause::Terminate.to_string(), "SIGTERM");
/// assert_eq!(StopCause::Interrupt.kind().map(|kind| 128 + kind.as_raw_value()), Some(130));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopCause {
    /// SIGINT alone, as of ctrl-c.
    Interrupt,
    /// SIGTERM, as of a supervisor; SIGINT may have come as well.
    Terminate,
    /// No signal: the runtime of the future has shut down.
    RuntimeGone,
}

impl StopCause {
    /// The signal. `None` if it was none.
    pub fn kind(self) -> Option<SignalKind> {
        match self {
            Self::Interrupt => Some(SignalKind::interrupt()),
            Self::Terminate => Some(SignalKind::terminate()),
            Self::RuntimeGone => None,
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::RuntimeGone => "the end of the runtime",
        })
    }
}

/// The future of [`shutdown`]. It is ready, too, when its runtime has shut down.
///
/// # Cancel safety
/// Awaited by reference and dropped, it has lost nothing: a signal that has come meanwhile is heard by the next who awaits it.
#[must_use = "it says nothing unless it is awaited"]
#[derive(Debug)]
pub struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
}

impl Future for Shutdown {
    type Output = StopCause;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<StopCause> {
        // Both, so that each has the waker, and that both that came together count once.
        let interrupted = self.interrupt.poll_recv(context);
        let terminated = self.terminate.poll_recv(context);
        match (interrupted, terminated) {
            (_, Poll::Ready(Some(()))) => Poll::Ready(StopCause::Terminate),
            (Poll::Ready(Some(())), _) => Poll::Ready(StopCause::Interrupt),
            (Poll::Ready(None), Poll::Ready(None)) => Poll::Ready(StopCause::RuntimeGone),
            // One may be at its end before the other, which is to come to its own, or is still told of signals.
            _ => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn one_listener_at_its_end_is_not_the_end_of_the_runtime() {
        crate::runtime::block_on(async {
            let mut stop = shutdown().unwrap();
            stop.interrupt.unregister();
            assert_eq!(stop.interrupt.recv().await, None);
            assert_eq!((&mut stop).now_or_never(), None);
            stop.terminate.unregister();
            assert_eq!(stop.await, StopCause::RuntimeGone);
        });
    }
}
