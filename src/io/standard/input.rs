//! The standard input.

use std::io::{self, IoSliceMut};
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, ready};

use super::gate::Gate;
use crate::blocking::AtClose;
use crate::io::buffer::{Buffer, MOST};
use crate::io::on_pool::OnPool;
use crate::io::traits::implement_read;
#[cfg(feature = "tokio-io")]
use crate::io::traits::read_cleared;
use crate::task::coop::poll_leaf;

/// The standard input of the process.
///
/// It needs a runtime when it is read, and not when it is made. See [`Stdin`].
///
/// ```no_run
/// use fusee::io::{AsyncBufReadExt, BufReader, stdin};
/// use futures::TryStreamExt;
///
/// fusee::runtime::block_on(async {
///     let mut lines = BufReader::new(stdin()).lines();
///     while let Some(line) = lines.try_next().await? {
///         println!("{}", line.to_uppercase());
///     }
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub fn stdin() -> Stdin {
    Stdin { jobs: OnPool::new(Buffer::default()), gate: Gate::new() }
}

/// The standard input of the process; [`stdin`] makes one. It has the traits of futures-io and, with the feature `tokio-io`, tokio's.
///
/// # When nothing comes
/// On Unix a pipe, a terminal and a socket are waited for as a socket of [`net`](crate::net) is: no thread waits, a program ends at once when its `main` returns, though it waits for
/// input, and so does a runtime that is dropped. Only when there is something to read a job on the blocking pool does so. If another process reads the same pipe or terminal and is faster, by
/// microseconds, that job waits until something else comes, and a shutdown waits for it.
///
/// A file goes straight to the pool, and so does any input where the system has no means to wait; there a shutdown waits for the next line, unless it is one of
/// [`shutdown_background`](crate::runtime::Runtime::shutdown_background), and with `std::process::exit` a program ends at once.
///
/// # Sharing
/// The descriptor's mode is left as it is. A pipe, a terminal or a socket is read directly: what [`std::io::stdin`] has in its buffer, which is the standard library's own, is not seen. So
/// let one of them read, or only one at a time and to the end of what is there. There may be any number of `Stdin`, each of which gets what it reads; each keeps what a read that was given up has got, and
/// what a `BufReader` around it has in its buffer.
///
/// # Errors
/// What the operating system says; an input that is closed is at its end. An error outside a runtime, and from a runtime that has shut down, or that can start no thread for its pool. When the runtime
/// on which it waits has shut down, it goes on on the one that is current.
///
/// # Cancel safety
/// A read may be dropped while it waits: what it has got by then is answered by the next read.
#[derive(Debug)]
pub struct Stdin {
    /// What was read and is not taken yet; the job answers whether there was anything to read.
    jobs: OnPool<Buffer, io::Result<bool>>,
    gate: Gate,
}

// A panic leaves no half of an operation behind.
impl UnwindSafe for Stdin {}
impl RefUnwindSafe for Stdin {}

impl Stdin {
    #[cfg(feature = "tokio-io")]
    fn poll_read_buf(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        read_cleared(buffer, |room| self.poll_read_into(context, room))
    }

    fn poll_read_into(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read(context, buffer.len(), |read| read.take(buffer))
    }

    fn poll_read_vectored_into(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
        self.poll_read(context, wanted, |read| read.take_vectored(buffers))
    }

    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
        take: impl FnOnce(&mut Buffer) -> usize,
    ) -> Poll<io::Result<usize>> {
        poll_leaf(context, |context| {
            loop {
                let read = ready!(self.jobs.poll_end(context)).transpose()?;
                let mut buffer = self.jobs.state();
                if read == Some(true) || wanted == 0 || !buffer.is_empty() {
                    return Poll::Ready(Ok(take(&mut buffer)));
                }
                drop(buffer);
                let reader = ready!(self.gate.poll_open(context))?;
                let most = wanted.min(MOST);
                self.jobs.begin(AtClose::Cancelled, Err, move |buffer| reader.read(buffer, most))?;
            }
        })
    }
}

implement_read!(Stdin);

#[cfg(unix)]
impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        io::stdin().as_raw_fd()
    }
}

#[cfg(unix)]
impl AsFd for Stdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        rustix::stdio::stdin()
    }
}
