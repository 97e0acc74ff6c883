//! What the pool's lock guards: who is there, what waits, and who is promised to whom.
//!
//! Plain data: no lock, no clock, and threads only as handles to be kept. Each thread is one of these:
//!
//! | a thread that | is counted in |
//! |---|---|
//! | starts | `threads`, `starting` |
//! | runs a job | `threads` |
//! | carries a work, or starts to | `threads`, `carrying` |
//! | waits | `threads`, `idle`: the last of them is the one that has come last |
//! | waits and is promised something | `threads`, `promised`; `carrying` too if that is a work |
//!
//! # Invariants
//! - `threads - carrying` never exceeds the maximum: as a thread puts down its work, or finds nothing to do, it leaves if it would.
//! - Each work that is handed has a promised thread, each that is reserved a starting one.
//! - `handed` is looked at before the queue, so that a work waits for no job (`blocking_work_first`, structural).
//! - Each thread that starts, or is promised what is no work, looks into the queue before it leaves: so many jobs outlive the pool's closing. What waits
//!   beyond those is taken out of the queue as the pool closes, or as one of those threads cannot be started.
//! - `blocking_orphans`, `blocking_gone`, `blocking_coming`, `blocking_owed`: see the folder's header.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use super::{AtClose, Attend, Work};
use crate::facade::thread::JoinHandle;
use crate::facade::{Arc, Condvar, mutant};
use crate::spare::GiveBack;
use crate::task::runnable::Runnable;

/// What a thread of the pool runs.
pub(super) enum Job {
    /// A task whose closure may block.
    Task(Runnable),
    /// A worker whose own thread blocks.
    Work(Work),
}

/// What a thread that is free does next.
pub(super) enum Next {
    Run(Job),
    /// Wait for a promise.
    Idle,
    /// End.
    Leave,
}

/// A thread that waits, or will.
#[derive(Clone)]
pub(super) struct Idler {
    pub(super) id: u64,
    /// It waits here, alone.
    pub(super) bell: Arc<Condvar>,
}

/// The pool's state.
pub(super) struct Roster {
    max_threads: usize,
    queue: VecDeque<Waiting>,
    /// Works that promised threads come for.
    handed: VecDeque<Work>,
    /// Works of threads that start.
    reserved: BTreeMap<u64, Work>,
    members: BTreeMap<u64, Member>,
    /// Threads that have left, and are not joined yet.
    ended: Vec<JoinHandle<()>>,
    threads: usize,
    /// Threads started for the queue that have not come yet.
    starting: usize,
    idle: Vec<Idler>,
    promised: usize,
    carrying: usize,
    /// The busy threads, as whoever counts them was told last.
    counted: usize,
    next_id: u64,
    closed: bool,
}

/// A job that waits for a thread.
struct Waiting {
    job: Runnable,
    at_close: AtClose,
}

/// Jobs that are out of the queue, though no thread has come for them.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) cancelled: Vec<Runnable>,
    /// To be run all the same.
    pub(super) owed: Vec<Runnable>,
}

struct Member {
    start: Start,
    /// It is promised something, and has not kept that yet.
    is_promised: bool,
}

/// Where a thread is, as far as its handle is concerned.
enum Start {
    /// Its start has not returned yet.
    Starting,
    Started(JoinHandle<()>),
    /// It has left before its start returned.
    Gone,
    /// Somebody else has its handle.
    Adopted,
}

