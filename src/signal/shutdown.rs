//! The two signals that tell a program to stop.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::unix::{Signal, SignalKind, signal};

/// Listens to SIGINT, which ctrl-c sends, and SIGTERM, which supervisors send: the future is ready when one has come since this was called.
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
/// use fusee::signal::shutdown;
/// # use signal_hook::{consts::SIGTERM, low_level::raise};
///
/// # fusee::runtime::block_on(async {
/// let mut stop = shutdown()?;
/// let server = fusee::spawn(async move {
///     (&mut stop).await;
///     "stopped"
/// });
/// # raise(SIGTERM)?;
/// // kill -TERM …
/// assert_eq!(server.await?, "stopped");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[track_caller]
pub fn shutdown() -> io::Result<Shutdown> {
    Ok(Shutdown { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
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
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Both, so that each has the waker, and that both that came together count once.
        let interrupted = self.interrupt.poll_recv(context).is_ready();
        let terminated = self.terminate.poll_recv(context).is_ready();
        if interrupted || terminated { Poll::Ready(()) } else { Poll::Pending }
    }
}
