//! A process until it was waited for: by its [`Child`](super::Child), or, when that is dropped, by a task.
//!
//! Who calls it: `child.rs`, on any thread; the runtime polls what is left to it.

use std::io;
use std::pin::Pin;
use std::process::{Child, ExitStatus};
use std::task::{Context, Poll, ready};

use rustix::event::{Timespec, poll};

use super::ends::Ends;
use super::number::Numbered;
use crate::reactor::gone;
use crate::runtime::Handle;

/// A process that has an owner, who is to wait for it.
#[derive(Debug)]
pub(super) struct Running {
    /// Until the owner is dropped.
    process: Option<Process>,
    kill_on_drop: bool,
}

/// A process that nobody has waited for.
#[derive(Debug)]
struct Process {
    child: Numbered,
    ends: Ends,
}

/// One that has no owner any more: the task that waits for it.
struct Orphan {
    process: Process,
    is_killed: bool,
}

impl Running {
    /// # Errors
    /// Nobody could tell of its end: it was killed then, and waited for.
    pub(super) fn new(child: Child, kill_on_drop: bool) -> io::Result<Self> {
        let mut child = Numbered::new(child);
        match Ends::of(&mut child) {
            Ok(ends) => Ok(Self { process: Some(Process { child, ends }), kill_on_drop }),
            Err(error) => {
                undo(child);
                Err(error)
            }
        }
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("the process is there until its owner is dropped")
    }

    fn process_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("the process is there until its owner is dropped")
    }

    pub(super) fn id(&self) -> u32 {
        self.process().child.id()
    }

    /// Kills it, or answers how it has ended.
    pub(super) fn kill(&mut self) -> io::Result<Option<ExitStatus>> {
        let process = self.process_mut();
        process.ends.handle().assert_not_forked();
        process.kill()
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process_mut().child.try_wait()
    }

    pub(super) fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        self.process_mut().poll_wait(context)
    }
}

impl Process {
    fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        loop {
            if let Some(answer) = ready!(self.ends.poll(context, &mut self.child)) {
                return Poll::Ready(answer);
            }
            // Its runtime is gone: the one that polls takes over, and tells at once of an end that has been.
            if Handle::try_current().is_err() {
                return Poll::Ready(Err(gone()));
            }
            self.ends = Ends::of(&mut self.child)?;
        }
    }

    /// Kills it, unless it has ended: then answers how. An error, if somebody else has waited for it, as the kernel does where SIGCHLD is ignored: its number may be another's by now.
    fn kill(&mut self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        if ended.is_none() {
            self.ends.kill(&mut self.child)?;
        }
        Ok(ended)
    }

    /// A runtime that can wait for it.
    fn home(&self) -> Option<Handle> {
        let own = self.ends.handle();
        if own.scheduler().is_closed() {
            Handle::try_current().ok().filter(|current| !current.scheduler().is_closed())
        } else {
            Some(own.clone())
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // In a forked child it is the parent's.
        if process.ends.handle().scheduler().is_forked() {
            return;
        }
        // Of one that has ended there is nothing to kill, and what else is refused can be done by nobody.
        let is_killed = self.kill_on_drop && matches!(process.kill(), Ok(None));
        if !matches!(process.child.try_wait(), Ok(None)) {
            return;
        }
        let home = process.home();
        let orphan = Orphan { process, is_killed };
        // A runtime that has shut down meanwhile drops it, as is done here without one.
        if let Some(home) = home {
            drop(home.spawn(orphan));
        }
    }
}

impl Future for Orphan {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Whom nobody can wait for is no zombie of ours.
        self.process.poll_wait(context).map(drop)
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        if self.process.ends.handle().scheduler().is_forked() {
            return;
        }
        let child = &mut self.process.child;
        if self.is_killed {
            wait_killed(child);
        } else {
            let _ = child.try_wait();
        }
    }
}

/// As if it had not been started.
pub(super) fn undo(mut child: Numbered) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = child.kill();
    }
    wait_killed(&mut child);
}

/// Waits for a process that was killed, which takes the time of its last system call; for a second at most.
fn wait_killed(child: &mut Numbered) {
    const MILLISECOND: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    for _ in 0..1000 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        // On nothing: it is the time that is waited for.
        let _ = poll(&mut [], Some(&MILLISECOND));
    }
}
