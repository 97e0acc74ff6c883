//! Whether the system has room for some more threads, found out by taking the room and giving it back.
//!
//! A thread of the standard library takes two maps for its stack (the stack and its guard page) and, once it runs,
//! two for its signal stack. The first pair is asked for by whoever spawns it, who gets an error; the second by the
//! new thread itself, which can only abort. The limits that either may meet are the address space (`RLIMIT_AS`), the
//! memory that the kernel is ready to promise, and the count of maps (`vm.max_map_count`). So before a batch of
//! threads is started, the same room and some to spare is mapped, cut up into as many maps, and unmapped again: if
//! that fails, it fails here, with an error to report.
//!
//! The answer holds while nobody else in the process maps memory, which is so here: the jobs run on one thread. The
//! heap is the exception, for glibc opens a heap of its own for each of the first threads, eight per core, from
//! within them. The room of these is counted in until the last of them is there.

use std::io;
use std::thread;

use memmap2::MmapOptions;

/// Batches are of one of these sizes, the largest that fits. Large ones make the check cheap, a thread at a time.
const BATCHES: [usize; 3] = [256, 16, 1];
/// What one thread maps: the stack that `thread::Builder` asks for by default, guard pages, signal stack.
const THREAD_BYTES: usize = (2 << 20) + (256 << 10);
/// What a thread's own heap reserves while it is being aligned.
const HEAP_BYTES: usize = 128 << 20;
/// Left for what the program does besides, and once it was refused.
const SPARE_BYTES: usize = 32 << 20;

/// Stack and guard, signal stack and guard, two for a heap.
#[cfg(target_os = "linux")]
const THREAD_MAPS: usize = 6;
/// Left for what the program does besides.
#[cfg(target_os = "linux")]
const SPARE_MAPS: usize = 32;

/// How many threads may be started, beside the `started` ones, before the next call: a batch that fits with room to
/// spare.
pub(crate) fn for_a_batch(started: usize) -> io::Result<usize> {
    let heaps_to_come = (8 * thread::available_parallelism()?.get()).saturating_sub(started);
    let mut answer = Err(io::ErrorKind::OutOfMemory.into());
    for threads in BATCHES {
        answer = fits(threads, heaps_to_come.min(threads)).map(|()| threads);
        if answer.is_ok() {
            break;
        }
    }
    answer
}

/// Takes the room of `threads` threads, `heaps` of which open a heap, and gives it back.
fn fits(threads: usize, heaps: usize) -> io::Result<()> {
    let bytes = threads * THREAD_BYTES + heaps * HEAP_BYTES + SPARE_BYTES;
    let room = MmapOptions::new().len(bytes).no_reserve_swap().map_anon()?;
    #[cfg(target_os = "linux")]
    {
        // A page, or a few of them. An advice that its neighbours did not get makes a piece a map of its own.
        const PIECE: usize = 64 << 10;
        for odd in (1..threads * THREAD_MAPS + SPARE_MAPS).step_by(2) {
            room.advise_range(memmap2::Advice::DontFork, odd * PIECE, PIECE)?;
        }
    }
    drop(room);
    Ok(())
}
