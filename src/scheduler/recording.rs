//! What workers, and the other threads of a runtime, record of what they do, where a recorder is on (`recorder/`).
//!
//! Who calls it: `worker/` on the thread that has the worker, through the worker's pen; and what spawns and wakes on any other thread, through that thread's lane, if it
//! has one. Deliberately not here: how it is told (`insight/recording/`).

use std::panic::Location;

use super::place::Place;
use super::sites::Site;
use super::worker::Worker;
use super::{Membership, Scheduler};
use crate::facade::RawInstant;
use crate::recorder::word::{self, End, Kind};
use crate::recorder::{Attached, Rings, Role};
use crate::task::raw::RawTask;
use crate::task::runnable::Runnable;

impl Worker {
    /// Something happens to `task`, which was spawned here.
    #[inline(always)]
    pub(super) fn record(&self, kind: Kind, task: &Runnable) {
        if self.pen().is_on() {
            self.record_task(kind, task);
        }
    }

    #[inline(never)]
    fn record_task(&self, kind: Kind, task: &Runnable) {
        let (word, _) = self.shard().scheduler().event_of(kind, task);
        self.pen().note(word);
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
        if is_new {
            self.record_name(task);
        }
        self.pen().note_poll(word);
    }

    /// The task is about to be polled for the first time.
    #[inline]
    fn record_name(&self, task: &Runnable) {
        // SAFETY: the entry keeps the task.
        let name = unsafe { task.task().name() };
        let recorder = self.shard().scheduler().recorder();
        if let Some(number) = name.zip(recorder).and_then(|(name, recorder)| recorder.number_of(name)) {
            self.pen().note(word::of_task(Kind::Name, number, task.task().id().address()));
        }
    }

    /// The task that is polled or dropped ends.
    #[inline(always)]
    pub(super) fn record_end(&self, end: End, task: RawTask) {
        if self.pen().is_on() {
            self.pen().note(word::of_task(Kind::End, end as u64, task.id().address()));
        }
    }

    /// Something else happens.
    #[inline(always)]
    pub(super) fn record_numbers(&self, kind: Kind, numbers: impl FnOnce() -> (usize, usize)) {
        if self.pen().is_on() {
            let (first, second) = numbers();
            self.pen().note(word::of_numbers(kind, first as u64, second as u64));
        }
    }

    /// The worker goes to sleep, or has woken.
    #[inline(always)]
    pub(super) fn record_rest(&self, kind: Kind, now: impl FnOnce() -> RawInstant) {
        if self.pen().is_on() {
            self.pen().note_at(now(), word::of_numbers(kind, 0, 0));
        }
    }

    /// It is `now`, at a look around: the worker learns whether it is to record.
    pub(super) fn record_time(&self, now: RawInstant) {
        let Some(recorder) = self.shard().scheduler().recorder() else { return };
        recorder.tell(self.pen());
        if self.pen().is_on() {
            self.pen().stamp_at(now);
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

    /// A task is about to be spawned at `place`.
    #[inline(always)]
    pub(super) fn set_spawned_at(&self, task: &mut Place, place: &'static Location<'static>) {
        match &self.recorder {
            None => task.set_spawned_at(place),
            Some(_) => task.set_numbered(place, &self.sites),
        }
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
