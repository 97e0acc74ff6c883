//! A child, as users see it.
//!
//! Deliberately not here: who waits for one that is dropped (`running.rs`).

use std::future::poll_fn;
use std::io;
use std::process::{self, ExitStatus, Output};
use std::task::{Context, Poll};

use futures_util::future::try_join3;

use super::number::Numbered;
use super::running::{Running, undo};
use super::{ChildStderr, ChildStdin, ChildStdout};
use crate::io::{AsyncRead, AsyncReadExt};

/// A program that was started by [`Command::spawn`](super::Command::spawn).
///
/// **Dropped, it runs on**, unless [`kill_on_drop`](super::Command::kill_on_drop) was asked for; a task waits for it. [The module](super) says what else becomes of it.
///
/// ```
/// use fusee::process::Command;
///
/// # fusee::runtime::block_on(async {
/// let mut child = Command::new("sh").args(["-c", "exit 3"]).spawn()?;
/// assert_eq!(child.wait().await?.code(), Some(3));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Child {
    state: State,
    /// Where it reads from, if that is [`Stdio::piped`](std::process::Stdio::piped). Taken out and dropped, it is at its end.
    pub stdin: Option<ChildStdin>,
    /// What it writes, if that is piped.
    pub stdout: Option<ChildStdout>,
    /// What it complains, if that is piped.
    pub stderr: Option<ChildStderr>,
}

#[derive(Debug)]
enum State {
    Running(Running),
    Ended(ExitStatus),
}

impl Child {
    /// # Errors
    /// The process has no descriptors left, or the runtime has shut down. The child was killed then.
    pub(super) fn new(mut child: process::Child, kill_on_drop: bool) -> io::Result<Self> {
        let pipes = (|| {
            let stdin = child.stdin.take().map(ChildStdin::from_std).transpose()?;
            let stdout = child.stdout.take().map(ChildStdout::from_std).transpose()?;
            let stderr = child.stderr.take().map(ChildStderr::from_std).transpose()?;
            io::Result::Ok((stdin, stdout, stderr))
        })();
        let (stdin, stdout, stderr) = match pipes {
            Ok(pipes) => pipes,
            Err(error) => {
                undo(Numbered::new(child));
                return Err(error);
            }
        };
        Ok(Self { state: State::Running(Running::new(child, kill_on_drop)?), stdin, stdout, stderr })
    }

    /// The number of its process. `None` once it was waited for: another process may have that by then.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("true").spawn()?;
    /// assert!(child.id().is_some());
    /// child.wait().await?;
    /// assert_eq!(child.id(), None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            State::Running(running) => Some(running.id()),
            State::Ended(_) => None,
        }
    }

    /// Kills it by SIGKILL, without waiting for its end; [`wait`](Self::wait) does that. Nothing happens if it has ended.
    ///
    /// # Errors
    /// What the operating system says: it runs as another user by now, for instance. Somebody else has waited for it: then nobody is killed, for its number may be another's.
    ///
    /// # Panics
    /// In a forked child of the process that started it.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("sleep").arg("3600").spawn()?;
    /// child.start_kill()?;
    /// assert!(!child.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        if let State::Running(running) = &mut self.state
            && let Some(status) = running.kill()?
        {
            self.state = State::Ended(status);
        }
        Ok(())
    }

    /// Kills it by SIGKILL, and waits for its end. Nothing happens if it has ended.
    ///
    /// # Errors
    /// As [`start_kill`](Self::start_kill) and [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`start_kill`](Self::start_kill).
    ///
    /// # Cancel safety
    /// Dropped before it is done, it is killed, and can be waited for.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("sleep").arg("3600").spawn()?;
    /// child.kill().await?;
    /// assert_eq!(child.id(), None);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Waits until it has ended, and answers how. First drops `stdin`, if that is still here: else a child that reads to the end would wait for that. Called again, it answers the same.
    ///
    /// Who has `stdout` or `stderr` piped reads them meanwhile, or drops them: a child that nobody reads from waits, too. [`wait_with_output`](Self::wait_with_output) does that.
    ///
    /// # Errors
    /// Its runtime has shut down, and this is polled on none; the process has no descriptors left to wait for it on another; somebody else has waited for it.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has lost nothing but `stdin`.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("true").spawn()?;
    /// assert!(child.wait().await?.success());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        poll_fn(|context| self.poll_wait(context)).await
    }

    fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let running = match &mut self.state {
            State::Running(running) => running,
            State::Ended(status) => return Poll::Ready(Ok(*status)),
        };
        let answer = running.poll_wait(context);
        if let Poll::Ready(Ok(status)) = answer {
            self.state = State::Ended(status);
        }
        answer
    }

    /// How it has ended, if it has. It drops nothing, and needs no runtime.
    ///
    /// # Errors
    /// Somebody else has waited for it.
    ///
    /// ```
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let mut child = Command::new("sleep").arg("3600").spawn()?;
    /// assert_eq!(child.try_wait()?, None);
    /// child.kill().await?;
    /// assert!(child.try_wait()?.is_some());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match &mut self.state {
            State::Ended(status) => Ok(Some(*status)),
            State::Running(running) => {
                let answer = running.try_wait()?;
                if let Some(status) = answer {
                    self.state = State::Ended(status);
                }
                Ok(answer)
            }
        }
    }

    /// Waits until it has ended, and reads all that it writes meanwhile to those of `stdout` and `stderr` that are piped and still here. First drops `stdin`.
    ///
    /// It reads to the end, which comes when nobody has the pipe any more: a grandchild may have it longer.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), or a pipe cannot be read.
    ///
    /// # Cancel safety
    /// Dropped before it is done, what was read is lost, and the child is dropped.
    ///
    /// ```
    /// # use std::process::Stdio;
    /// # use fusee::process::Command;
    /// # fusee::runtime::block_on(async {
    /// let child = Command::new("sh").args(["-c", "echo out; echo no >&2"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    /// let output = child.wait_with_output().await?;
    /// assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"no\n"[..]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (mut stdout, mut stderr) = (self.stdout.take(), self.stderr.take());
        let (status, out, err) =
            try_join3(self.wait(), read_to_end(stdout.as_mut()), read_to_end(stderr.as_mut())).await?;
        Ok(Output { status, stdout: out, stderr: err })
    }
}

async fn read_to_end(pipe: Option<&mut (impl AsyncRead + Unpin)>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
