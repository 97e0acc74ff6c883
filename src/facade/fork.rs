//! Telling a process from the one that it was forked from.
//!
//! A fork copies memory and one thread: a runtime's workers and driver are not in the child, and its locks may be held for ever by threads
//! that are not either. So each runtime has a mark, and asks it before it takes a lock or waits.
//!
//! On Linux the mark is a page of memory that the kernel wipes in the child (`MADV_WIPEONFORK`, Linux 4.14): asking it is a load, and
//! nothing is global. Where that cannot be had, no fork is noticed.

#[cfg(target_os = "linux")]
use std::ptr::NonNull;

#[cfg(target_os = "linux")]
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use super::atomic::{AtomicUsize, Ordering};

/// What an unmapped mark asks for: any length is rounded up to a page.
#[cfg(target_os = "linux")]
const LENGTH: usize = size_of::<AtomicUsize>();

/// Made by one process; knows when it is in another.
#[derive(Debug)]
pub(crate) struct ForkMark {
    /// Holds 1 in the process that made it, and 0 in its children.
    #[cfg(target_os = "linux")]
    page: Option<NonNull<AtomicUsize>>,
}

// SAFETY: the page holds one atomic, and is unmapped by the one owner.
#[cfg(target_os = "linux")]
unsafe impl Send for ForkMark {}
// SAFETY: as above.
#[cfg(target_os = "linux")]
unsafe impl Sync for ForkMark {}

#[cfg(target_os = "linux")]
impl ForkMark {
    pub(crate) fn new() -> Self {
        Self { page: Self::map() }
    }

    fn map() -> Option<NonNull<AtomicUsize>> {
        let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: the kernel chooses the place, so that no memory of anybody's is mapped over.
        let page = unsafe { mmap_anonymous(std::ptr::null_mut(), LENGTH, access, kind) }.ok()?;
        let mark = Self { page: NonNull::new(page.cast()) };
        // SAFETY: the advice is about the page mapped above, which nobody else knows.
        unsafe { madvise(page, LENGTH, Advice::LinuxWipeOnFork) }.ok()?;
        // Counter only: written before the mark is shared.
        mark.word()?.store(1, Ordering::Relaxed);
        std::mem::ManuallyDrop::new(mark).page
    }

    fn word(&self) -> Option<&AtomicUsize> {
        // SAFETY: the page is mapped until the mark is dropped, is aligned and zeroed, and every bit pattern is an atomic.
        self.page.map(|page| unsafe { page.as_ref() })
    }

    /// Whether this process is a child of the one that made the mark.
    #[inline]
    pub(crate) fn is_inherited(&self) -> bool {
        // Counter only: the one write after the mark is shared is the kernel's.
        self.word().is_some_and(|word| word.load(Ordering::Relaxed) == 0)
    }
}

#[cfg(target_os = "linux")]
impl Drop for ForkMark {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            // SAFETY: mapped by `map` with this length, and used by nobody any more. A failure leaves a page, and is no matter.
            let _ = unsafe { munmap(page.as_ptr().cast(), LENGTH) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl ForkMark {
    pub(crate) fn new() -> Self {
        Self {}
    }

    pub(crate) fn is_inherited(&self) -> bool {
        false
    }
}
