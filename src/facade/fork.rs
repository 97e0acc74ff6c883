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

#[cfg(target_os = "linux")]
use super::StdArc;
use super::atomic::{AtomicUsize, Ordering};

/// What an unmapped mark asks for: any length is rounded up to a page.
#[cfg(target_os = "linux")]
const LENGTH: usize = size_of::<AtomicUsize>();

/// Made by one process; knows when it is in another. A clone is the same mark.
#[derive(Clone, Debug)]
pub(crate) struct ForkMark {
    /// Holds 1 in the process that made it, and 0 in its children.
    #[cfg(target_os = "linux")]
    word: Option<NonNull<AtomicUsize>>,
    #[cfg(target_os = "linux")]
    _page: Option<StdArc<Page>>,
}

// SAFETY: the page holds one atomic, and is unmapped once the last clone is gone.
#[cfg(target_os = "linux")]
unsafe impl Send for ForkMark {}
// SAFETY: as above.
#[cfg(target_os = "linux")]
unsafe impl Sync for ForkMark {}

/// A page that is unmapped when it is dropped.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Page(NonNull<AtomicUsize>);

#[cfg(target_os = "linux")]
impl ForkMark {
    pub(crate) fn new() -> Self {
        let page = Page::map().map(StdArc::new);
        Self { word: page.as_ref().map(|page| page.0), _page: page }
    }

    /// Whether this process is a child of the one that made the mark.
    #[inline]
    pub(crate) fn is_inherited(&self) -> bool {
        // SAFETY: the page is mapped for as long as we have it, is aligned and zeroed, and every bit pattern is an atomic.
        let word = self.word.map(|word| unsafe { word.as_ref() });
        // Counter only: the one write after the mark is shared is the kernel's.
        word.is_some_and(|word| word.load(Ordering::Relaxed) == 0)
    }
}

#[cfg(target_os = "linux")]
impl Page {
    fn map() -> Option<Self> {
        let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: the kernel chooses the place, so that no memory of anybody's is mapped over.
        let page = unsafe { mmap_anonymous(std::ptr::null_mut(), LENGTH, access, kind) }.ok()?;
        let mapped = Self(NonNull::new(page.cast())?);
        // SAFETY: the advice is about the page mapped above, which nobody else knows.
        unsafe { madvise(page, LENGTH, Advice::LinuxWipeOnFork) }.ok()?;
        // SAFETY: it is mapped, aligned and zeroed, and every bit pattern is an atomic.
        let word = unsafe { mapped.0.as_ref() };
        // Counter only: written before the mark is shared.
        word.store(1, Ordering::Relaxed);
        Some(mapped)
    }
}

#[cfg(target_os = "linux")]
impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length, and used by nobody any more. A failure leaves a page, and is no matter.
        let _ = unsafe { munmap(self.0.as_ptr().cast(), LENGTH) };
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
