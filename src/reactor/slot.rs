//! The slot of a source: what it is ready for, and who waits for that.
//!
//! One word holds the readiness, and beside it lie the wakers under a lock of one byte.
//!
//! | bits of the word | meaning |
//! |---|---|
//! | 0 to 7 | ready for what: see [`bits`] |
//! | 8 | `CLOSED`: the runtime is gone, nobody tells of readiness any more |
//! | 16 to 63 | the tick: how many events there have been |
//!
//! Readiness is a guess that costs one try to be proved wrong: an operation that would block clears it, and only then is anything waited for. It is never
//! lost:
//!
//! - *An event while somebody goes to wait.* Whoever waits puts his waker into the slot and then looks at the word again, under the lock. Who tells of an event
//!   writes the word first, and takes the wakers under the lock then. Whichever has the lock first, the other sees what it did.
//! - *An event while somebody clears.* What is cleared is the readiness of the tick that was seen before the try; an event since then has another, and stays.
//! - *The end of a stream* stays ready, whatever is read short of it: bits for closed directions are cleared only by a try that would block. The kernel tells of an error as of an
//!   end, and so it does of a note in a socket's queue of errors, and a named pipe has a new beginning when somebody opens it again.
//!
//! # Invariants (ordering labels)
//! - `io_ready`: what came before an event was told is seen by whoever finds the bit.
//! - `io_skips_second_look`, `io_wakes_before_word`, `io_clear_ignores_tick` (structural): the steps above.
//! - `io_keeps_waker` (structural): of those who wait for one direction in turn the last is woken. `io_one_slot` (structural): the two directions are apart.
//! - `io_clone_under_lock` (structural): wakers are cloned and dropped, and woken, outside the lock.
//! - `io_cancel_keeps` (structural): who waits no more is not woken.
//!
//! Who calls it: [`deliver`](Slot::deliver) and [`close`](Slot::close) whoever has the lease; all else the threads that use the source.
//! Checked by the models `ready_vs_register`, `ready_vs_clear`, `ready_other_task`, `ready_both_ways`, `ready_many` and `ready_clone_panics`.
//! Deliberately not here: which slot an event is for (`table.rs`).

use std::task::{Poll, Waker};

use slab::Slab;

use super::bits;
use crate::facade::atomic::{AtomicU64, Ordering};
use crate::facade::{Mutex, mutant, ord};

const READY: u64 = 0xFF;
const CLOSED: u64 = 1 << 8;
const TICK: u64 = 1 << 16;

/// What no short read or write clears.
const ENDS: u8 = bits::READ_CLOSED | bits::WRITE_CLOSED;

/// For how many who wait beside the two directions room is kept: who waits again and again allocates nothing.
const KEPT: usize = 4;

/// What a stream is read or written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// What lets an operation of this direction be tried.
    pub(crate) const fn mask(self) -> u8 {
        match self {
            Self::Read => bits::READABLE | bits::READ_CLOSED,
            Self::Write => bits::WRITABLE | bits::WRITE_CLOSED,
        }
    }
}

/// The readiness that a try is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    ready: u8,
    tick: u64,
}

impl Seen {
    pub(crate) fn ready(self) -> u8 {
        self.ready
    }

    /// The same, of nothing but what `mask` has bits for.
    pub(crate) fn only(self, mask: u8) -> Self {
        Self { ready: self.ready & mask, ..self }
    }
}

/// The runtime is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// The readiness of one source.
#[derive(Debug)]
pub(crate) struct Slot {
    word: AtomicU64,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Those who wait beside them, for whatever they like.
    others: Option<Box<Slab<Waiter>>>,
}

#[derive(Debug)]
struct Waiter {
    mask: u8,
    /// None once it was woken.
    waker: Option<Waker>,
}

