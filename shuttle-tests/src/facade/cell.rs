//! An unsafe cell that sees accesses which overlap.
//!
//! Each access has a scheduling point inside: whatever another thread's steps can come between makes it overlap with theirs, and fail. So do
//! futures that are polled in place. Deliberately not here: two accesses that only their time keeps apart, and no ordering; loom sees those.

use std::cell::{self, Cell};
use std::time::Duration;

/// An unsafe cell whose accesses are scoped.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T: ?Sized> {
    /// How many read; [`WRITTEN`] while one writes.
    readers: Cell<usize>,
    value: cell::UnsafeCell<T>,
}

const WRITTEN: usize = usize::MAX;

/// An access that goes on; dropped by a panic, too.
struct Access<'a> {
    readers: &'a Cell<usize>,
    before: usize,
}

impl Drop for Access<'_> {
    fn drop(&mut self) {
        let now = self.readers.get();
        self.readers.set(if now == WRITTEN { self.before } else { now - 1 });
    }
}

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { readers: Cell::new(0), value: cell::UnsafeCell::new(value) }
    }

    /// Hands out a pointer for reading. The pointer must not be used after `f` returns.
    #[track_caller]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        let before = self.readers.get();
        assert_ne!(before, WRITTEN, "a cell is read while it is written");
        self.readers.set(before + 1);
        let _access = Access { readers: &self.readers, before };
        let_others_run();
        f(self.value.get())
    }

    /// Hands out a pointer for writing. The pointer must not be used after `f` returns.
    #[track_caller]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let before = self.readers.replace(WRITTEN);
        assert_eq!(before, 0, "a cell is written while it is used");
        let _access = Access { readers: &self.readers, before };
        let_others_run();
        f(self.value.get())
    }
}

/// A scheduling point, and no more.
fn let_others_run() {
    // tidy: real time, because to shuttle this is a scheduling point and takes none.
    shuttle::thread::sleep(Duration::ZERO);
}
