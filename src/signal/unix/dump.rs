//! A dump of a runtime's tasks at a signal.
//!
//! A thread waits for the signal, reads the lists as any thread may, and prints: it asks neither workers nor the driver for anything, which may all be stuck.
//!
//! Who calls it: users, on any thread.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::low_level;

use super::{SignalKind, assert_may_be_heard};
use crate::facade::thread;
use crate::runtime::Handle;

/// Prints a [dump](crate::insight) of the current runtime's tasks to the standard error at each signal of `kind`, from now on and until what this returns is dropped.
///
/// It is printed by a thread that does nothing else, also while every worker is stuck in a poll. Signals that come while it prints are answered by one dump more. The signal goes on doing nothing else, and
/// others may [listen](super::signal) to it. Once the runtime has shut down nothing is printed any more. A forked child prints nothing: what it is sent makes its parent print.
///
/// # Errors
/// As [`signal`](super::signal()); and if the thread cannot be started.
///
/// # Panics
/// Outside a runtime.
///
/// ```no_run
/// use fusee::signal::unix::{SignalKind, dump_on};
///
/// #[fusee::main]
/// async fn main() -> std::io::Result<()> {
///     // `kill -USR1` tells what every task waits for.
///     let _dumps = dump_on(SignalKind::user_defined1())?;
///     fusee::time::sleep(std::time::Duration::from_secs(3_600)).await;
///     Ok(())
/// }
/// ```
#[track_caller]
pub fn dump_on(kind: SignalKind) -> io::Result<DumpOnSignal> {
    assert_may_be_heard(kind)?;
    let handle = Handle::current();
    let (told, teller) = UnixStream::pair()?;
    let end = told.try_clone()?;
    let registered = low_level::pipe::register(kind.as_raw_value(), OwnedFd::from(teller))?;
    // It takes the handler out again if there is no thread.
    let dumps = DumpOnSignal { kind, registered, end, handle: handle.clone() };
    thread::Builder::new().name("fusee-dump".to_owned()).spawn(move || answer(told, &handle))?;
    Ok(dumps)
}

/// While it lives a signal is answered by a dump; see [`dump_on`].
#[must_use = "signals are answered until it is dropped"]
pub struct DumpOnSignal {
    kind: SignalKind,
    registered: SigId,
    /// The socket that the thread reads from.
    end: UnixStream,
    handle: Handle,
}

impl Drop for DumpOnSignal {
    fn drop(&mut self) {
        // A forked child has no such thread, and the socket is its parent's as well. The lock of the handlers' table may be held for ever there.
        if self.handle.scheduler().is_forked() {
            return;
        }
        low_level::unregister(self.registered);
        // That ends the thread. A forked child may have a copy of the other end, which the handler writes to: that one is closed does not end it.
        let _ = self.end.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for DumpOnSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DumpOnSignal").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Prints a dump whenever something was written to the other end of `told`, until that is closed or the runtime is.
fn answer(mut told: UnixStream, handle: &Handle) {
    let mut signals = [0; 64];
    loop {
        match told.read(&mut signals) {
            Ok(0) => return,
            Ok(_) if handle.scheduler().is_closed() => return,
            // Who has closed the standard error does not want to know.
            Ok(_) => drop(writeln!(io::stderr(), "{}", handle.dump())),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
