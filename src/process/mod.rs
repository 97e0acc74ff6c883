//! Child processes, on Unix: a program is started, talked to by pipes, waited for and killed.
//!
//! ```
//! use std::process::Stdio;
//!
//! use fusee::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use fusee::process::Command;
//! use futures::TryStreamExt;
//!
//! fusee::runtime::block_on(async {
//!     let mut child = Command::new("tr").args(["a-z", "A-Z"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
//!     // Both at once: a child that nobody reads from reads no more either.
//!     let writer = fusee::spawn(async move { input.write_all(b"one\ntwo\n").await });
//!     let lines: Vec<String> = BufReader::new(output).lines().try_collect().await?;
//!     assert_eq!(lines, ["ONE", "TWO"]);
//!     writer.await??;
//!     assert!(child.wait().await?.success());
//!     std::io::Result::Ok(())
//! })
//! # .unwrap();
//! ```
//!
//! A time limit is a [`timeout`](crate::time::timeout) around [`wait`](Child::wait), which is safe to cancel, and [`kill`](Child::kill) after that:
//!
//! ```
//! use fusee::process::Command;
//! use fusee::time::{Duration, timeout};
//!
//! fusee::runtime::block_on(async {
//!     let mut child = Command::new("sleep").arg("3600").spawn()?;
//!     if timeout(Duration::from_millis(20), child.wait()).await.is_err() {
//!         child.kill().await?;
//!     }
//!     assert!(!child.wait().await?.success());
//!     std::io::Result::Ok(())
//! })
//! # .unwrap();
//! ```
//!
//! # What becomes of a child that is dropped
//! It runs on, unless [`kill_on_drop`](Command::kill_on_drop) was asked for. **A task of its runtime waits for it**, so that it is no zombie when it has ended. That task counts among the runtime's, and runs as others do: on a
//! current-thread runtime in `block_on`.
//!
//! A runtime that shuts down waits for no child. One that has ended by then, and was dropped, is reaped; one that was killed as it was dropped is waited for, for a second at most. Any other runs on, and is a zombie when it has ended, until this
//! process ends too: so who cares waits for children, or kills them, before the runtime is dropped. A [`Child`] that outlives its runtime can be waited for and dropped on another one, which takes it over.
//!
//! # What blocks
//! To start a program is a call of the operating system's that takes tens to hundreds of microseconds, and longer if there is a [`pre_exec`](Command::pre_exec); it is done where it is called, on a worker. All else waits as tasks do.
//!
//! # How the end is told
//! On Linux by a descriptor of the process (`pidfd_open`), of which each child takes one. Where the kernel or a filter refuses it, and on other systems, by a listener to SIGCHLD: [`signal`](crate::signal) says what that changes for the
//! process. A program that ignores SIGCHLD (`SIG_IGN`, `SA_NOCLDWAIT`), or waits for any child by itself, takes away what is waited for here: an error (`ECHILD`) says so, at once and from then on, and nobody is killed in
//! its place. Where it is a listener that tells, such a program must do so before the first child: what ignores SIGCHLD later takes the listener away, and a wait may not end.
//!
//! # What a child inherits
//! What the standard library's children do: the mask of signals of the thread that starts it, and which signals are ignored, but for SIGPIPE, which is at its default. A worker has the mask of the thread that has built the
//! runtime, so what that had blocked then is blocked in children that tasks start; a [`pre_exec`](Command::pre_exec) can say otherwise.
//!
//! On a paused clock a child is nothing that the clock waits for: a timeout on a child that is slow fires. [`time::hold`](crate::time) keeps the clock back.

// | file | holds |
// |---|---|
// | `command.rs`, `command_unix.rs` | what is started, and how |
// | `child.rs` | a child, as users see it |
// | `running.rs` | a child until it was waited for: it is killed, waited for, or left to a task |
// | `ends.rs` | who tells of its end |
// | `number.rs` | its number, until somebody has waited for it |
// | `stdio.rs` | the pipes to it |
//
// # Invariants
// - Nobody here but `std::process::Child` waits for a process. Whoever kills one by its number has looked right before that nobody, not even the kernel, has waited for it; with a descriptor there is no moment in between either.
// - A descriptor is that of the child: the look that finds that nobody has waited for it comes after it was opened. Once somebody has, the number is not used again.
// - A copy of a child in a forked process kills and waits for nothing.
//
// Who calls it: users, on any thread. Checked by `tests/process.rs`, `tests/process_stdio.rs`, `tests/process_dropped.rs` and `tests/process_faults.rs`.
// Deliberately not here: how a source waits (`source/`), the table of handlers (`signal/`).

mod child;
mod command;
mod command_unix;
mod ends;
mod number;
mod running;
mod stdio;

pub use child::Child;
pub use command::Command;
pub use stdio::{ChildStderr, ChildStdin, ChildStdout};
