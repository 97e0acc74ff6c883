//! The process's allocator, which knows how many bytes are live once it is told to count.
//!
//! The counter is a line that all threads write. So it is off where time is taken; there an allocation costs one load of a word that
//! nobody writes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[global_allocator]
static ALLOCATOR: Counted = Counted { counting: AtomicBool::new(false), live: AtomicUsize::new(0) };

/// The system's allocator.
struct Counted {
    counting: AtomicBool,
    /// What was allocated since, less what was freed since; it wraps, for that may be from before.
    live: AtomicUsize,
}

/// Counts from now on.
pub(super) fn count() {
    ALLOCATOR.counting.store(true, Ordering::SeqCst);
}

/// The bytes that are live, above those from before the count: only differences mean something.
pub(super) fn bytes() -> usize {
    ALLOCATOR.live.load(Ordering::SeqCst)
}

impl Counted {
    fn add(&self, bytes: usize) {
        if self.counting.load(Ordering::Relaxed) {
            self.live.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is beside it.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.add(layout.size().wrapping_neg());
        // SAFETY: the caller got `block` from this allocator, hence from the system's, with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the system's too.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.add(size.wrapping_sub(layout.size()));
        // SAFETY: the caller got `block` from this allocator, hence from the system's, with this layout; `size` is
        // theirs to keep valid.
        unsafe { System.realloc(block, layout, size) }
    }
}
