//! Stand-in for crossbeam's FIFO deque: as many steps as the real one takes, on plain data.
//!
//! Who calls it: what `src/` calls through `facade::deque`; a [`Worker`] on its own thread, a [`Stealer`] on any.
//!
//! # Invariants
//! - *One taker for each task*: owner and thieves take at the front, in one step each.
//! - *Failure is not emptiness*: a thief that was overtaken between its look and its step answers `Retry`.
//! - *A batch is nowhere while it moves*: a thief has taken it out before it puts the rest into its own deque, and others may look meanwhile.
//!
//! Deliberately not here: orderings, which shuttle knows nothing of. The models' stand-in has them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as Plain};

pub(crate) use crossbeam_deque::Steal;

pub(crate) use super::injector::Injector;
use super::turn::Turn;

/// How many tasks crossbeam takes at once when it is not told.
pub(super) const MAX_BATCH: usize = 32;

/// The owner's end of a deque.
#[derive(Debug)]
pub(crate) struct Worker<T> {
    ring: Arc<Ring<T>>,
    /// Like crossbeam's: a worker may move to another thread, but is used by one at a time.
    _not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

/// A thief's end of a deque.
#[derive(Debug)]
pub(crate) struct Stealer<T> {
    ring: Arc<Ring<T>>,
}

#[derive(Debug)]
struct Ring<T> {
    turn: Turn,
    tasks: Plain<Tasks<T>>,
}

#[derive(Debug)]
struct Tasks<T> {
    /// How many have been taken.
    front: usize,
    queued: VecDeque<T>,
}

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        let tasks = Plain::new(Tasks { front: 0, queued: VecDeque::new() });
        Self { ring: Arc::new(Ring { turn: Turn::new(), tasks }), _not_sync: std::marker::PhantomData }
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer { ring: self.ring.clone() }
    }

    pub(crate) fn push(&self, task: T) {
        self.accept([task]);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.ring.step(|tasks| tasks.take(1).pop())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.step(|tasks| tasks.queued.len())
    }

    /// Takes in tasks, all at once: the owner writes its end when the last has been written.
    pub(super) fn accept(&self, new: impl IntoIterator<Item = T>) {
        self.ring.step(|tasks| tasks.queued.extend(new));
    }
}

impl<T> Stealer<T> {
    pub(crate) fn steal(&self) -> Steal<T> {
        match self.take(|_| 1) {
            Steal::Success(mut tasks) => Steal::Success(tasks.remove(0)),
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    pub(crate) fn steal_batch_and_pop(&self, dest: &Worker<T>) -> Steal<T> {
        self.steal_batch_with_limit_and_pop(dest, MAX_BATCH)
    }

    pub(crate) fn steal_batch_with_limit_and_pop(&self, dest: &Worker<T>, limit: usize) -> Steal<T> {
        assert!(limit > 0);
        if Arc::ptr_eq(&self.ring, &dest.ring) {
            return dest.pop().map_or(Steal::Empty, Steal::Success);
        }
        match self.take(|len| 1 + (limit - 1).min((len - 1) / 2)) {
            Steal::Success(mut tasks) => {
                let first = tasks.remove(0);
                dest.accept(tasks);
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
        self.ring.step(|tasks| tasks.queued.len())
    }

    /// Takes as many tasks as `count` answers for the length found: a look, and a step that fails if somebody else took meanwhile.
    fn take(&self, count: impl FnOnce(usize) -> usize) -> Steal<Vec<T>> {
        let (front, len) = self.ring.step(|tasks| (tasks.front, tasks.queued.len()));
        if len == 0 {
            return Steal::Empty;
        }
        let count = count(len);
        self.ring.step(|tasks| if tasks.front == front { Steal::Success(tasks.take(count)) } else { Steal::Retry })
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self { ring: self.ring.clone() }
    }
}

impl<T> Ring<T> {
    fn step<R>(&self, step: impl FnOnce(&mut Tasks<T>) -> R) -> R {
        self.turn.alter();
        step(&mut self.tasks.lock().expect("no panic under this lock"))
    }
}

impl<T> Tasks<T> {
    fn take(&mut self, count: usize) -> Vec<T> {
        let count = count.min(self.queued.len());
        self.front += count;
        self.queued.drain(..count).collect()
    }
}
