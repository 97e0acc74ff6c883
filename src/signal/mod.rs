//! Signals of the operating system, on Unix: that a program is to stop, that a child has ended, that a terminal has another size.
//!
//! A service is told to stop by SIGTERM, of which a supervisor makes use, or by SIGINT, which ctrl-c sends. [`shutdown()`] waits for both:
//!
//! ```no_run
//! use std::pin::pin;
//!
//! use futures::future::{Either, select};
//! # async fn serve() {}
//!
//! #[fusee::main]
//! async fn main() -> std::io::Result<()> {
//!     // First of all: until somebody listens, either signal ends the process.
//!     let mut stop = fusee::signal::shutdown()?;
//!     if let Either::Right((cause, _)) = select(pin!(serve()), &mut stop).await {
//!         println!("told to stop by {cause}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! What was not done is dropped there, where it awaits. The page on shutdown in the repository, `docs/shutdown.md`, has a server whose connections finish their requests first.
//!
//! [`unix::signal`] listens to any kind of signal, [`ctrl_c`] to one SIGINT.
//!
//! # Who hears what
//! - A listener hears the signals that come after it was made. Each listener hears them, on whichever runtime of the process it was made.
//! - Signals are events, not messages: any number that come before a listener looks may be one to it. After each there is at least one.
//! - **From the first listener of a kind on, the signal does no more what it does by default**, such as ending the process: also when no listener is left. So who has listened to SIGINT
//!   once goes on listening, or ends by itself.
//! - A handler that the program had before is called as well.
//! - A signal that is sent to the process reaches it by some thread that does not block it. **While all threads block it nobody hears**: it is told once one of them unblocks it. Threads of a runtime have the mask of the thread
//!   that has built it; so who blocks signals does so after that, or only on threads of its own.
//! - A child that is made by [`Command`](std::process::Command), or calls `exec`, has the defaults again. One that is forked and does not has the handlers and the sockets, and tells the listeners of its parent what it is
//!   sent.
//!
//! # What it costs
//! Each listener has a pair of sockets of its own, to one of which the handler writes. To make one copies the list of those that are there. A program makes one for each kind, and tells others by a channel or a token.

// | file | holds |
// |---|---|
// | `unix/mod.rs` | listeners |
// | `unix/kind.rs` | the kinds of signals |
// | `shutdown.rs` | both that tell a program to stop |
//
// # Invariants
// - There is no table here, and no handler: `signal-hook` has both, and they are the process's.
// - A listener is taken out of that table before its sockets are closed, but in a forked child, where its lock may be held for ever.
//
// Who calls it: users, on any thread; `process/`, where the kernel has no descriptor for a child.
// Checked by `tests/signal.rs` and `tests/signal_process.rs`.
// Deliberately not here: what a program does when it is told.

mod shutdown;
pub mod unix;

use std::io;

pub use shutdown::{Shutdown, StopCause, shutdown};

use unix::SignalKind;

/// Waits for ctrl-c: for the next SIGINT after the first poll.
///
/// **Nobody listens before the first poll**, not even if this was called. A ctrl-c before that, be it while a task is queued that is to await this, ends the process, unless somebody has listened to SIGINT before. A
/// server calls [`shutdown()`], or makes a [`Signal`](unix::Signal), which both listen at once, and does so before it says that it is ready. Likewise, between two calls of this in a loop a ctrl-c is not heard, and has
/// no other effect either.
///
/// # Errors
/// The process has no descriptors left; or the runtime has shut down.
///
/// # Panics
/// At the first poll: outside a runtime, and in a forked child of the process that built it.
///
/// # Cancel safety
/// Dropped before it is done, it has lost nothing but its place: another one does not hear what this one would have.
///
/// ```no_run
/// #[fusee::main]
/// async fn main() -> std::io::Result<()> {
///     println!("press ctrl-c");
///     fusee::signal::ctrl_c().await?;
///     println!("well done");
///     Ok(())
/// }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let mut interrupts = unix::signal(SignalKind::interrupt())?;
    interrupts.recv().await.ok_or_else(crate::reactor::gone)
}
