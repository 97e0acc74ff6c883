//! How the threads of a runtime are configured: its workers, its timer driver and those of the blocking pool.
//!
//! Code of the user's runs on all of them, a foreign executor's wakers and what futures drop on the driver too: so no thread is started past these settings.
//!
//! Who calls it: `runtime/builder.rs` checks, `runtime/start.rs` and `runtime/pool_thread.rs` start threads, on whatever thread asks for one.

use std::{fmt, io};

use crate::facade::thread::Builder;
use crate::facade::{StdArc, thread_room};

/// The names of a runtime's threads.
#[derive(Clone)]
pub(crate) enum ThreadName {
    /// Each kind of thread has one of its own, with a number. In 15 bytes, of which Linux shows no more, there is room for two digits of a worker's
    /// and four of a pool thread's.
    Numbered,
    /// The driver's has an ending of its own.
    Same(StdArc<str>),
    /// Asked on each start.
    By(StdArc<dyn Fn() -> String + Send + Sync>),
}

impl ThreadName {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self::Same(name.into().into())
    }

    pub(crate) fn by(name: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self::By(StdArc::new(name))
    }

    /// Refuses a name that no thread can have, as far as it is known.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self {
            Self::Same(name) => check(name),
            Self::Numbered | Self::By(_) => Ok(()),
        }
    }
}

/// What the builder was told of its threads.
#[derive(Clone, Debug)]
pub(crate) struct ThreadSettings {
    pub(crate) name: ThreadName,
    /// In bytes; the standard library's default otherwise.
    pub(crate) stack_size: Option<usize>,
}

/// What a thread is started for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// The worker of this index.
    Worker(usize),
    Driver,
    /// The thread of the blocking pool of this number.
    Pool(u64),
}

impl ThreadSettings {
    /// A thread about to be started.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name with a nul byte, at which the standard library would panic.
    pub(crate) fn builder(&self, role: Role) -> io::Result<Builder> {
        let name = match (&self.name, role) {
            (ThreadName::Numbered, Role::Worker(index)) => format!("fusee-worker-{index}"),
            (ThreadName::Numbered, Role::Driver) => "fusee-driver".to_owned(),
            (ThreadName::Numbered, Role::Pool(number)) => format!("fusee-pool-{number}"),
            (ThreadName::Same(name), Role::Driver) => format!("{name}-driver"),
            (ThreadName::Same(name), _) => name.as_ref().to_owned(),
            (ThreadName::By(name), Role::Driver) => name() + "-driver",
            (ThreadName::By(name), _) => name(),
        };
        check(&name)?;
        let builder = Builder::new().name(name);
        Ok(match self.stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        })
    }
}

/// So many threads of a kind are started without a look at the room for them: as many as a blocking pool has by default. It is a thirtieth
/// of what a process may have on Linux by default.
pub(crate) const FEW: usize = 512;

/// Refuses to start so many threads of a kind if they are many and the process could end by it.
pub(crate) fn check_room(threads: usize) -> io::Result<()> {
    if threads <= FEW || threads <= thread_room() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::OutOfMemory, "the process may not have so many memory maps (vm.max_map_count)"))
}

fn check(name: &str) -> io::Result<()> {
    if name.contains('\0') {
        let message = format!("thread_name must not contain a nul byte: {name:?}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

impl fmt::Debug for ThreadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered => f.write_str("<numbered>"),
            Self::Same(name) => fmt::Debug::fmt(name, f),
            Self::By(_) => f.write_str("<function>"),
        }
    }
}
