//! Whether the system has room for some more threads, found out by taking it and giving it back.
//!
//! A thread of the standard library takes two maps for its stack, one of them the guard page, and two for its signal stack once it runs. The former
//! are asked for by whoever starts it, who gets an error; the latter by the new thread, which can only abort the process. The limits are the count of
//! maps (`vm.max_map_count`; 65,530 by default, which is some 16,000 threads) and the address space (`RLIMIT_AS`). All others, as of the
//! count of threads, are met by whoever starts one.
//!
//! Who calls it: whoever is about to start more threads than anybody has without asking for them (`scheduler/thread_settings.rs`).
//! The answer holds while nobody else in the process takes what there is to spare.

#[cfg(target_os = "linux")]
pub(crate) use linux::thread_room;

/// Other systems are taken at their word when a thread is started.
#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_room(_threads: usize, _stack: Option<usize>) -> std::io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_void;
    use std::{io, ptr};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    use super::super::allowed_cpus;

    /// The maps of one thread: stack, signal stack, and a guard of each.
    const THREAD_MAPS: usize = 4;
    /// glibc opens a heap, of two maps, for each of the first threads, from within them: eight for each CPU.
    const HEAP_MAPS: usize = 2;
    const HEAPS: usize = 8;
    /// Left for others.
    const SPARE_MAPS: usize = 32;
    /// The standard library's default.
    const STACK: usize = 2 << 20;
    /// At least a page, on every system.
    const PIECE: usize = 64 << 10;

    /// A part of the address space, taken until it is dropped.
    struct Room {
        place: *mut c_void,
        length: usize,
    }

    impl Room {
        fn new(length: usize) -> io::Result<Self> {
            let (access, kind) = (ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE);
            // SAFETY: the kernel chooses the place, so that no memory of anybody's is mapped over; and nobody can access it.
            let place = unsafe { mmap_anonymous(ptr::null_mut(), length, access, kind) }?;
            Ok(Self { place, length })
        }

        /// Makes so many maps of it. One whose neighbours have another advice is a map of its own.
        fn divide(&self, maps: usize) -> io::Result<()> {
            let full =
                |_| io::Error::new(io::ErrorKind::OutOfMemory, "vm.max_map_count allows for no more memory maps");
            for odd in (1..maps).step_by(2) {
                let piece = self.place.wrapping_byte_add(odd * PIECE);
                // SAFETY: the advice is about a piece of what `new` has mapped, which is of `maps` pieces at least, and which nobody else knows.
                unsafe { madvise(piece, PIECE, Advice::LinuxDontFork) }.map_err(full)?;
            }
            Ok(())
        }
    }

    impl Drop for Room {
        fn drop(&mut self) {
            // SAFETY: mapped by `new` with this length, and used by nobody any more. A failure leaves it mapped, and is no matter.
            let _ = unsafe { munmap(self.place, self.length) };
        }
    }

    /// Refuses if there is no room for so many threads whose stacks are of so many bytes.
    pub(crate) fn thread_room(threads: usize, stack: Option<usize>) -> io::Result<()> {
        let heaps = threads.min(HEAPS * allowed_cpus());
        let maps = threads.saturating_mul(THREAD_MAPS).saturating_add(HEAP_MAPS * heaps + SPARE_MAPS);
        let stacks = threads.saturating_mul(stack.unwrap_or(STACK));
        let pieces = maps.saturating_add(stacks / PIECE);
        Room::new(pieces.saturating_mul(PIECE))?.divide(maps)
    }
}
