//! How it is known that there is something to read from the standard input, before a job reads it: a read that finds nothing blocks its thread, and nobody can call it back.
//!
//! On Unix a descriptor of its own, of the same open file, is a source of the runtime's reactor: pipes, terminals and sockets can be. The reactor tells of edges, and of what was there when
//! the source was added; a read may leave something behind, and others may take what was told of. So that edges do not matter, the kernel is asked for the level by `poll(2)` before each read (`look.rs`).
//!
//! What no selector takes goes straight to the pool: files, whose reads end, and what is closed.
//!
//! Who calls it: `input.rs`, in a task, and on a thread of the pool. Checked by `tests/stdio.rs` and `stdio_shared.rs`.

#[cfg(unix)]
pub(super) use of_unix::Gate;
#[cfg(not(unix))]
pub(super) use straight::Gate;

#[cfg(unix)]
mod of_unix {
    use std::io::{self, ErrorKind};
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::task::{Context, Poll, ready};

    use super::super::look::{Level, poll_readable, read_now};
    use mio::unix::SourceFd;
    use mio::{Interest, Registry, Token};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use crate::facade::{Arc, Mutex};
    use crate::io::buffer::Buffer;
    use crate::reactor::{Source, bits};
    use crate::runtime::Handle;
    use crate::source::{Direction, Evented};

    /// Held from a look to the read that it allows. The input is the process's, and so is this: of two of its readers that both have looked one would block.
    static READING: Mutex<()> = Mutex::new(());

    /// Opens when there is something to read.
    #[derive(Debug)]
    pub(in super::super) struct Gate(State);

    #[derive(Debug)]
    enum State {
        /// Nobody has read yet.
        New,
        Watched(Evented<Input>),
        /// There is no telling when it is ready.
        Straight,
    }

    /// A descriptor of the standard input. It is another than that of the process, so that there may be several of them in one reactor.
    #[derive(Clone, Debug)]
    struct Input(Arc<OwnedFd>);

    /// Who reads, on a thread of the pool.
    #[derive(Debug)]
    pub(in super::super) struct Reader(Option<Input>);

    impl Gate {
        pub(in super::super) fn new() -> Self {
            Self(State::New)
        }

        /// Pending until there is something to read, as far as anybody can tell: who is to read it.
        pub(in super::super) fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Reader>> {
            loop {
                let source = match &self.0 {
                    State::New => {
                        self.0 = State::on_current_runtime()?;
                        continue;
                    }
                    State::Watched(source) => source,
                    State::Straight => return Poll::Ready(Ok(Reader(None))),
                };
                let registration = source.registration();
                let poll_ready = || registration.poll_ready(context, Direction::Read);
                match ready!(poll_readable(&**source, poll_ready, |seen| registration.refute(seen))) {
                    Ok(()) => return Poll::Ready(Ok(Reader(Some((**source).clone())))),
                    Err(error) => {
                        let current = Handle::try_current().map_err(io::Error::other)?;
                        if current.id() == registration.handle().id() {
                            return Poll::Ready(Err(error));
                        }
                        // The runtime that it was watched on is gone.
                        self.0 = State::New;
                    }
                }
            }
        }
    }

    impl State {
        fn on_current_runtime() -> io::Result<Self> {
            Handle::try_current().map_err(io::Error::other)?;
            let descriptor = match io::stdin().as_fd().try_clone_to_owned() {
                Err(error) if Errno::from_io_error(&error) == Some(Errno::BADF) => return Ok(Self::Straight),
                descriptor => descriptor?,
            };
            match Evented::with_interest(Input(Arc::new(descriptor)), bits::READABLE) {
                // Files, on Linux; on other systems some terminals, too.
                Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::PERM | Errno::INVAL)) => {
                    Ok(Self::Straight)
                }
                source => source.map(Self::Watched),
            }
        }
    }

    impl Level for Input {
        fn is_readable(&self) -> bool {
            let mut asked = [PollFd::new(&self.0, PollFlags::IN)];
            loop {
                match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                    Err(Errno::INTR) => {}
                    Err(_) => return true,
                    Ok(count) => return count > 0,
                }
            }
        }

        fn read(&self, room: &mut [u8]) -> io::Result<usize> {
            Ok(rustix::io::read(&self.0, room)?)
        }
    }

    impl Reader {
        /// Reads at most `most` bytes. False if there is nothing to read any more: somebody else has read it.
        pub(in super::super) fn read(self, buffer: &mut Buffer, most: usize) -> io::Result<bool> {
            let Some(input) = self.0 else {
                return buffer.fill_from(most, &mut io::stdin()).map(|_| true);
            };
            // The look comes after the room is there, right before the read.
            match buffer.fill(most, |room| read_now(&input, &READING, room)) {
                // Nothing is there, or somebody was faster in non-blocking mode.
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
                read => read.map(|_| true),
            }
        }
    }

    impl Source for Input {
        fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).register(registry, token, interests)
        }

        fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).reregister(registry, token, interests)
        }

        fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
            SourceFd(&self.0.as_raw_fd()).deregister(registry)
        }
    }
}

#[cfg(not(unix))]
mod straight {
    use std::io;
    use std::task::{Context, Poll};

    use crate::io::buffer::Buffer;

    /// Always open.
    #[derive(Debug)]
    pub(in super::super) struct Gate;

    /// Who reads, on a thread of the pool.
    #[derive(Debug)]
    pub(in super::super) struct Reader;

    impl Gate {
        pub(in super::super) fn new() -> Self {
            Self
        }

        pub(in super::super) fn poll_open(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<Reader>> {
            Poll::Ready(Ok(Reader))
        }
    }

    impl Reader {
        pub(in super::super) fn read(self, buffer: &mut Buffer, most: usize) -> io::Result<bool> {
            buffer.fill_from(most, &mut io::stdin()).map(|_| true)
        }
    }
}
