//! The standard outputs.

use std::io::{self, IoSlice, Write};
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};

use crate::blocking::AtClose;
use crate::io::buffer::{Buffer, MOST};
use crate::io::on_pool::OnPool;
use crate::io::traits::implement_write;
use crate::task::coop::poll_leaf;

/// An output of the standard library's, which jobs write to.
#[derive(Debug)]
struct Output<W> {
    /// What is to be written.
    jobs: OnPool<Buffer, io::Result<()>>,
    lock: fn() -> W,
    /// Something was written since the last flush.
    is_written: bool,
}

/// An output that blocks, in whatever mode others who share its descriptor have put that.
struct Blocking<W>(W);

impl<W: Locked + 'static> Output<W> {
    fn new(lock: fn() -> W) -> Self {
        Self { jobs: OnPool::new(Buffer::default()), lock, is_written: false }
    }

    /// Takes charge of bytes of `sources`.
    fn poll_write(&mut self, context: &mut Context<'_>, sources: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        poll_leaf(context, |context| {
            ready!(self.jobs.poll_end(context)).transpose()?;
            let mut written = self.jobs.state();
            let count = written.put(sources, MOST);
            let count = if count < MOST { count } else { whole(written.bytes()) };
            drop(written);
            if count > 0 {
                let lock = self.lock;
                self.jobs.begin(AtClose::Run, Err, move |written| {
                    // Locked once for all of it, so that it is in one piece.
                    Blocking(lock()).write_all(&written.bytes()[..count])
                })?;
                self.is_written = true;
            }
            Poll::Ready(Ok(count))
        })
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_leaf(context, |context| {
            loop {
                ready!(self.jobs.poll_end(context)).transpose()?;
                if !self.is_written {
                    return Poll::Ready(Ok(()));
                }
                let lock = self.lock;
                self.jobs.begin(AtClose::Run, Err, move |_| Blocking(lock()).flush())?;
                self.is_written = false;
            }
        })
    }
}

/// What is locked to be written to.
#[cfg(unix)]
trait Locked: Write + AsFd {}
#[cfg(unix)]
impl<W: Write + AsFd> Locked for W {}
#[cfg(not(unix))]
trait Locked: Write {}
#[cfg(not(unix))]
impl<W: Write> Locked for W {}

impl<W: Locked> Blocking<W> {
    /// Repeats `operation`, which has done nothing more when it errs, until it does not say that it would block.
    fn wait<R>(&mut self, mut operation: impl FnMut(&mut W) -> io::Result<R>) -> io::Result<R> {
        loop {
            match operation(&mut self.0) {
                #[cfg(unix)]
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // What the look cannot tell the operation tells.
                    let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None);
                }
                answer => return answer,
            }
        }
    }
}

impl<W: Locked> Write for Blocking<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(|output| output.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait(Write::flush)
    }
}

/// How many of `bytes`, which are cut off somewhere, to write: as many as end with a character, if they end within one. Others may write between two parts.
fn whole(bytes: &[u8]) -> usize {
    /// The bytes of a character, but for the last.
    const OPEN: usize = 3;
    let begins = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
    let Some(from_end) = bytes.iter().rev().take(OPEN).position(begins) else { return bytes.len() };
    let start = bytes.len() - from_end - 1;
    match std::str::from_utf8(&bytes[start..]) {
        Err(error) if error.error_len().is_none() && start > 0 => start,
        _ => bytes.len(),
    }
}

/// Implements an output of that name.
macro_rules! implement_output {
    ($(#[$attribute:meta])* $type:ident, $lock:ident, $(#[$function_attribute:meta])* $function:ident) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $type(Output<io::$lock<'static>>);

        // A panic leaves no half of an operation behind.
        impl UnwindSafe for $type {}
        impl RefUnwindSafe for $type {}

        $(#[$function_attribute])*
        pub fn $function() -> $type {
            $type(Output::new(|| io::$function().lock()))
        }

        impl $type {
            fn poll_write_from(&mut self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
                self.0.poll_write(context, &[IoSlice::new(buffer)])
            }

            fn poll_write_vectored_from(
                &mut self,
                context: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(context, buffers)
            }

            fn poll_flush_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(context)
            }

            /// It stays open, for others.
            fn poll_close_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(context)
            }
        }

        implement_write!($type);

        #[cfg(unix)]
        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                io::$function().as_raw_fd()
            }
        }

        #[cfg(unix)]
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                rustix::stdio::$function()
            }
        }
    };
}

