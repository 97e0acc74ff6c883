//! Who tells that a process has ended: its descriptor, if there is one, or SIGCHLD. A descriptor is how it is killed, too: that is nobody else's, as a number may be.
//!
//! Who calls it: `running.rs`, on any thread.

use std::io::{self, ErrorKind};
use std::process::ExitStatus;
use std::task::{Context, Poll};

use super::number::Numbered;
use crate::runtime::Handle;
use crate::signal::unix::{Signal, SignalKind, signal};

#[cfg(target_os = "linux")]
use self::descriptor::Descriptor;
#[cfg(target_os = "linux")]
use crate::source::{Direction, Evented};

#[derive(Debug)]
pub(super) enum Ends {
    /// It is readable once the process has ended.
    #[cfg(target_os = "linux")]
    Descriptor(Evented<Descriptor>),
    /// It hears of each child that stops, goes on or ends.
    Signals(Signal),
    /// Nobody: it was waited for by somebody else before there was anybody.
    Nobody(Handle),
}

impl Ends {
    /// By the reactor of the current runtime.
    ///
    /// # Errors
    /// The process has no descriptors left, or the runtime has shut down.
    pub(super) fn of(child: &mut Numbered) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            let descriptor = descriptor::open(child.child());
            // Only now: who has not been waited for has had the number all the time, and the descriptor is of no other. But nothing tells one that has been
            // waited for from another child of this process's that got its number at once.
            if child.look_whether_lost() {
                return Ok(Self::Nobody(Handle::current()));
            }
            if let Ok(ends) = descriptor {
                return Ok(Self::Descriptor(ends));
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = child;
        Ok(Self::Signals(signal(SignalKind::child())?))
    }

    /// The runtime that tells of it.
    pub(super) fn handle(&self) -> &Handle {
        match self {
            #[cfg(target_os = "linux")]
            Self::Descriptor(ends) => ends.registration().handle(),
            Self::Signals(ends) => ends.handle(),
            Self::Nobody(handle) => handle,
        }
    }

    /// Kills `child`, which is the one that this is of, and which nobody had waited for a moment ago.
    pub(super) fn kill(&self, child: &mut Numbered) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Self::Descriptor(ends) = self
            && let Some(answer) = ends.kill()
        {
            return answer;
        }
        child.kill()
    }

    /// Waits for the end of `child`, which is the one that this is of. `None`: the runtime that tells of it has shut down.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        child: &mut Numbered,
    ) -> Poll<Option<io::Result<ExitStatus>>> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Descriptor(ends) => {
                // A debugger is told of the end first. It is told again when that has let go of the process.
                let look = |_: &Descriptor| child.try_wait().transpose().ok_or_else(|| ErrorKind::WouldBlock.into());
                ends.poll_io(context, Direction::Read, look).map(Result::ok)
            }
            Self::Signals(ends) => loop {
                // First who is to be woken, then the look: of an end after that is told.
                let heard = ends.poll_recv(context);
                if let Some(answer) = child.try_wait().transpose() {
                    return Poll::Ready(Some(answer));
                }
                match heard {
                    Poll::Ready(Some(())) => {}
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => return Poll::Pending,
                }
            },
            Self::Nobody(_) => Poll::Ready(child.try_wait().transpose()),
        }
    }
}

#[cfg(target_os = "linux")]
mod descriptor {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::process::Child;

    use mio::unix::SourceFd;
    use mio::{Interest, Registry, Token};
    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use crate::process::number::lost;
    use crate::reactor::{Source, bits};
    use crate::source::Evented;

    /// A process's, which the kernel can tell of.
    #[derive(Debug)]
    pub(in crate::process) struct Descriptor(OwnedFd);

    /// The descriptor of whoever has the number of `child`.
    pub(super) fn open(child: &Child) -> io::Result<Evented<Descriptor>> {
        let descriptor = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        Evented::with_interest(Descriptor(descriptor), bits::READABLE)
    }

    impl Descriptor {
        /// `None`: the kernel or a filter refuses it.
        pub(super) fn kill(&self) -> Option<io::Result<()>> {
            match pidfd_send_signal(&self.0, Signal::KILL) {
                Err(Errno::NOSYS | Errno::PERM) => None,
                Err(Errno::SRCH) => Some(Err(lost())),
                answer => Some(answer.map_err(Into::into)),
            }
        }
    }

    impl Source for Descriptor {
        fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).register(registry, token, interest)
        }

        fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).reregister(registry, token, interest)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).deregister(registry)
        }
    }
}
