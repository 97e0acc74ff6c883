//! The pipes to a child.
//!
//! Deliberately not here: how a source waits (`source/`).

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{self, Stdio};
use std::task::{Context, Poll};

use mio::unix::pipe::{Receiver, Sender};

use crate::io::traits::{PollRead, PollWrite, implement_read, implement_write};
use crate::reactor::bits;
use crate::source::{Direction, Evented};

/// A pipe to or from a child, and how it is taken over and given away.
macro_rules! pipe {
    ($(#[doc = $meaning:literal])* $name:ident, $pipe:ty, $interest:expr, $example:literal) => {
        $(#[doc = $meaning])*
        #[derive(Debug)]
        pub struct $name(Evented<$pipe>);

        impl $name {
            /// Takes over the standard library's, which is put into nonblocking mode.
            ///
            /// # Errors
            /// The process has no descriptors left, or the runtime has shut down.
            ///
            /// # Panics
            /// Outside a runtime, and in a forked child of the process that built it.
            ///
            /// ```
            /// use std::process::{Command, Stdio};
            ///
            /// # fusee::runtime::block_on(async {
            /// let mut child = Command::new("true").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            #[doc = $example]
            /// # drop(pipe);
            /// child.wait()?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            #[track_caller]
            pub fn from_std(pipe: process::$name) -> io::Result<Self> {
                let pipe = <$pipe>::from(pipe);
                pipe.set_nonblocking(true)?;
                Ok(Self(Evented::with_interest(pipe, $interest)?))
            }

            /// Takes it out of its runtime, in blocking mode, as other programs expect theirs.
            ///
            /// # Errors
            /// The selector does not let go of it, which is not to be expected.
            ///
            /// ```
            /// use std::process::{Command, Stdio};
            ///
            /// # fusee::runtime::block_on(async {
            /// let mut child = Command::new("true").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            #[doc = $example]
            /// let file = std::fs::File::from(pipe.into_owned_fd()?);
            /// # drop(file);
            /// child.wait()?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
                let pipe = self.0.into_source()?;
                pipe.set_nonblocking(false)?;
                Ok(pipe.into())
            }
        }

        /// For another child: in blocking mode, as programs expect it.
        impl TryFrom<$name> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<Self> {
                pipe.into_owned_fd().map(Self::from)
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_raw_fd()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }
    };
}

pipe!(
    /// What a child reads. It is written to; dropped, the child is at its end. To close or shut it down is not enough.
    ///
    /// ```
    /// use std::process::Stdio;
    ///
    /// use fusee::io::AsyncWriteExt;
    /// use fusee::process::Command;
    ///
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("grep").args(["-q", "needle"]).stdin(Stdio::piped()).spawn()?;
    /// let mut stdin = child.stdin.take().unwrap();
    /// stdin.write_all(b"hay\nneedle\nhay\n").await?;
    /// drop(stdin);
    /// assert!(child.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ChildStdin,
    Sender,
    bits::WRITABLE,
    "let pipe = fusee::process::ChildStdin::from_std(child.stdin.take().unwrap())?;"
);

pipe!(
    /// What a child writes. It is read; to its end, which comes when nobody has the other end any more.
    ///
    /// It can be what another child reads:
    ///
    /// ```
    /// use std::process::Stdio;
    ///
    /// use fusee::process::Command;
    ///
    /// # fusee::runtime::block_on(async {
    /// let mut first = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// let between: Stdio = first.stdout.take().unwrap().try_into()?;
    /// let second = Command::new("tr").args(["a-z", "A-Z"]).stdin(between).output().await?;
    /// assert_eq!(second.stdout, b"HELLO\n");
    /// assert!(first.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ChildStdout,
    Receiver,
    bits::READABLE,
    "let pipe = fusee::process::ChildStdout::from_std(child.stdout.take().unwrap())?;"
);

pipe!(
    /// What a child complains. It is read, as [`ChildStdout`] is.
    ///
    /// ```
    /// use std::process::Stdio;
    ///
    /// use fusee::io::AsyncReadExt;
    /// use fusee::process::Command;
    ///
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("sh").args(["-c", "echo no >&2"]).stderr(Stdio::piped()).spawn()?;
    /// let mut complaints = String::new();
    /// child.stderr.take().unwrap().read_to_string(&mut complaints).await?;
    /// assert_eq!(complaints, "no\n");
    /// assert!(child.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    ChildStderr,
    Receiver,
    bits::READABLE,
    "let pipe = fusee::process::ChildStderr::from_std(child.stderr.take().unwrap())?;"
);

impl PollWrite for ChildStdin {
    fn poll_write_from(&self, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |mut pipe| pipe.write(buffer))
    }

    fn poll_write_vectored_from(&self, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.0.poll_io(context, Direction::Write, |mut pipe| pipe.write_vectored(buffers))
    }

    fn poll_close_write(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

implement_write!(ChildStdin);

macro_rules! read {
    ($name:ident) => {
        impl PollRead for $name {
            fn poll_read_into(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
                self.0.poll_io(context, Direction::Read, |mut pipe| pipe.read(buffer))
            }

            fn poll_read_vectored_into(
                &self,
                context: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_io(context, Direction::Read, |mut pipe| pipe.read_vectored(buffers))
            }
        }

        implement_read!($name);
    };
}

read!(ChildStdout);
read!(ChildStderr);