implement_output!(
    /// The standard output of the process; [`stdout`] makes one. It has the traits of futures-io and, with the feature `tokio-io`, tokio's.
    ///
    /// # How it works
    /// A write copies the bytes, hands them to a job on the blocking pool, which writes them to [`std::io::stdout`], and is done: **it tells that the output has taken charge of
    /// them, not that they are written**. The next operation waits for that job, and answers its error. A flush waits until everything is written, and flushes the standard
    /// library's output, which keeps what follows the last end of a line. `close` flushes, and leaves the output open.
    ///
    /// The descriptor's mode is left as it is, and does not matter: in non-blocking mode, that of others who share it, the job waits.
    ///
    /// What one `Stdout` is given comes out in order, and each write in one piece: `println!` and other `Stdout`s write before it or after it. More than 2 MiB at a time is taken in parts, which end with
    /// whole characters if the text is UTF-8. Two that are used at the same time have no order between them: flush the one before the other is used.
    ///
    /// # At the end of the program
    /// What was flushed is out. A write that has answered is carried out even if this is dropped, and if the runtime shuts down before a thread of the pool was free; it comes out as long as the
    /// runtime is dropped, which waits for it, before the process ends, and what follows the last end of a line then, too, as the process ends. Without that, as after
    /// [`shutdown_background`](crate::runtime::Runtime::shutdown_background), or with `std::process::exit`, it may not, and nobody hears of an error: so flush.
    ///
    /// # Errors
    /// What the operating system says. An error outside a runtime, and from a runtime that has shut down, or that can start no thread for its pool: nothing was done then, and a write that answers so has taken
    /// no byte.
    ///
    /// # Cancel safety
    /// A write that was dropped pending has taken nothing, one that has answered is carried out. A flush may be dropped and repeated.
    Stdout,
    StdoutLock,
    /// The standard output of the process.
    ///
    /// It needs a runtime when it is written, and not when it is made. See [`Stdout`].
    ///
    /// ```
    /// use fusee::io::{AsyncWriteExt, stdout};
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut stdout = stdout();
    ///     stdout.write_all(b"done\n").await?;
    ///     stdout.flush().await
    /// })
    /// # .unwrap();
    /// ```
    stdout
);

implement_output!(
    /// The standard error output of the process; [`stderr`] makes one. It has the traits of futures-io and, with the feature `tokio-io`, tokio's.
    ///
    /// All that is said of a [`Stdout`] holds here, with [`std::io::stderr`], which keeps nothing back.
    Stderr,
    StderrLock,
    /// The standard error output of the process.
    ///
    /// It needs a runtime when it is written, and not when it is made. See [`Stderr`].
    ///
    /// ```
    /// use fusee::io::{AsyncWriteExt, stderr};
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut stderr = stderr();
    ///     stderr.write_all(b"it does not work\n").await?;
    ///     stderr.flush().await
    /// })
    /// # .unwrap();
    /// ```
    stderr
);

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_part_ends_with_a_whole_character() {
        let text = "aé€😀".as_bytes();
        for end in [1, 3, 6, 10] {
            assert_eq!(whole(&text[..end]), end, "{end}");
        }
        for (end, start) in [(2, 1), (4, 3), (5, 3), (7, 6), (8, 6), (9, 6)] {
            assert_eq!(whole(&text[..end]), start, "{end}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_cut() {
        for bytes in [&[0x80, 0x80, 0x80, 0x80, 0x80][..], &[b'a', 0xff], &[b'a', 0xff, 0x80, 0x80], &[0xc3], &[]] {
            assert_eq!(whole(bytes), bytes.len(), "{bytes:?}");
        }
    }
}
