//! The pool of threads on which closures may block.
//!
//! Two kinds of work come in. A *job* ([`Pool::submit`]) is a task whose closure blocks: it waits in one queue, first come first
//! served, and no more than `max_threads` run at a time. A *work* ([`Pool::submit_now`]) is a worker whose own thread is about to
//! block: it waits for nobody, an idle thread or a new one carries it, and that thread does not count towards the maximum
//! until it has finished.
//!
//! Who calls it: `spawn_blocking` and `block_in_place` submit, on any thread; each thread of the pool runs [`Pool::work`];
//! the runtime's end closes the pool and waits for its threads. All state is in the [`Roster`] under one lock; a pool thread takes
//! it once for each job, and whoever submits once, or twice to start a thread.
//!
//! # Invariants
//! - *A job that is queued has a thread to come*: one that runs another job, one that starts, or one that is promised. The last
//!   thread that fails to start takes with it all that is queued: on an open pool those jobs are cancelled (`blocking_orphans`, structural).
//! - *A promise is made to the thread that has been idle for the shortest time* (`blocking_notify`, structural): those that a burst has
//!   left are idle for as long as they are not needed, and end. Each thread waits on a condition variable of its own.
//! - *A thread that is promised something keeps the promise, whether its time is up or not* (`blocking_expiry`, structural): it becomes a promised one
//!   under the lock under which it looks whether it is, before it leaves. Whoever leaves has taken itself off the idle ones under that lock.
//! - *A thread becomes idle only when the queue is empty*, decided under the lock; it leaves only when idle and unpromised, when
//!   the pool is closed, or when there are more than `max_threads` beside those that carry.
//! - *A closed pool takes nothing in, cancels its queue and wakes who is idle* (`blocking_closed`, `blocking_close_wakes`, structural). What it
//!   has accepted with a thread to come for it still runs: a work (`blocking_handed`, structural), and as many jobs as threads start or are
//!   promised (`blocking_coming`, structural). So a job that had to wait for nobody runs, though its runtime is dropped at once. So does one that is to run in
//!   any case (`blocking_owed`, structural): one thread more than the maximum carries what is promised and has no thread to come, for those that run jobs may be
//!   waiting for it (`blocking_spare`, structural). If that thread cannot be started, whoever closes the pool does it (`blocking_spare_refused`, structural); where it is the start of a thread to come that
//!   fails, who has tried that (`blocking_strike_owed`, structural).
//! - *Every thread that the pool has started is joined* (`blocking_gone`, structural): by the next that ends, or by
//!   [`Pool::wait`]; at most the last one to end is left for later.
//! - *A job counts from when it has a thread* (`blocking_counts_late`, structural): what is counted are the threads that run jobs or come for one, before the lock
//!   is released under which that is decided. So a job that waits for a thread waits for those that have one, and if they wait for time to pass it does, too.
//! - No user code, no start and no join of a thread under the lock.
//!
//! Checked by the models in `loom-tests/src/models/blocking.rs` and `promised_jobs.rs` there, and by the tests of `roster.rs`.
//! Deliberately not here: how a thread is configured and what it enters (`runtime/`), tasks (`task/blocking.rs`).

mod roster;

use std::io;
use std::time::Duration;

use crate::facade::thread::JoinHandle;
use crate::facade::{Arc, Condvar, Monitor, MonitorGuard, RawInstant, catch_unwind, mutant};
use crate::recorder::word::Kind;
use crate::recorder::{self, word};
use crate::task::raw::discard;
use crate::task::runnable::Runnable;
use roster::{Idler, Job, Next, Roster, Settled};

/// A worker to be carried by another thread.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// What becomes of a job that waits for a thread when the pool closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// Nobody counts on it but who awaits it.
    Cancelled,
    /// It runs: what it does was promised to somebody who may not await it, such as who has written to a file.
    #[allow(dead_code, reason = "what files and the standard streams ask for, features that the models do not know")]
    Run,
}

/// Counts the threads that have something to do.
pub(crate) trait Attend {
    /// One more has. Called before anybody can see that.
    fn stir(&self);
    /// One has not any more.
    fn rest(&self);
}

/// A thread's membership, to be brought to [`Pool::work`].
#[derive(Debug)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// A number that no other thread of the pool has.
    pub(crate) fn number(&self) -> u64 {
        self.0
    }
}

/// The pool.
pub(crate) struct Pool {
    roster: Monitor<Roster>,
    /// Whoever waits for the threads' end waits here.
    empty: Condvar,
    keep_alive: Duration,
}