impl Roster {
    pub(super) fn new(max_threads: usize) -> Self {
        Self {
            max_threads,
            queue: VecDeque::new(),
            handed: VecDeque::new(),
            reserved: BTreeMap::new(),
            members: BTreeMap::new(),
            ended: Vec::new(),
            threads: 0,
            starting: 0,
            idle: Vec::new(),
            promised: 0,
            carrying: 0,
            counted: 0,
            next_id: 0,
            closed: false,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether no thread is left, nor one whose start has not returned.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Queues a job, behind the others.
    pub(super) fn queue(&mut self, job: Runnable, at_close: AtClose) {
        self.queue.push_back(Waiting { job, at_close });
    }

    /// Promises something to the thread that has been idle for the shortest time, which is then to be woken. None if there is none.
    #[must_use = "the thread has to be woken"]
    pub(super) fn promise(&mut self) -> Option<Idler> {
        let idler = self.idle.pop()?;
        self.idle.give_back();
        self.mark_promised(idler.id);
        Some(idler)
    }

    fn mark_promised(&mut self, id: u64) {
        let member = self.members.get_mut(&id);
        debug_assert!(
            member.as_ref().is_some_and(|member| !member.is_promised),
            "who is idle is there, and promised nothing"
        );
        if let Some(member) = member {
            member.is_promised = true;
            self.promised += 1;
        }
    }

    /// Hands a work to the thread that has just been promised.
    pub(super) fn hand(&mut self, work: Work) {
        self.carrying += 1;
        self.handed.push_back(work);
        debug_assert!(self.handed.len() <= self.promised, "a handed work has a thread to come");
    }

    /// Counts a thread that is about to start, if there are fewer than the maximum.
    pub(super) fn enlist_below_maximum(&mut self) -> Option<u64> {
        (self.free() < self.max_threads).then(|| {
            self.starting += 1;
            self.enlist(Start::Starting)
        })
    }

    /// Counts a thread that is about to start and to carry `work`.
    pub(super) fn enlist_for(&mut self, work: Work) -> u64 {
        let id = self.enlist(Start::Starting);
        self.carrying += 1;
        self.reserved.insert(id, work);
        id
    }

    /// Counts the calling thread, if the pool is open and has fewer than the maximum.
    pub(super) fn adopt(&mut self) -> Option<u64> {
        (!self.closed && self.free() < self.max_threads).then(|| self.enlist(Start::Adopted))
    }

    /// A thread comes. The work that it was started for; none if it is for the queue, at which it is to look before the lock is released.
    pub(super) fn arrive(&mut self, id: u64) -> Option<Job> {
        let work = self.reserved.remove(&id).map(Job::Work);
        let is_adopted = self.members.get(&id).is_some_and(|member| matches!(member.start, Start::Adopted));
        if work.is_none() && !is_adopted {
            self.starting -= 1;
        }
        work
    }

    /// The thread's start has returned.
    pub(super) fn register(&mut self, id: u64, thread: JoinHandle<()>) {
        match self.members.get_mut(&id).map(|member| &mut member.start) {
            Some(start @ Start::Starting) => *start = Start::Started(thread),
            Some(_) => {
                self.members.remove(&id);
                self.ended.push(thread);
            }
            None => debug_assert!(mutant("blocking_gone"), "a thread stays on the roster until its start has returned"),
        }
    }

    /// A thread's start has failed: the jobs that now wait for nobody. It is on the roster until it is forgotten.
    pub(super) fn strike(&mut self) -> Settled {
        self.threads -= 1;
        self.starting -= 1;
        if self.closed && !mutant("blocking_strike_owed") {
            return self.settle();
        }
        if self.free() > 0 {
            return Settled::default();
        }
        if mutant("blocking_orphans") {
            let cancelled = self.queue.pop_back().into_iter().map(|waiting| waiting.job).collect();
            return Settled { cancelled, owed: Vec::new() };
        }
        // Others have failed before and left theirs to this one.
        let cancelled = mem::take(&mut self.queue).into_iter().map(|waiting| waiting.job).collect();
        Settled { cancelled, owed: Vec::new() }
    }

    /// Takes one off that has not started.
    pub(super) fn forget(&mut self, id: u64) {
        self.members.remove(&id);
    }

    /// The start of a thread has failed that was to carry a work, which comes back.
    pub(super) fn strike_carrier(&mut self, id: u64) -> Work {
        self.members.remove(&id);
        self.threads -= 1;
        self.carrying -= 1;
        self.reserved.remove(&id).expect("what is reserved for a thread is taken by nobody else")
    }

    /// What a thread that is free does next.
    pub(super) fn next(&mut self) -> Next {
        if mutant("blocking_work_first")
            && let Some(waiting) = self.queue.pop_front()
        {
            return Next::Run(Job::Task(waiting.job));
        }
        if let Some(work) = self.handed.pop_front() {
            self.handed.give_back();
            return Next::Run(Job::Work(work));
        }
        if self.free() > self.max_threads {
            return Next::Leave;
        }
        let waiting = self.queue.pop_front();
        self.queue.give_back();
        match waiting {
            Some(waiting) => Next::Run(Job::Task(waiting.job)),
            None if self.closed => Next::Leave,
            None => Next::Idle,
        }
    }

    /// A thread has finished its work.
    pub(super) fn put_down(&mut self) {
        self.carrying -= 1;
    }

    pub(super) fn begin_idle(&mut self, own: Idler) {
        debug_assert!(self.queue.is_empty(), "no thread is idle beside a job that waits");
        self.idle.push(own);
    }

    /// A waiting thread keeps what it was promised, if anything.
    pub(super) fn keep_promise(&mut self, id: u64) -> bool {
        let kept = self.members.get_mut(&id).is_some_and(|member| mem::take(&mut member.is_promised));
        self.promised -= usize::from(kept);
        kept
    }

    /// A waiting thread's time is up. It is most often the one that has waited for the longest time.
    pub(super) fn give_up_idle(&mut self, id: u64) {
        let position = self.idle.iter().position(|idler| idler.id == id);
        debug_assert!(position.is_some(), "who waits and is promised nothing is idle");
        if let Some(position) = position {
            self.idle.remove(position);
            self.idle.give_back();
        }
    }

    /// The calling thread leaves. Those that have left before, to be joined.
    pub(super) fn leave(&mut self, id: u64) -> Vec<JoinHandle<()>> {
        self.threads -= 1;
        match self.members.remove(&id).map(|member| member.start) {
            Some(Start::Started(thread)) => mem::replace(&mut self.ended, vec![thread]),
            Some(Start::Starting) if !mutant("blocking_gone") => {
                self.members.insert(id, Member { start: Start::Gone, is_promised: false });
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Refuses all from now on, and promises to those who wait that there is something: the end. The jobs that no thread comes for, and who is to be
    /// woken.
    pub(super) fn close(&mut self) -> (Settled, Vec<Idler>) {
        let settled = self.settle();
        self.closed = true;
        let idle = if mutant("blocking_close_wakes") { Vec::new() } else { mem::take(&mut self.idle) };
        idle.iter().for_each(|idler| self.mark_promised(idler.id));
        (settled, idle)
    }

    /// Takes out of the queue all but as many jobs as there are threads to come for one.
    fn settle(&mut self) -> Settled {
        let coming = self.starting + self.promised - self.handed.len();
        let kept = if mutant("blocking_coming") { 0 } else { coming.min(self.queue.len()) };
        let mut settled = Settled::default();
        for Waiting { job, at_close } in self.queue.split_off(kept) {
            let is_owed = at_close == AtClose::Run && !mutant("blocking_owed");
            if is_owed { settled.owed.push(job) } else { settled.cancelled.push(job) }
        }
        self.queue.give_back();
        if mutant("blocking_spare") {
            let owed = mem::take(&mut settled.owed);
            self.queue.extend(owed.into_iter().map(|job| Waiting { job, at_close: AtClose::Run }));
        }
        settled
    }

    /// The works that nobody has come for yet.
    pub(super) fn take_handed(&mut self) -> Vec<Work> {
        self.carrying -= self.handed.len();
        mem::take(&mut self.handed).into()
    }

    /// The threads that have left and are not joined.
    pub(super) fn take_ended(&mut self) -> Vec<JoinHandle<()>> {
        mem::take(&mut self.ended)
    }

    fn enlist(&mut self, start: Start) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.members.insert(id, Member { start, is_promised: false });
        self.threads += 1;
        id
    }

    /// Tells `busy` how many threads run jobs, or come for one.
    pub(super) fn count(&mut self, busy: &impl Attend) {
        let now = self.free() - self.idle.len();
        (self.counted..now).for_each(|_| busy.stir());
        (now..self.counted).for_each(|_| busy.rest());
        self.counted = now;
    }

    /// The threads that run jobs, or could.
    fn free(&self) -> usize {
        self.threads - self.carrying
    }
}

#[cfg(test)]
mod tests;
