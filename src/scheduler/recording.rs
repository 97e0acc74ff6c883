//! What workers, and the other threads of a runtime, record of what they do, where a recorder is on (`recorder/`).
//!
//! Who calls it: `worker/` on the thread that has the worker, through the worker's pen; and what spawns and wakes on any other thread, through that thread's lane, if it
//! has one. Deliberately not here: how it is told (`insight/recording/`).

use std::panic::Location;

use super::sites::Site;
use super::worker::Worker;
use super::{Membership, Scheduler};
use crate::facade::RawInstant;
use crate::recorder::word::{self, End, Kind};
use crate::recorder::{Attached, Rings, Role};
use crate::task::raw::RawTask;
use crate::task::runnable::Runnable;

impl Worker {
    /// Something happens to `task`, which was spawned here, in the course of a poll, or as the worker fires.
    #[inline(always)]
    pub(super) fn record(&self, kind: Kind, task: &Runnable) {
        if self.pen().is_on() {
            self.record_task(kind, task);
        }
    }

    #[inline(never)]
    fn record_task(&self, kind: Kind, task: &Runnable) {
        self.pen().note(self.shard().scheduler().event_of(kind, task).0);
    }

    /// `task` was spawned here just now: nobody else knows it.
    #[inline(always)]
    pub(super) fn record_spawn(&self, task: &Runnable) {
        if self.pen().is_on() {
            self.record_spawned(task);
        }
    }

    #[inline(never)]
    fn record_spawned(&self, task: &Runnable) {
        let scheduler = self.shard().scheduler();
        // SAFETY: the entry keeps the task, which was spawned here.
        let membership: &Membership = unsafe { task.task().scheduler() };
        // The first poll asks for it, too.
        membership.place.set_number(&scheduler.sites);
        self.pen().note(scheduler.event_of(Kind::Spawn, task).0);
    }

    /// `task`, which was spawned here, is about to be polled.
    #[inline(always)]
    pub(super) fn record_poll(&self, task: &Runnable) {
        if self.pen().is_on() {
            self.record_polled(task);
        }
    }

    #[inline(never)]
    fn record_polled(&self, task: &Runnable) {
        let (word, is_new) = self.shard().scheduler().event_of(Kind::Poll, task);
        if is_new && self.has_name(task) {
            return self.record_named(task, word);
        }
        self.pen().note_poll(word);
    }

    fn has_name(&self, task: &Runnable) -> bool {
        // SAFETY: the entry keeps the task.
        unsafe { task.task().name() }.is_some()
    }

    /// `task`, which has a name, is about to be polled for the first time.
    #[cold]
    fn record_named(&self, task: &Runnable, word: u64) {
        // SAFETY: the entry keeps the task.
        let name = unsafe { task.task().name() };
        let rings = self.shard().scheduler().recorder();
        if let Some(number) = name.zip(rings).and_then(|(name, rings)| rings.number_of(name)) {
            self.pen().note_outside(word::of_task(Kind::Name, number, task.task().id().address()));
        }
        self.pen().note_poll(word);
    }

    /// The task that is polled or dropped ends.
    #[inline(always)]
    pub(super) fn record_end(&self, end: End, task: RawTask) {
        if self.pen().is_on() {
            match end {
                End::Ready => self.pen().has_ended(),
                End::Cancelled | End::Panicked => self.record_bad_end(end, task),
            }
        }
    }

    #[cold]
    fn record_bad_end(&self, end: End, task: RawTask) {
        self.pen().note(word::of_task(Kind::End, end as u64, task.id().address()));
    }

    /// Something else happens between two polls.
    #[inline(always)]
    pub(super) fn record_numbers(&self, kind: Kind, numbers: impl FnOnce() -> (usize, usize)) {
        if self.pen().is_on() {
            let (first, second) = numbers();
            self.record_outside(word::of_numbers(kind, first as u64, second as u64));
        }
    }

    #[cold]
    fn record_outside(&self, word: u64) {
        self.pen().note_outside(word);
    }

    /// The worker goes to sleep, has woken, or is about to tell a hook of either.
    #[inline(always)]
    pub(super) fn record_rest(&self, word: u64, now: impl FnOnce() -> RawInstant) {
        if self.pen().is_on() {
            self.pen().note_at(now(), word);
        }
    }

    /// It is `now`, at a look around: the worker learns whether it is to record.
    pub(super) fn record_time(&self, now: RawInstant) {
        let Some(rings) = self.shard().scheduler().recorder() else { return };
        rings.tell(self.pen(), now);
        if self.pen().is_on() {
            self.pen().note_time(now);
        }
    }
}

impl Scheduler {
    /// What is recorded, if anything is.
    pub(crate) fn recorder(&self) -> Option<&Rings> {
        self.recorder.as_deref()
    }

    /// This thread, which is none of the workers', records what it does, until the answer is dropped.
    ///
    /// # Safety
    /// The scheduler outlives the answer.
    pub(crate) unsafe fn record_thread(&self, role: Role) -> Option<Attached> {
        // SAFETY: by the caller: the recorder is the scheduler's.
        self.recorder().map(|recorder| unsafe { recorder.attach(role) })
    }

    /// Something happens on a thread that is none of the workers'.
    #[inline]
    pub(crate) fn record_elsewhere(&self, word: impl FnOnce() -> u64) {
        if let Some(recorder) = self.recorder() {
            recorder.with_lane(|pen| pen.note(word()));
        }
    }

    /// Something happens, there, to a task that was spawned here.
    #[inline]
    pub(super) fn record_task_elsewhere(&self, kind: Kind, task: &Runnable) {
        self.record_elsewhere(|| self.event_of(kind, task).0);
    }

    /// The word for that, and whether the task has not been pending.
    #[inline(always)]
    fn event_of(&self, kind: Kind, task: &Runnable) -> (u64, bool) {
        // SAFETY: the entry keeps the task, which was spawned here.
        let membership: &Membership = unsafe { task.task().scheduler() };
        let (site, is_listed) = membership.place.site(&self.sites);
        (word::of_task(kind, site.bits(), task.task().id().address()), !is_listed)
    }

    /// Where a task was spawned, by the number that is recorded.
    pub(crate) fn place_of(&self, number: u64) -> Option<&'static Location<'static>> {
        self.sites.place(Site::of_bits(number))
    }

    /// The places where tasks were spawned, by their numbers.
    pub(crate) fn places(&self) -> Vec<Option<&'static Location<'static>>> {
        self.sites.all()
    }
}
