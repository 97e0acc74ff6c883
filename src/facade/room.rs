//! For how many more threads the process has room, as far as whoever starts one is not told.
//!
//! A thread of the standard library takes two memory maps for its stack, one of them the guard page, and two for its signal stack once it runs. The former
//! are asked for by whoever starts it, who gets an error; the latter by the new thread, which can only abort the process. How many maps there may be
//! is `vm.max_map_count`, 65,530 by default, which is some 16,000 threads. All other limits, as of the count of threads, are met by whoever starts one.
//!
//! The maps are counted, and not taken to see whether they are there: others that need one meanwhile would find none.
//!
//! Who calls it: whoever is about to start more threads than anybody has without asking for them (`runtime/start.rs`, `scheduler/blocking.rs`).
//! The answer holds while nobody else in the process takes what there is to spare.

/// How many more threads there is room for; no limit is known where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn thread_room() -> usize {
    /// The maps of one thread: stack, signal stack, and a guard of each.
    const THREAD: usize = 4;
    /// Left for others, heaps above all: glibc opens one of two maps for each of the first threads, from within them, eight for each CPU.
    const SPARE: usize = 32;
    const HEAPS: usize = 16;
    maps_left().map_or(usize::MAX, |left| left.saturating_sub(SPARE + HEAPS * super::allowed_cpus()) / THREAD)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_room() -> usize {
    usize::MAX
}

/// How many more maps the process may have.
#[cfg(target_os = "linux")]
fn maps_left() -> Option<usize> {
    use std::io::{BufRead, BufReader};
    let most: usize = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()?;
    let mut maps = BufReader::new(std::fs::File::open("/proc/self/maps").ok()?);
    let mut taken = 0;
    // A line is a map.
    while maps.skip_until(b'\n').ok()? > 0 {
        taken += 1;
    }
    Some(most.saturating_sub(taken))
}
