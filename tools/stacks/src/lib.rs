//! Where a thread of this process blocks: its stack, taken from outside while it does, without a signal and without a
//! debugger.
//!
//! The [watchdog](fusee::insight::Watchdog) of fusee tells of a poll that blocks; [`Stacks::report`] adds the stack
//! that it blocks in:
//!
//! ```
//! use std::sync::mpsc::channel;
//! use std::time::Duration;
//!
//! use fusee::insight::Watchdog;
//! use fusee::runtime::Builder;
//! use fusee_stacks::Stacks;
//!
//! let (tell, told) = channel();
//! let stacks = Stacks::new();
//! let watchdog = Watchdog::new(Duration::from_millis(50)).on_alarm(move |alarm| drop(tell.send(stacks.report(alarm))));
//! let runtime = Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build()?;
//! runtime.spawn(async { std::thread::sleep(Duration::from_secs(2)) });
//! let report = told.recv().unwrap().to_string();
//! # #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
//! assert!(report.contains("std::thread::sleep") || report.contains("std::thread::functions::sleep"), "{report}");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How
//! The kernel tells of a thread that sleeps where its stack pointer and its program counter are
//! (`/proc/self/task/TID/syscall`), and how often it has slept so far (`status`). The stack is copied in one read of
//! `/proc/self/mem`, for which memory that is not there is an error and no fault. If the thread is still in the same
//! sleep after that the copy is true, and is unwound by the tables for exceptions, which are in every program. If not
//! there is no stack, but [`Error::MovedOn`].
//!
//! The thread notices nothing: it is not stopped, not woken and not asked.
//!
//! # What is not there
//! - The stack of a thread that runs: [`Error::Running`].
//! - The registers but those two. A function that keeps its frame by `rbp`, as those of the standard library do, is
//!   left by what its first instructions do to the stack, and the result is taken only if a call leads to it. Where
//!   that does not do the stack ends early, and [says so](Stack::is_whole).
//! - Systems other than Linux on x86-64: [`Error::Unsupported`].

// | file | holds |
// |---|---|
// | `lib.rs` | stacks, and what they are taken by |
// | `report.rs` | the stack of an alarm's poll, and whether it is that |
// | `display.rs` | stacks as text |
// | `linux/mod.rs` | from the thread's number to its frames |
// | `linux/thread.rs` | what the kernel tells of a thread, and the copy of its stack |
// | `linux/unwind.rs` | return addresses |
// | `linux/prologue.rs` | what a function's first instructions do to the stack |
// | `linux/images.rs` | the program and its libraries: their tables and symbols |
// | `elsewhere.rs` | in place of `linux/`, on other systems |
//
// No thread is started, and nothing is kept outside of `Stacks`. Who asks is most often a watchdog's thread, for whose
// hook the worker does not wait.

mod display;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod elsewhere;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux;
mod report;

use std::{error, fmt, io};

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
use elsewhere::Kept;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use linux::Kept;
pub use report::Report;

/// Takes stacks, and keeps what it has read of the program's files for the next.
///
/// Clones share what is kept: one is enough for all runtimes of a process. It is let go of with the last of them.
#[derive(Clone, Default)]
pub struct Stacks {
    kept: Kept,
}

/// The stack of a thread that slept in the kernel when it was taken.
///
/// `Display` shows the frames down to fusee's own that polls the task, each with its place; `{:#}` shows all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    frames: Vec<Frame>,
    is_whole: bool,
}

/// A call on a [`Stack`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    address: u64,
    image: Option<String>,
    address_in_image: Option<u64>,
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
    /// The poll that an alarm tells of has ended: of [`Stacks::report`] alone.
    PollEnded,
    /// It is done on Linux on x86-64 alone.
    Unsupported,
    /// The kernel refuses to tell, or tells what is not understood.
    Io(io::Error),
}

impl Stacks {
    /// Reads nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the stack of `thread`, by the kernel's number (`gettid`), of this process.
    ///
    /// The first call reads the unwind tables of the program and of all its libraries, and the debug information of
    /// what is on the stack, which may take long for a large program; both are kept. Calls wait for each other, but
    /// only once they have copied the stack. At most 256 KiB of the stack are looked at, and 1,000 calls.
    ///
    /// # Errors
    /// See [`Error`]: above all if the thread does not sleep, or not long enough.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_arch = "x86_64"))] {
    /// use fusee_stacks::{Error, Stacks};
    ///
    /// // Who asks runs.
    /// let me = std::fs::read_link("/proc/thread-self").unwrap();
    /// let me = me.file_name().unwrap().to_str().unwrap().parse().unwrap();
    /// assert!(matches!(Stacks::new().of(me), Err(Error::Running)));
    /// # }
    /// ```
    pub fn of(&self, thread: u32) -> Result<Stack, Error> {
        self.kept.stack_of(thread)
    }
}

impl Stack {
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

    /// The file that has the code, the program or a library, by the name that it is mapped by; nothing if it could not
    /// be read.
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// The [address](Self::address) as it is in that file: `addr2line -e` takes it, also for a copy of the file that
    /// has not been stripped.
    pub fn address_in_image(&self) -> Option<u64> {
        self.address_in_image
    }

    /// The function's name, without the compiler's hash, if the file has symbols.
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// The source file, if there is debug information.
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

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
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
        f.write_str(match self {
            Self::Running => "the thread runs",
            Self::MovedOn => "the thread has gone on while its stack was copied",
            Self::NoThread => "this process has no such thread",
            Self::PollEnded => "the poll has ended",
            Self::Unsupported => "stacks are taken on Linux on x86-64 alone",
            Self::Io(_) => "the kernel does not tell the thread's stack",
        })
    }
}

impl fmt::Debug for Stacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacks").finish_non_exhaustive()
    }
}
