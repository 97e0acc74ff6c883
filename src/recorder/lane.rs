//! Rings of threads that are no workers: the driver, the blocking pool's, and those in `block_on`.
//!
//! Such a thread has a lane while it is at work for the runtime, and leaves it to the next of its kind: there are as many as there ever were such threads at once. Where it
//! stands is a thread-local: wakes and spawns find it there.
//!
//! Who calls it: the thread itself. The lock of the list hands a lane from one thread to the next.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::Rings;
use super::pen::Pen;
use super::ring::Ring;
use crate::facade::{Arc, RawInstant, thread_local_const};

thread_local_const! {
    /// That of the innermost [`Attached`].
    static LANE: Cell<Option<NonNull<Lane>>> = Cell::new(None)
}

/// What a thread with a ring does for the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Driver,
    Pool,
    BlockOn,
}

/// A ring of a thread that is no worker.
pub(super) struct Kept {
    pub(super) role: Role,
    pub(super) ring: Arc<Ring>,
    is_taken: bool,
}

/// The ring of this thread.
struct Lane {
    pen: Pen,
    recorder: NonNull<Rings>,
    /// Its place in the list.
    place: usize,
}

/// This thread records, until it is dropped.
pub(crate) struct Attached {
    /// From a box, which this owns.
    lane: NonNull<Lane>,
    outer: Option<NonNull<Lane>>,
}

impl Rings {
    /// This thread records what it does for the runtime, until the answer is dropped, which is on this thread.
    ///
    /// # Safety
    /// The recorder outlives the answer.
    pub(crate) unsafe fn attach(&self, role: Role) -> Attached {
        let (place, ring) = self.take_lane(role);
        let pen = Pen::new(Some(ring), self.started, self.is_on());
        // Not the box itself: it would be moved, by which those pointers to its content that were made before become invalid.
        let lane = NonNull::from(Box::leak(Box::new(Lane { pen, recorder: NonNull::from(self), place })));
        let outer = LANE.try_with(|cell| cell.replace(Some(lane))).ok().flatten();
        Attached { lane, outer }
    }

    fn take_lane(&self, role: Role) -> (usize, Arc<Ring>) {
        let mut lanes = self.lanes.lock();
        let free = lanes.iter().position(|lane| lane.role == role && !lane.is_taken);
        let place = free.unwrap_or_else(|| {
            lanes.push(Kept { role, ring: Arc::new(Ring::new(self.lane_words)), is_taken: true });
            lanes.len() - 1
        });
        lanes[place].is_taken = true;
        (place, lanes[place].ring.clone())
    }

    /// Lends the pen of this thread, if it has one of this recorder, and it is on.
    pub(crate) fn with_lane(&self, f: impl FnOnce(&Pen)) {
        let Some(lane) = LANE.try_with(Cell::get).ok().flatten() else { return };
        // SAFETY: who is attached takes it away before it is dropped, on this thread; `f` writes, and calls nothing else.
        let lane = unsafe { lane.as_ref() };
        if ptr::eq(lane.recorder.as_ptr(), self) {
            lane.pen.switch(self.is_on(), RawInstant::now);
            if lane.pen.is_on() {
                f(&lane.pen);
            }
        }
    }
}

/// Records an event that is now, if this thread has a lane, and it is on.
pub(crate) fn note_here(word: impl FnOnce() -> u64) {
    let Some(lane) = LANE.try_with(Cell::get).ok().flatten() else { return };
    // SAFETY: as in `with_lane`.
    unsafe { lane.as_ref() }.note_now(word);
}

impl Lane {
    fn note_now(&self, word: impl FnOnce() -> u64) {
        // SAFETY: by the caller of `attach`.
        let recorder = unsafe { self.recorder.as_ref() };
        self.pen.switch(recorder.is_on(), RawInstant::now);
        if self.pen.is_on() {
            self.pen.note_at(RawInstant::now(), word());
        }
    }
}

impl Attached {
    /// Records an event that is now.
    pub(crate) fn note(&self, word: u64) {
        self.lane().note_now(|| word);
    }

    fn lane(&self) -> &Lane {
        // SAFETY: it came from a box, which is taken back in `drop` and nowhere else; nobody has a mutable reference to it.
        unsafe { self.lane.as_ref() }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // Where thread-locals are gone nobody finds it any more.
        let _ = LANE.try_with(|cell| cell.set(self.outer));
        // SAFETY: by the caller of `attach`.
        let recorder = unsafe { self.lane().recorder.as_ref() };
        // SAFETY: the pointer came from a box, in `attach`, and this is the end of who owns it. It is no thread's any more, so that no reference to it is alive.
        let lane = unsafe { Box::from_raw(self.lane.as_ptr()) };
        let place = lane.place;
        // The pen ends before somebody else is given the ring.
        drop(lane);
        // In a forked child its lock may be taken for ever.
        if !recorder.mark.is_inherited() {
            recorder.lanes.lock()[place].is_taken = false;
        }
    }
}
