//! A child that this process is to wait for, by its number.
//!
//! The number is the child's until somebody has waited for it, be it the kernel, where SIGCHLD is ignored. After that it is anybody's, another child of this process's
//! among them: nobody is asked for by it any more.
//!
//! Who calls it: `running.rs` and `ends.rs`, on any thread.

use std::io;
use std::process::{Child, ExitStatus};

use rustix::io::Errno;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

#[derive(Debug)]
pub(super) struct Numbered {
    child: Child,
    /// Somebody else has waited for it.
    is_lost: bool,
}

impl Numbered {
    pub(super) fn new(child: Child) -> Self {
        Self { child, is_lost: false }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn child(&self) -> &Child {
        &self.child
    }

    /// Whether somebody else has waited for it. It is looked at, and not waited for: its number stays its own.
    #[cfg(target_os = "linux")]
    pub(super) fn look_whether_lost(&mut self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.is_lost |= matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Err(Errno::CHILD));
        self.is_lost
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    /// Somebody else has waited for it (`ECHILD`), now and from then on.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.is_lost {
            return Err(lost());
        }
        let answer = self.child.try_wait();
        self.is_lost = answer.is_err();
        answer
    }

    /// Kills by its number a process that has not been waited for, as far as the last look tells.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }
}

/// What is answered of a child that somebody else has waited for.
pub(super) fn lost() -> io::Error {
    Errno::CHILD.into()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn of_one_that_is_lost_nobody_is_asked_by_its_number() {
        let mut child = Numbered::new(Command::new("true").spawn().unwrap());
        child.is_lost = true;
        // As another that has got its number.
        assert_eq!(child.try_wait().unwrap_err().raw_os_error(), Some(Errno::CHILD.raw_os_error()));
        assert!(child.child.wait().unwrap().success(), "it was not waited for");
        assert!(child.try_wait().is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_look_leaves_one_that_has_ended_to_who_waits() {
        let (mut child, other) =
            (Numbered::new(Command::new("true").spawn().unwrap()), Command::new("true").spawn().unwrap());
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&child.child)), ended).unwrap();
        assert!(!child.look_whether_lost());
        waitid(WaitId::Pid(Pid::from_child(&child.child)), ended).expect("its number is still its own");
        assert!(child.try_wait().unwrap().unwrap().success());
        let mut lost = Numbered::new(other);
        waitid(WaitId::Pid(Pid::from_child(&lost.child)), WaitIdOptions::EXITED).unwrap();
        assert!(lost.look_whether_lost() && lost.try_wait().is_err());
    }
}