impl Slot {
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0), waiters: Mutex::new(Waiters::default()) }
    }

    /// What of `mask` it is ready for, if anything.
    pub(crate) fn look(&self, mask: u8) -> Poll<Result<Seen, Gone>> {
        // ORDERING(io_ready): acquire; pairs with `deliver`.
        let word = self.word.load(ord("io_ready", Ordering::Acquire));
        let seen = Seen { ready: (word & READY) as u8 & mask, tick: word / TICK };
        if seen.ready != 0 {
            Poll::Ready(Ok(seen))
        } else if word & CLOSED != 0 {
            Poll::Ready(Err(Gone))
        } else {
            Poll::Pending
        }
    }

    /// What it is ready for in `direction`; if nothing, `waker` is woken once it is. Of those who wait for one direction, the last.
    pub(crate) fn poll_ready(&self, direction: Direction, waker: &Waker) -> Poll<Result<Seen, Gone>> {
        let seen = self.look(direction.mask());
        if seen.is_ready() {
            return seen;
        }
        self.wait(waker, |waiters, waker| {
            let place = if mutant("io_one_slot") {
                &mut waiters.reader
            } else {
                match direction {
                    Direction::Read => &mut waiters.reader,
                    Direction::Write => &mut waiters.writer,
                }
            };
            if mutant("io_keeps_waker") && place.is_some() {
                return;
            }
            std::mem::swap(place, waker);
        });
        if mutant("io_skips_second_look") { Poll::Pending } else { self.look(direction.mask()) }
    }

    /// Lets `put` put a clone of `waker` into its place, and drops what was there.
    fn wait<R>(&self, waker: &Waker, put: impl FnOnce(&mut Waiters, &mut Option<Waker>) -> R) -> R {
        if mutant("io_clone_under_lock") {
            let mut waiters = self.waiters.lock();
            return put(&mut waiters, &mut Some(waker.clone()));
        }
        let mut waker = Some(waker.clone());
        let answer = put(&mut self.waiters.lock(), &mut waker);
        // Dropped outside the lock.
        drop(waker);
        answer
    }

    /// As [`poll_ready`](Self::poll_ready), for one more who waits, for what `mask` has bits for. `key` is its own, until [`leave`](Self::leave).
    pub(crate) fn poll_ready_beside(
        &self,
        mask: u8,
        key: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<Seen, Gone>> {
        let seen = self.look(mask);
        if seen.is_ready() {
            return seen;
        }
        self.wait(waker, |waiters, waker| {
            let others = waiters.others.get_or_insert_default();
            match *key {
                Some(key) => std::mem::swap(&mut others[key].waker, waker),
                None => *key = Some(others.insert(Waiter { mask, waker: waker.take() })),
            }
        });
        if mutant("io_skips_second_look") { Poll::Pending } else { self.look(mask) }
    }

    /// Ends the wait of `key`.
    pub(crate) fn leave(&self, key: usize) {
        if mutant("io_cancel_keeps") {
            return;
        }
        let mut waiters = self.waiters.lock();
        let waiter = waiters.others.as_mut().map(|others| others.remove(key));
        let is_spare = waiters.others.as_ref().is_some_and(|others| others.is_empty() && others.capacity() > KEPT);
        let room = if is_spare { waiters.others.take() } else { None };
        drop(waiters);
        drop((waiter, room));
    }

    /// It is not `seen` to be ready any more, but for the end of a direction.
    pub(crate) fn clear(&self, seen: Seen) {
        self.clear_bits(seen, seen.ready & !ENDS);
    }

    /// A try that was based on `seen` would have blocked: not even what was told to be an end is one.
    pub(crate) fn refute(&self, seen: Seen) {
        self.clear_bits(seen, seen.ready);
    }

    fn clear_bits(&self, seen: Seen, bits: u8) {
        let clears = u64::from(bits);
        // Relaxed: what is cleared orders nothing (counter only).
        let mut word = self.word.load(Ordering::Relaxed);
        while (word / TICK == seen.tick || mutant("io_clear_ignores_tick")) && word & clears != 0 {
            // Counter only: as above; a failure has seen an event, whose bits stay.
            match self.word.compare_exchange_weak(word, word & !clears, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
    }

    /// An event says that it is ready for what `ready` has bits for. Who waits for that goes to `due`, to be woken.
    pub(crate) fn deliver(&self, ready: u8, due: &mut Vec<Waker>) {
        if mutant("io_wakes_before_word") {
            self.take_waiters(ready, due);
            self.mark(ready);
            return;
        }
        self.mark(ready);
        self.take_waiters(ready, due);
    }

    fn mark(&self, ready: u8) {
        // Relaxed: a guess (counter only).
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let marked = word.wrapping_add(TICK) | u64::from(ready);
            // ORDERING(io_ready): release; pairs with `look`. A failure changes nothing.
            match self.word.compare_exchange_weak(word, marked, ord("io_ready", Ordering::Release), Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
    }

    fn take_waiters(&self, ready: u8, due: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        if ready & Direction::Read.mask() != 0 {
            due.extend(waiters.reader.take());
        }
        if ready & Direction::Write.mask() != 0 {
            due.extend(waiters.writer.take());
        }
        if let Some(others) = &mut waiters.others {
            let concerned = others.iter_mut().filter(|(_, waiter)| waiter.mask & ready != 0);
            due.extend(concerned.filter_map(|(_, waiter)| waiter.waker.take()));
        }
    }

    /// Calls `f` with what somebody waits for, and his waker, under the lock: it runs no code of the user's.
    pub(super) fn for_each_waiter(&self, mut f: impl FnMut(u8, &Waker)) {
        let waiters = self.waiters.lock();
        for (ready, waker) in [(bits::READABLE, &waiters.reader), (bits::WRITABLE, &waiters.writer)] {
            waker.iter().for_each(|waker| f(ready, waker));
        }
        for (_, waiter) in waiters.others.iter().flat_map(|others| others.iter()) {
            waiter.waker.iter().for_each(|waker| f(waiter.mask, waker));
        }
    }

    /// The runtime is gone. Everybody who waits goes to `due`.
    pub(crate) fn close(&self, due: &mut Vec<Waker>) {
        // ORDERING(io_ready): release; pairs with `look`.
        self.word.fetch_or(CLOSED, ord("io_ready", Ordering::Release));
        self.take_waiters(u8::MAX, due);
    }
}
