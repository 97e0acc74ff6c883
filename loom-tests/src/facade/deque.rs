//! Stand-in for crossbeam's FIFO deque: a bounded Chase-Lev deque over loom's atomics.
//!
//! Who calls it: what `src/` calls through `facade::deque`; a [`Worker`] on its own thread, a [`Stealer`] on any.
//! It follows the published algorithm (Chase and Lev, *Dynamic circular work-stealing deque*, SPAA 2005; orderings from
//! Le, Pop, Cohen and Zappa Nardelli, *Correct and efficient work-stealing for weak memory models*, PPoPP 2013) as
//! crossbeam-deque 0.8.8 has it in its FIFO flavour, in which owner and thieves all take at the front, less the
//! fences and orderings that `scheduler/queue.rs` does not assume.
//!
//! # Invariants
//! - *One taker for each task* (`deque_pop_rmw`, `deque_steal_cas`): the owner takes by adding to `front`, a thief by a
//!   compare-and-swap of it; each index is handed out by exactly one of these.
//! - *A thief sees what was pushed* (`deque_push`): the release fence before `back` is stored pairs with the acquire
//!   load of `back`.
//! - *Failure is not emptiness*: a thief whose swap failed answers `Retry`.
//! - *What was behind is seen* (`deque_pop_release`): the owner's pop releases what it pushed before, and `is_empty` acquires it.
//! - *Nothing else is ordered*: crossbeam's thieves have a sequentially consistent fence between their two loads, and release too. Here they do not: who must see a
//!   push brings a fence of its own.
//!
//! The tasks themselves lie in an arena that loom does not know of, and slots hold their keys: so a broken protocol ends
//! in a failed assertion, never in a double free, and the arena orders nothing between pusher and taker.
//!
//! Checked by `crate::models::deque`; compared with the real deque, call by call, in `crate::models::deque_suite`.
//! Deliberately not here: growth (a push to a full deque fails the model), the LIFO flavour.

use std::sync::Mutex as Plain;

pub(crate) use crossbeam_deque::Steal;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicIsize, AtomicUsize, Ordering, fence};

pub(crate) use super::injector::{Injector, spans_blocks};
use super::mutation::{mutant, ord};

/// How many tasks a stand-in deque holds.
pub(crate) const CAPACITY: usize = 4;

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
    front: AtomicIsize,
    back: AtomicIsize,
    /// Keys into `arena`, zero for a slot never written.
    slots: [AtomicUsize; CAPACITY],
    arena: Plain<Vec<Option<T>>>,
}

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        let ring = Ring {
            front: AtomicIsize::new(0),
            back: AtomicIsize::new(0),
            slots: std::array::from_fn(|_| AtomicUsize::new(0)),
            arena: Plain::new(vec![None]),
        };
        Self { ring: Arc::new(ring), _not_sync: std::marker::PhantomData }
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer { ring: self.ring.clone() }
    }

    pub(crate) fn push(&self, task: T) {
        let back = self.ring.back.load(Ordering::Relaxed);
        let front = self.ring.front.load(Ordering::Relaxed);
        assert!(back - front < CAPACITY as isize, "the stand-in deque holds {CAPACITY} tasks");
        self.ring.slot(back).store(self.ring.keep(task), Ordering::Relaxed);
        self.publish(back + 1);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let ring = &self.ring;
        let back = ring.back.load(Ordering::Relaxed);
        let front = ring.front.load(Ordering::Relaxed);
        if back - front <= 0 {
            return None;
        }
        let front = if mutant("deque_pop_rmw") {
            ring.front.store(front + 1, Ordering::Relaxed);
            front
        } else {
            // ORDERING(deque_pop_release): release; pairs with the acquire of `len`.
            ring.front.fetch_add(1, ord("deque_pop_release", Ordering::Release))
        };
        if back - (front + 1) < 0 {
            // A thief was faster. Nobody else moves `front` while it is past `back`.
            ring.front.store(front, Ordering::Relaxed);
            return None;
        }
        let key = ring.slot(front).load(Ordering::Relaxed);
        Some(ring.hand_out(key))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        let back = self.ring.back.load(Ordering::Relaxed);
        let front = self.ring.front.load(Ordering::Relaxed);
        usize::try_from(back - front).unwrap_or(0)
    }

    /// Takes in tasks that a batch has brought from elsewhere.
    pub(super) fn accept(&self, tasks: impl IntoIterator<Item = T>) {
        let mut back = self.ring.back.load(Ordering::Relaxed);
        let front = self.ring.front.load(Ordering::Relaxed);
        for task in tasks {
            assert!(back - front < CAPACITY as isize, "the stand-in deque holds {CAPACITY} tasks");
            self.ring.slot(back).store(self.ring.keep(task), Ordering::Relaxed);
            back += 1;
        }
        self.publish(back);
    }

    fn publish(&self, back: isize) {
        // ORDERING(deque_push): a release fence, so that who sees the new `back` sees the slots before it.
        if !mutant("deque_push") {
            fence(Ordering::Release);
        }
        self.ring.back.store(back, Ordering::Relaxed);
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
        // ORDERING(deque_pop_release): acquire; who sees a task gone sees what was pushed before the owner took it.
        let front = self.ring.front.load(ord("deque_pop_release", Ordering::Acquire));
        let back = self.ring.back.load(Ordering::Relaxed);
        usize::try_from(back - front).unwrap_or(0)
    }

    /// Takes as many tasks as `count` answers for the length found.
    fn take(&self, count: impl FnOnce(usize) -> usize) -> Steal<Vec<T>> {
        let ring = &self.ring;
        let front = ring.front.load(Ordering::Relaxed);
        // ORDERING(deque_push): acquire, so that the slots before `back` are seen.
        let back = ring.back.load(ord("deque_push", Ordering::Acquire));
        let Some(len) = usize::try_from(back - front).ok().filter(|len| *len > 0) else {
            return Steal::Empty;
        };
        let end = front + count(len) as isize;
        // Read before they are ours, as crossbeam does: an owner that laps us overwrites them, and the swap fails.
        let keys: Vec<usize> = (front..end).map(|index| ring.slot(index).load(Ordering::Relaxed)).collect();
        if mutant("deque_steal_cas") {
            ring.front.store(end, Ordering::Relaxed);
        } else if ring.front.compare_exchange(front, end, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Steal::Retry;
        }
        Steal::Success(keys.into_iter().map(|key| ring.hand_out(key)).collect())
    }
}

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self { ring: self.ring.clone() }
    }
}

impl<T> Ring<T> {
    fn slot(&self, index: isize) -> &AtomicUsize {
        &self.slots[index.rem_euclid(CAPACITY as isize) as usize]
    }

    fn keep(&self, task: T) -> usize {
        let mut arena = self.arena.lock().expect("no panic under this lock");
        arena.push(Some(task));
        arena.len() - 1
    }

    fn hand_out(&self, key: usize) -> T {
        assert_ne!(key, 0, "a slot was read before its task was written");
        let task = self.arena.lock().expect("no panic under this lock")[key].take();
        task.expect("a task was taken twice")
    }
}
