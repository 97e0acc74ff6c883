//! Stand-in for crossbeam's injector: as many steps as the real one takes, on plain data.
//!
//! Who calls it: what `src/` calls through `facade::deque::Injector`, on any thread. A producer claims an index, and then writes its slot; a
//! consumer looks, claims indices, and then waits for each slot to be written.
//!
//! # Invariants
//! - *Failure is not emptiness*: a consumer that was overtaken between its look and its claim answers `Retry`.
//! - *A batch is half, or all*: crossbeam's takes half of the tasks, rounded up, while all of them lie in one of its blocks of 63; else it
//!   takes all up to the block's end.
//!
//! Deliberately not here: orderings, as in [`super::deque`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex as Plain;

use crossbeam_deque::Steal;

use super::deque::{MAX_BATCH, Worker};
use super::turn::Turn;

/// How many slots one of crossbeam's blocks has.
const BLOCK: usize = 63;

/// A queue into which any thread pushes and from which any thread steals.
#[derive(Debug)]
pub(crate) struct Injector<T> {
    turn: Turn,
    slots: Plain<Slots<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    /// The next index to be taken, and the next to be written.
    head: usize,
    tail: usize,
    written: HashMap<usize, T>,
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        Self { turn: Turn::new(), slots: Plain::new(Slots { head: 0, tail: 0, written: HashMap::new() }) }
    }

    pub(crate) fn push(&self, task: T) {
        let index = self.step(|slots| {
            slots.tail += 1;
            slots.tail - 1
        });
        self.step(|slots| slots.written.insert(index, task));
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        match self.claim(|_| 1) {
            Steal::Success(claimed) => Steal::Success(self.read(claimed.start)),
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    pub(crate) fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        self.steal_batch_with_limit_and_pop(dest, MAX_BATCH + 1)
    }

    pub(crate) fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        assert!(limit > 0);
        let count = |queued: Range<usize>| {
            let to_end = BLOCK - queued.start % BLOCK;
            if to_end < queued.len() { to_end } else { queued.len().div_ceil(2) }.min(limit)
        };
        match self.claim(count) {
            Steal::Success(mut claimed) => {
                let first = claimed.next().expect("a claim is at least one task");
                let first = self.read(first);
                let rest: Vec<T> = claimed.map(|index| self.read(index)).collect();
                dest.accept(rest);
                Steal::Success(first)
            }
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.step(|slots| slots.tail - slots.head)
    }

    /// Claims as many tasks as `count` answers for those found.
    fn claim(&self, count: impl FnOnce(Range<usize>) -> usize) -> Steal<Range<usize>> {
        let queued = self.step(|slots| slots.head..slots.tail);
        if queued.is_empty() {
            return Steal::Empty;
        }
        let claimed = queued.start..queued.start + count(queued.clone());
        self.step(|slots| {
            if slots.head != claimed.start {
                return Steal::Retry;
            }
            slots.head = claimed.end;
            Steal::Success(claimed)
        })
    }

    /// Takes the task of an index that is claimed, once it has been written.
    fn read(&self, index: usize) -> T {
        loop {
            if let Some(task) = self.step(|slots| slots.written.remove(&index)) {
                return task;
            }
            shuttle::thread::yield_now();
        }
    }

    fn step<R>(&self, step: impl FnOnce(&mut Slots<T>) -> R) -> R {
        self.turn.alter();
        step(&mut self.slots.lock().expect("no panic under this lock"))
    }
}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Self::new()
    }
}
