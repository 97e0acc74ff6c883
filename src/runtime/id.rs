//! Which runtime something belongs to, and which of its workers runs here.
//!
//! A runtime's identifier is the address of what its threads share, a local set's that of its list of tasks: unique among those that live, in
//! the whole process, without a counter that they would have to share. Any thread may ask.

use std::fmt;
use std::num::NonZeroUsize;

use crate::scheduler::seat;
use crate::scheduler::worker::Worker;

/// Tells a runtime, or a [`LocalSet`](crate::task::LocalSet), from all others that live at the same time in the process.
///
/// An identifier may be used again once the runtime has ended and its handles and tasks are gone. Its number says nothing about
/// the order in which runtimes were made.
///
/// ```
/// use fusee::runtime::{Handle, Runtime};
///
/// let (one, other) = (Runtime::new()?, Runtime::new()?);
/// assert_ne!(one.handle().id(), other.handle().id());
/// assert_eq!(one.block_on(async { Handle::current().id() }), one.handle().id());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(NonZeroUsize);

impl Id {
    /// The identifier of what lives at the address of `place`.
    pub(crate) fn of_place<T>(place: &T) -> Self {
        let address = std::ptr::from_ref(place).addr();
        Self(NonZeroUsize::new(address).expect("a reference is not null"))
    }
}

/// Which worker runs the code that calls this, from 0 on; none on a thread that works as no worker.
///
/// It is the number that [`RuntimeMetrics`](super::RuntimeMetrics) knows the worker by. A task may find another after each `.await`, and none
/// after [`block_in_place`](crate::task::block_in_place), which hands its worker on. None too in blocking jobs, in hooks around threads, and in the future
/// of `block_on` on a multi-thread runtime; on a current-thread runtime its thread works as worker 0.
///
/// ```
/// use fusee::runtime::{Builder, worker_index};
///
/// let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
/// let index = runtime.block_on(async { fusee::spawn(async { worker_index() }).await.unwrap() });
/// assert!(index.unwrap() < 2);
/// assert_eq!(worker_index(), None);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn worker_index() -> Option<usize> {
    seat::with(Worker::index)
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({:#x})", self.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
