//! Threads by number.

use std::fs;

/// The kernel's number of this thread.
pub(crate) fn number() -> u32 {
    let link = fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_str().unwrap().parse().unwrap()
}
