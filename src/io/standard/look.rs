//! Looks at an input before it is read, so that no read blocks: by who waits for something to read, and, again, by who reads.
//!
//! The first look makes up for edges: readiness says that there was something, and is cleared if there is nothing now. The second makes up for others: of any number of readers
//! of the same input that have all looked one reads, and the rest wait again.
//!
//! # Invariants
//! - *What comes after a look is told* (`gate_looks_first`, structural): the readiness that a look refutes is from before it.
//! - *A read follows on its look* (`gate_unlocked`, structural): under a lock that is held from the one to the other, and is that of all readers of this process.
//!
//! Who calls it: `gate.rs`, in a task, and on a thread of the pool. Checked by the model `stdin_readers`.
//! Deliberately not here: readers in other processes, who know no lock.

use std::io::{self, ErrorKind};
use std::task::{Poll, ready};

use crate::facade::{Mutex, mutant};
use crate::reactor::slot::Seen;

/// What can be asked whether a read would block.
pub(crate) trait Level {
    fn is_readable(&self) -> bool;

    /// Blocks while there is nothing.
    fn read(&self, room: &mut [u8]) -> io::Result<usize>;
}

/// Pending until there is something to read, by the readiness that `poll_ready` tells and `refute` clears.
pub(crate) fn poll_readable(
    input: &impl Level,
    mut poll_ready: impl FnMut() -> Poll<io::Result<Seen>>,
    refute: impl Fn(Seen),
) -> Poll<io::Result<()>> {
    loop {
        let early = mutant("gate_looks_first").then(|| input.is_readable());
        let seen = ready!(poll_ready())?;
        if early.unwrap_or_else(|| input.is_readable()) {
            return Poll::Ready(Ok(()));
        }
        // Not even an end that was told of is one if there is nothing to read: somebody has opened the pipe anew.
        refute(seen);
    }
}

/// Reads what is there. An error of the kind `WouldBlock` if there is nothing any more.
pub(crate) fn read_now(input: &impl Level, reading: &Mutex<()>, room: &mut [u8]) -> io::Result<usize> {
    let _reading = (!mutant("gate_unlocked")).then(|| reading.lock());
    if input.is_readable() { input.read(room) } else { Err(ErrorKind::WouldBlock.into()) }
}
