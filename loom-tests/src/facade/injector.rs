//! Stand-in for crossbeam's injector: a bounded queue with many producers and many consumers, over loom's atomics.
//!
//! Who calls it: what `src/` calls through `facade::deque::Injector`, on any thread. It keeps what `scheduler/queue.rs` assumes of
//! crossbeam-deque 0.8.8, by the same steps: a producer claims an index by swapping `tail` and then writes its slot; a consumer claims
//! indices by swapping `head`, and then waits for each slot to be written.
//!
//! # Invariants
//! - *A consumer sees what was pushed* (`injector_write`): `written` is set with release and awaited with acquire.
//! - *Failure is not emptiness*: a consumer whose swap failed answers `Retry`.
//! - *Nothing else is ordered*: crossbeam's consumers have a fence between their loads of `head` and `tail`, and its loads and swaps of both
//!   order what came before a task was pushed or taken. None of that is assumed, and here both are relaxed: who must see a push, or that
//!   something else was queued before a task was taken, brings fences of their own.
//! - *A batch is half, or all*: crossbeam's takes half of the tasks, rounded up, while all of them lie in one of its blocks of 63; else it
//!   takes all up to the block's end. The stand-in has no blocks. It takes half, or all in a model that says so ([`spans_blocks`]).
//!
//! Checked by `crate::models::deque`; compared with the real injector, call by call, in `crate::models::deque_suite`.
//! Deliberately not here: blocks and their reclamation. Slots are used once, so an execution can push [`CAPACITY`] tasks.

use std::cell::Cell;

use crossbeam_deque::Steal;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::deque::{MAX_BATCH, Worker};
use super::mutation::ord;

/// How many tasks can be pushed in one execution.
pub(crate) const CAPACITY: usize = 8;

thread_local! {
    /// Not loom's: an execution runs on one thread of the process.
    static SPANS_BLOCKS: Cell<bool> = const { Cell::new(false) };
}

/// Whether batches of this execution's injectors end at a block's end: a batch is then all that there is.
pub(crate) fn spans_blocks(spans: bool) {
    SPANS_BLOCKS.set(spans);
}

/// A queue into which any thread pushes and from which any thread steals.
#[derive(Debug)]
pub(crate) struct Injector<T> {
    head: AtomicUsize,
    tail: AtomicUsize,
    slots: [Slot<T>; CAPACITY],
}

#[derive(Debug)]
struct Slot<T> {
    task: UnsafeCell<Option<T>>,
    written: AtomicBool,
}

// SAFETY: a slot's cell is used by who claimed its index: the producer until `written`, then the consumer; loom checks.
unsafe impl<T: Send> Sync for Injector<T> {}

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        let slots = std::array::from_fn(|_| Slot { task: UnsafeCell::new(None), written: AtomicBool::new(false) });
        Self { head: AtomicUsize::new(0), tail: AtomicUsize::new(0), slots }
    }

    pub(crate) fn push(&self, task: T) {
        let mut tail = self.tail.load(Ordering::Relaxed);
        loop {
            assert!(tail < CAPACITY, "an execution can push {CAPACITY} tasks");
            match self.tail.compare_exchange(tail, tail + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.slots[tail].write(task),
                Err(actual) => tail = actual,
            }
        }
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        match self.claim(|_| 1) {
            Steal::Success(claimed) => Steal::Success(self.slots[claimed.start].read()),
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    pub(crate) fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        self.steal_batch_with_limit_and_pop(dest, MAX_BATCH + 1)
    }

    pub(crate) fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        assert!(limit > 0);
        match self.claim(|len| if SPANS_BLOCKS.get() { len } else { len.div_ceil(2) }.min(limit)) {
            Steal::Success(mut claimed) => {
                let first = claimed.next().expect("a claim is at least one task");
                let first = self.slots[first].read();
                dest.accept(claimed.map(|index| self.slots[index].read()));
                Steal::Success(first)
            }
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        let tail = self.tail.load(Ordering::Relaxed);
        head >= tail
    }

    pub(crate) fn len(&self) -> usize {
        loop {
            let tail = self.tail.load(Ordering::Relaxed);
            let head = self.head.load(Ordering::Relaxed);
            if self.tail.load(Ordering::Relaxed) == tail {
                return tail.saturating_sub(head);
            }
        }
    }

    /// Claims as many tasks as `count` answers for the length found.
    fn claim(&self, count: impl FnOnce(usize) -> usize) -> Steal<std::ops::Range<usize>> {
        let head = self.head.load(Ordering::Relaxed);
        let tail = self.tail.load(Ordering::Relaxed);
        // With no fence between the two loads `tail` may be older than `head`.
        let Some(len) = tail.checked_sub(head).filter(|len| *len > 0) else {
            return Steal::Empty;
        };
        let end = head + count(len);
        match self.head.compare_exchange(head, end, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Steal::Success(head..end),
            Err(_) => Steal::Retry,
        }
    }
}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slot<T> {
    fn write(&self, task: T) {
        self.task.with_mut(|slot| {
            // SAFETY: the index was claimed by swapping `tail`, so no other producer writes this slot, and consumers
            // wait for `written`.
            unsafe { *slot = Some(task) }
        });
        // ORDERING(injector_write): release, so that the consumer sees the task.
        self.written.swap(true, ord("injector_write", Ordering::Release));
    }

    fn read(&self) -> T {
        // ORDERING(injector_write): acquire, as above.
        while !self.written.load(ord("injector_write", Ordering::Acquire)) {
            loom::thread::yield_now();
        }
        let task = self.task.with_mut(|slot| {
            // SAFETY: the index was claimed by swapping `head`, so no other consumer reads this slot; its producer is done.
            unsafe { (*slot).take() }
        });
        task.expect("a slot is written once and read once")
    }
}