impl Pool {
    /// A pool without threads. Once it is idle for `keep_alive` a thread ends.
    pub(crate) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        Self { roster: Monitor::new(Roster::new(max_threads)), empty: Condvar::new(), keep_alive }
    }

    /// Queues `job`. An idle thread takes it, or a thread that `start` starts if there are fewer than the maximum, or the first to be free.
    ///
    /// `start` has its thread call [`work`](Self::work) with the ticket. If it fails and no other thread is there to run jobs, all jobs
    /// that wait are cancelled on this thread; so is `job`, on a closed pool. A pool that closes while it waits does with it as `at_close` says, on this thread if `start` fails. `busy` counts the threads that run jobs, or come for one.
    pub(crate) fn submit(
        &self,
        job: Runnable,
        at_close: AtClose,
        busy: &impl Attend,
        start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>,
    ) {
        let mut roster = self.roster.lock();
        if roster.is_closed() && !mutant("blocking_closed") {
            drop(roster);
            return job.cancel();
        }
        roster.queue(job, at_close);
        if let Some(idler) = roster.promise() {
            roster.count(busy);
            drop(roster);
            return ring(&idler);
        }
        let Some(id) = roster.enlist_below_maximum() else { return };
        if !mutant("blocking_counts_late") {
            roster.count(busy);
        }
        drop(roster);
        match start(Ticket(id)) {
            Ok(thread) => self.register(id, thread),
            // Why is of no use to whoever awaits the job: it runs on another thread, or is cancelled.
            Err(_) => self.strike(id, busy),
        }
    }

    /// Has `work` carried at once, by an idle thread or by one that `start` starts, even beyond the maximum.
    ///
    /// # Errors
    /// The work itself, when the pool is closed or the thread cannot be started. Accepted, it runs, even if the pool closes.
    pub(crate) fn submit_now(
        &self,
        work: Work,
        start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>,
    ) -> Result<(), Work> {
        let mut roster = self.roster.lock();
        if roster.is_closed() {
            return Err(work);
        }
        if let Some(idler) = roster.promise() {
            roster.hand(work);
            drop(roster);
            ring(&idler);
            return Ok(());
        }
        let id = roster.enlist_for(work);
        drop(roster);
        self.start_for_work(id, start)
    }

    /// Makes a thread that was started elsewhere one of the pool; it goes on to call [`work`](Self::work), and is joined by its owner.
    /// `None` when the pool is closed, or has its maximum of threads.
    pub(crate) fn adopt(&self, busy: &impl Attend) -> Option<Ticket> {
        let mut roster = self.roster.lock();
        let adopted = roster.adopt().map(Ticket);
        roster.count(busy);
        adopted
    }

    /// A pool thread's life: it runs what there is until it has been idle for too long, or the pool has closed, and says of each job that
    /// it has `ended`. Never panics.
    pub(crate) fn work(&self, ticket: Ticket, busy: &impl Attend, ended: impl Fn()) {
        let own = Idler { id: ticket.0, bell: Arc::new(Condvar::new()) };
        let mut roster = self.roster.lock();
        let mut next = match roster.arrive(own.id) {
            Some(work) => {
                drop(roster);
                Ok(work)
            }
            None => self.next(roster, &own, busy, false),
        };
        loop {
            let job = match next {
                Ok(job) => job,
                Err(roster) => return self.leave(roster, own.id, busy),
            };
            let carried = matches!(job, Job::Work(_));
            run(job);
            if !carried {
                ended();
            }
            next = self.next(self.roster.lock(), &own, busy, carried);
        }
    }

    /// Refuses jobs and works from now on, cancels the jobs that wait, on this thread, and has the threads end, those that come for a job
    /// after that. Jobs that are to run in any case and have no thread to come are carried by one that `start` starts; on this thread, if it cannot. Later calls do nothing more.
    pub(crate) fn close(&self, busy: &impl Attend, start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>) {
        let mut roster = self.roster.lock();
        let (settled, idle) = roster.close();
        roster.count(busy);
        let works = if mutant("blocking_handed") { roster.take_handed() } else { Vec::new() };
        let spare = if settled.owed.is_empty() { None } else { Some(roster.enlist_for(run_all(settled.owed))) };
        drop(roster);
        idle.iter().for_each(|idler| idler.bell.notify_one());
        drop(works);
        let refused = spare.and_then(|id| self.start_for_work(id, start).err());
        settled.cancelled.into_iter().for_each(Runnable::cancel);
        if let Some(work) = refused.filter(|_| !mutant("blocking_spare_refused")) {
            // Nobody else may be free, and who is not may be waiting for this.
            run(Job::Work(work));
        }
    }

    /// Waits until all threads of a closed pool have left, and joins them; or until `deadline`, and leaves them to themselves. False if some
    /// had not left by then.
    ///
    /// Not for a thread of the pool, which would wait for itself.
    pub(crate) fn wait(&self, deadline: Option<RawInstant>) -> bool {
        let mut roster = self.roster.lock();
        debug_assert!(roster.is_closed(), "threads of an open pool need not end");
        while !roster.is_empty() {
            match deadline {
                None => self.empty.wait(&mut roster),
                Some(deadline) => {
                    if self.empty.wait_until(&mut roster, deadline) && !roster.is_empty() {
                        return false;
                    }
                }
            }
        }
        let ended = roster.take_ended();
        drop(roster);
        // They have left; only their hook, and what their thread-locals do as they are dropped, may still take long, and a join knows no limit.
        if deadline.is_none() {
            join(ended);
        }
        true
    }

    /// The threads, those that start included.
    pub(crate) fn threads(&self) -> usize {
        self.roster.lock().threads()
    }

    /// The threads that have nothing to do.
    pub(crate) fn idle(&self) -> usize {
        self.roster.lock().idle()
    }

    /// The jobs that wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.roster.lock().queued()
    }

    /// What a thread does next, which has `carried` a work before; the guard when it is to leave.
    fn next<'a>(
        &self,
        mut roster: MonitorGuard<'a, Roster>,
        own: &Idler,
        busy: &impl Attend,
        carried: bool,
    ) -> Result<Job, MonitorGuard<'a, Roster>> {
        if carried {
            roster.put_down();
        }
        loop {
            match roster.next() {
                Next::Run(job) => {
                    roster.count(busy);
                    return Ok(job);
                }
                Next::Leave => return Err(roster),
                Next::Idle => {}
            }
            if !self.wait_for_promise(&mut roster, own, busy) {
                return Err(roster);
            }
        }
    }

    /// Waits to be promised something. False when that takes too long.
    fn wait_for_promise(&self, roster: &mut MonitorGuard<'_, Roster>, own: &Idler, busy: &impl Attend) -> bool {
        let deadline = RawInstant::now().checked_add(self.keep_alive);
        roster.begin_idle(own.clone());
        roster.count(busy);
        loop {
            let timed_out = match deadline {
                Some(deadline) => own.bell.wait_until(roster, deadline),
                None => {
                    own.bell.wait(roster);
                    false
                }
            };
            // The promise first: a thread whose time is up may be the one that a submitter counts on.
            if roster.keep_promise(own.id) {
                return !(timed_out && mutant("blocking_expiry"));
            }
            if timed_out {
                roster.give_up_idle(own.id);
                return false;
            }
        }
    }

    /// Keeps the handle of a thread that has started, and may have ended already.
    fn register(&self, id: u64, thread: JoinHandle<()>) {
        let mut roster = self.roster.lock();
        roster.register(id, thread);
        self.tell_if_empty(roster);
    }

    /// Starts a thread that is on the roster for a work, which comes back if that fails.
    fn start_for_work(&self, id: u64, start: impl FnOnce(Ticket) -> io::Result<JoinHandle<()>>) -> Result<(), Work> {
        match start(Ticket(id)) {
            Ok(thread) => {
                self.register(id, thread);
                Ok(())
            }
            Err(_) => {
                let mut roster = self.roster.lock();
                let work = roster.strike_carrier(id);
                self.tell_if_empty(roster);
                Err(work)
            }
        }
    }

    /// A thread could not be started: what waits for nobody now is cancelled, or, on a closed pool, done here if it is to run in any case.
    fn strike(&self, id: u64, busy: &impl Attend) {
        let mut roster = self.roster.lock();
        let Settled { cancelled, owed } = roster.strike();
        roster.count(busy);
        drop(roster);
        owed.into_iter().for_each(Runnable::run);
        // Only now: who waits for the threads' end waits for that, too. What is cancelled is the user's, and may be who waits.
        let mut roster = self.roster.lock();
        roster.forget(id);
        self.tell_if_empty(roster);
        cancelled.into_iter().for_each(Runnable::cancel);
    }

    /// The calling thread leaves, and joins those that have left before.
    fn leave(&self, mut roster: MonitorGuard<'_, Roster>, id: u64, busy: &impl Attend) {
        let ended = roster.leave(id);
        roster.count(busy);
        self.tell_if_empty(roster);
        join(ended);
    }

    fn tell_if_empty(&self, roster: MonitorGuard<'_, Roster>) {
        if roster.is_empty() {
            self.empty.notify_all();
        }
    }
}

/// Wakes a thread for a promise, without the lock, which it is about to take.
fn ring(idler: &Idler) {
    if !mutant("blocking_notify") {
        idler.bell.notify_one();
    }
}

/// Jobs, as one work.
fn run_all(jobs: Vec<Runnable>) -> Work {
    Box::new(|| jobs.into_iter().for_each(Runnable::run))
}

/// Runs a job or carries a work. Never panics.
fn run(job: Job) {
    match job {
        Job::Task(task) => {
            let address = task.task().id().address();
            recorder::note_here(|| word::of_task(Kind::Block, 0, address));
            task.run();
            recorder::note_here(|| word::of_task(Kind::Block, 1, address));
        }
        Job::Work(work) => {
            if let Err(payload) = catch_unwind(work) {
                discard(payload);
            }
        }
    }
}

/// Joins threads that have left the pool: all they have left to do is to end.
fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // It ends by returning from `work`. If it panicked after that, its message is printed already.
        let _ = thread.join();
    }
}
