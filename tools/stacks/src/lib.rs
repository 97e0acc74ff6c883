//! Where a thread of this process blocks: its stack, taken from outside while it does, without a signal and without a debugger.
//!
//! The [watchdog](fusee::insight::Watchdog) of fusee tells of a poll that blocks; [`report`] adds the stack that it blocks in:
//!
//! ```
//! use std::sync::mpsc::channel;
//! use std::time::Duration;
//!
//! use fusee::insight::Watchdog;
//! use fusee::runtime::Builder;
//!
//! let (tell, told) = channel();
//! let watchdog = Watchdog::new(Duration::from_millis(50)).on_alarm(move |alarm| {
//!     drop(tell.send(fusee_stacks::report(alarm).to_string()));
//! });
//! let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build()?;
//! runtime.spawn(async { std::thread::sleep(Duration::from_secs(2)) });
//! let report = told.recv().unwrap();
//! # #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
//! assert!(report.contains("std::thread::sleep") || report.contains("std::thread::functions::sleep"), "{report}");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How
//! The kernel tells of a thread that sleeps where its stack pointer and its program counter are (`/proc/self/task/TID/syscall`), and how often it has slept so far (`status`). The stack is copied in one
//! read of `/proc/self/mem`, for which memory that is not there is an error and no fault. If the thread is still in the same sleep after that the copy is true, and is unwound by the tables for
//! exceptions, which are in every program. If not there is no stack, but [`Error::MovedOn`].
//!
//! The thread notices nothing: it is not stopped, not woken and not asked.
//!
//! # What is not there
//! - The stack of a thread that runs: [`Error::Running`].
//! - The registers but those two. A function that keeps its frame by `rbp`, as those of the standard library do, is left by what its first instructions do to the stack, and the result is taken only if a call leads to it.
//!   Where that does not do the stack ends early, and [says so](Stack::is_whole).
//! - Systems other than Linux on x86-64: [`Error::Unsupported`].
//!
//! | file | holds |
//! |---|---|
//! | `lib.rs` | what is public |
//! | `display.rs` | stacks as text |
//! | `linux/mod.rs` | from the thread's number to its frames |
//! | `linux/thread.rs` | what the kernel tells of a thread, and the copy of its stack |
//! | `linux/unwind.rs` | return addresses |
//! | `linux/prologue.rs` | what a function's first instructions do to the stack |
//! | `linux/images.rs` | the program and its libraries: their tables and symbols |

mod display;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux;

use std::fmt;
use std::io;

use fusee::insight::Alarm;

/// The stack of a thread that slept in the kernel when it was taken.
///
/// `Display` shows the frames down to fusee's own that polls the task, each with its place; `{:#}` shows all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    frames: Vec<Frame>,
    is_whole: bool,
}

/// A call on a [`Stack`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    address: u64,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    is_inlined: bool,
}

/// Why there is no stack.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The thread does not sleep: it runs, or waits for a CPU.
    Running,
    /// The thread has gone on while its stack was copied. It may be worth another try.
    MovedOn,
    /// This process has no such thread, or no longer.
    NoThread,
    /// It is done on Linux on x86-64 alone.
    Unsupported,
    /// The kernel refuses to tell, or tells what is not understood.
    Io(io::Error),
}

impl Stack {
    /// Takes the stack of `thread`, by the kernel's number (`gettid`), of this process.
    ///
    /// The first call reads the debug information of what is on the stack, which may take long for a large program; the tables are kept. Calls wait for each other. At most 256 KiB of the stack are looked at.
    ///
    /// # Errors
    /// See [`Error`]: above all if the thread does not sleep, or not long enough.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_arch = "x86_64"))] {
    /// use fusee_stacks::{Error, Stack};
    ///
    /// // Who asks runs.
    /// let me = std::fs::read_link("/proc/thread-self").unwrap();
    /// let me = me.file_name().unwrap().to_str().unwrap().parse().unwrap();
    /// assert!(matches!(Stack::of(me), Err(Error::Running)));
    /// # }
    /// ```
    pub fn of(thread: u32) -> Result<Self, Error> {
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        return linux::stack_of(thread);
        #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
        {
            let _ = thread;
            Err(Error::Unsupported)
        }
    }

    /// The calls, the innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Whether the frames go down to where the thread started; else what lies below the last one is not known.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl Frame {
    /// Where the call returns to; of the innermost call, where it is.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// The function's name, without the compiler's hash, if the program has symbols.
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// The source file, if the program has debug information.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line in it, from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// Whether the compiler has inlined the call: the next frame then has the same address.
    pub fn is_inlined(&self) -> bool {
        self.is_inlined
    }
}

/// What [`report`] returns: `Display` shows the alarm's line, and below it the stack, or why there is none. `{:#}` shows the whole stack.
#[derive(Debug)]
pub struct Report<'a> {
    alarm: &'a Alarm,
    stack: Option<Result<Stack, Error>>,
}

/// Takes the stack of the poll that `alarm` tells of, unless the poll has ended.
///
/// Call it where the alarm is told, while the poll goes on. If the poll ends meanwhile, and the thread sleeps elsewhere, its stack is that of the other sleep.
///
/// See the [crate](crate) for an example.
pub fn report(alarm: &Alarm) -> Report<'_> {
    let thread = if alarm.has_ended() { None } else { alarm.thread() };
    Report { alarm, stack: thread.map(Stack::of) }
}

impl Report<'_> {
    /// The stack, if there is one.
    pub fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref()?.as_ref().ok()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("the thread runs"),
            Self::MovedOn => f.write_str("the thread has gone on while its stack was copied"),
            Self::NoThread => f.write_str("this process has no such thread"),
            Self::Unsupported => f.write_str("stacks are taken on Linux on x86-64 alone"),
            Self::Io(_) => f.write_str("the kernel does not tell the thread's stack"),
        }
    }
}
