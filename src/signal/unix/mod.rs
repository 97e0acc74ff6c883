//! Signals of any kind, by listeners. What holds of all of them [the module above](super) says.

// Who calls it: users, and `shutdown.rs` and `process/`, on any thread.
// Deliberately not here: the handler, which is `signal-hook`'s: it writes a byte to the socket of each listener.

mod dump;
mod kind;

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use mio::net::UnixStream;
use signal_hook::SigId;
use signal_hook::consts::FORBIDDEN;
use signal_hook::low_level;

pub use dump::{DumpOnSignal, dump_on};
pub use kind::SignalKind;

use crate::reactor::bits;
#[cfg(feature = "process")]
use crate::runtime::Handle;
use crate::source::{Direction, Evented};

/// Listens to signals of `kind`, from now on.
///
/// # Errors
/// The process has no descriptors left, or the runtime has shut down. Of the kind [`InvalidInput`](ErrorKind::InvalidInput): the system has no such signal, or does not let it be handled
/// (SIGKILL, SIGSTOP), or its handler may not return (SIGILL, SIGFPE, SIGSEGV). The defaults are as they were then.
///
/// # Panics
/// Outside a runtime, and in a forked child of the process that built it.
///
/// ```no_run
/// use fusee::signal::unix::{SignalKind, signal};
///
/// #[fusee::main]
/// async fn main() -> std::io::Result<()> {
///     let mut hangups = signal(SignalKind::hangup())?;
///     while let Some(()) = hangups.recv().await {
///         println!("the configuration is read again");
///     }
///     Ok(())
/// }
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    assert_may_be_heard(kind)?;
    let (told, teller) = UnixStream::pair()?;
    // It is closed if nobody is told by it.
    let told = Evented::with_interest(told, bits::READABLE)?;
    let registered = low_level::pipe::register(kind.as_raw_value(), OwnedFd::from(teller))?;
    Ok(Signal { kind, told, registered })
}

/// Errs if there may be no handler of the signal.
fn assert_may_be_heard(kind: SignalKind) -> io::Result<()> {
    let number = kind.as_raw_value();
    if FORBIDDEN.contains(&number) {
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("the signal {number} cannot be listened to")));
    }
    Ok(())
}

/// A listener to signals of one kind, as [`signal`] makes it. It is a stream, too, which ends with its runtime.
///
/// Dropped, it hears no more; others do. The signal goes on doing nothing else.
#[must_use = "a listener is made to be awaited"]
pub struct Signal {
    kind: SignalKind,
    /// What the handler has written to it.
    told: Evented<UnixStream>,
    registered: SigId,
}

impl Signal {
    /// The runtime that it was made on.
    #[cfg(feature = "process")]
    pub(crate) fn handle(&self) -> &Handle {
        self.told.registration().handle()
    }

    /// Waits until the signal has come, since this was made or since the last answer. `None`: the runtime that it was made on has shut down, or somebody has taken all handlers of the signal out of `signal-hook`'s table.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has lost nothing.
    ///
    /// ```
    /// use fusee::signal::unix::{SignalKind, signal};
    /// # use signal_hook::{consts::SIGWINCH, low_level::raise};
    ///
    /// # fusee::runtime::block_on(async {
    /// let mut sizes = signal(SignalKind::window_change())?;
    /// # raise(SIGWINCH)?;
    /// # raise(SIGWINCH)?;
    /// // The window is drawn larger and larger.
    /// assert_eq!(sizes.recv().await, Some(()));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn recv(&mut self) -> Option<()> {
        std::future::poll_fn(|context| self.poll_recv(context)).await
    }

    /// As [`recv`](Self::recv), for futures that are written by hand. The last to poll is woken.
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// use fusee::signal::unix::{SignalKind, signal};
    /// # use signal_hook::{consts::SIGWINCH, low_level::raise};
    ///
    /// # fusee::runtime::block_on(async {
    /// let mut sizes = signal(SignalKind::window_change())?;
    /// # raise(SIGWINCH)?;
    /// assert_eq!(poll_fn(|context| sizes.poll_recv(context)).await, Some(()));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.told.poll_io(context, Direction::Read, drain).map(Result::ok)
    }

    /// Ends it, as who empties the table of handlers does.
    #[cfg(test)]
    pub(super) fn unregister(&self) {
        low_level::unregister(self.registered);
    }
}

/// Takes all that was written. An error of the kind `WouldBlock` if nothing was, of another kind if nothing will be.
fn drain(mut told: &UnixStream) -> io::Result<()> {
    let (mut buffer, mut is_told) = ([0; 64], false);
    loop {
        match told.read(&mut buffer) {
            // Whoever empties the table of handlers has closed the other end.
            Ok(0) if is_told => return Ok(()),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) if count == buffer.len() => is_told = true,
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && is_told => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

impl Stream for Signal {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.poll_recv(context)
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        // In a forked child the lock of the handlers' table may be held for ever.
        if !self.told.registration().handle().scheduler().is_forked() {
            low_level::unregister(self.registered);
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn an_end_is_no_signal() {
        for count in [0, 1, 64, 65] {
            let (told, mut teller) = UnixStream::pair().unwrap();
            assert_eq!(drain(&told).unwrap_err().kind(), ErrorKind::WouldBlock);
            teller.write_all(&vec![0; count]).unwrap();
            drop(teller);
            if count > 0 {
                drain(&told).expect("what was told before the end is told");
            }
            for _ in 0..2 {
                assert_eq!(drain(&told).unwrap_err().kind(), ErrorKind::UnexpectedEof);
            }
        }
    }
}
