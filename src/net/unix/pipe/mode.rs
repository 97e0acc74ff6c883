//! What a descriptor is open for, and whether it blocks.
//!
//! Who calls it: the ends of pipes, when they are made and taken apart.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The error of what is no pipe, or not open for the right thing.
pub(super) fn refused(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// Refuses what is no pipe.
pub(super) fn check_pipe(file: &File) -> io::Result<()> {
    if file.metadata()?.file_type().is_fifo() { Ok(()) } else { Err(refused("not a pipe")) }
}

/// Puts a pipe that is open for `access`, or for both, into nonblocking mode. Refuses any other with `reason`.
pub(super) fn prepare(file: &File, access: OFlags, reason: &'static str) -> io::Result<()> {
    check_pipe(file)?;
    let mode = fcntl_getfl(file)?;
    let open_for = mode & OFlags::RWMODE;
    if open_for != access && open_for != OFlags::RDWR {
        return Err(refused(reason));
    }
    if !mode.contains(OFlags::NONBLOCK) {
        fcntl_setfl(file, mode | OFlags::NONBLOCK)?;
    }
    Ok(())
}

/// Puts a pipe into blocking mode.
pub(super) fn set_blocking(pipe: &OwnedFd) -> io::Result<()> {
    Ok(fcntl_setfl(pipe, fcntl_getfl(pipe)? - OFlags::NONBLOCK)?)
}
