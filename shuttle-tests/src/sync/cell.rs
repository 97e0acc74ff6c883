//! An unsafe cell that sees accesses which overlap.
//!
//! A closure that is lent the cell's content and reaches a scheduling point, as a future that is polled in place does, may be overtaken by
//! another thread's access. Deliberately not here: two accesses without a scheduling point inside, which no schedule lets overlap, though
//! nothing may order them.

use std::cell::{self, Cell};

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
        f(self.value.get())
    }

    /// Hands out a pointer for writing. The pointer must not be used after `f` returns.
    #[track_caller]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let before = self.readers.replace(WRITTEN);
        assert_eq!(before, 0, "a cell is written while it is used");
        let _access = Access { readers: &self.readers, before };
        f(self.value.get())
    }
}
