//! Who tells that a process has ended: its descriptor, if there is one, or SIGCHLD.
//!
//! Who calls it: `running.rs`, on any thread.

use std::io::{self, ErrorKind};
use std::process::{Child, ExitStatus};
use std::task::{Context, Poll};

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
}

impl Ends {
    /// By the reactor of the current runtime.
    ///
    /// # Errors
    /// The process has no descriptors left, or the runtime has shut down.
    pub(super) fn of(child: &Child) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Ok(ends) = descriptor::open(child) {
            return Ok(Self::Descriptor(ends));
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
        }
    }

    /// Waits for the end of `child`, which is the one that this is of. `None`: the runtime that tells of it has shut down.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        child: &mut Child,
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
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use crate::reactor::{Source, bits};
    use crate::source::Evented;

    /// A process's, which the kernel can tell of.
    #[derive(Debug)]
    pub(in crate::process) struct Descriptor(OwnedFd);

    /// The descriptor of `child`, which has not been waited for: so nobody else has its number.
    pub(super) fn open(child: &Child) -> io::Result<Evented<Descriptor>> {
        let descriptor = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        Evented::with_interest(Descriptor(descriptor), bits::READABLE)
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
