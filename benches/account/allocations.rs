//! The process's allocator, which counts what is asked of it while it is told to.
//!
//! The counters are lines that all threads write. So they are off in the turns whose time is taken; there an allocation
//! costs one load of a word that nobody writes, and three instructions.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[global_allocator]
static ALLOCATOR: Counted =
    Counted { counting: AtomicBool::new(false), blocks: AtomicUsize::new(0), bytes: AtomicUsize::new(0) };

/// The system's allocator.
struct Counted {
    counting: AtomicBool,
    blocks: AtomicUsize,
    bytes: AtomicUsize,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated {
    /// Blocks, and blocks made larger or smaller.
    pub(crate) blocks: usize,
    /// Their bytes; of a block made larger, those that were added.
    pub(crate) bytes: usize,
}

/// Counts what all threads ask for while `work` runs.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (T, Allocated) {
    ALLOCATOR.counting.store(true, Ordering::SeqCst);
    let (blocks, bytes) = ALLOCATOR.sums();
    let result = work();
    let (blocks_after, bytes_after) = ALLOCATOR.sums();
    ALLOCATOR.counting.store(false, Ordering::SeqCst);
    (result, Allocated { blocks: blocks_after - blocks, bytes: bytes_after - bytes })
}

impl Counted {
    fn sums(&self) -> (usize, usize) {
        (self.blocks.load(Ordering::SeqCst), self.bytes.load(Ordering::SeqCst))
    }

    fn count(&self, bytes: usize) {
        if self.counting.load(Ordering::Relaxed) {
            self.blocks.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged; the counters are beside it.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller got `block` from this allocator, hence from the system's, with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`, which is the system's too.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.count(size.saturating_sub(layout.size()));
        // SAFETY: the caller got `block` from this allocator, hence from the system's, with this layout; `size` is
        // theirs to keep valid.
        unsafe { System.realloc(block, layout, size) }
    }
}
