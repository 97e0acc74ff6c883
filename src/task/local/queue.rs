//! The queues of a [`LocalSet`](super::LocalSet): one that its own thread alone touches, one for all other threads.
//!
//! [`Queue`] is what the set's tasks refer to, from whatever thread they are woken on. [`Owner`] is the end of the thread that
//! made the set: it never leaves that thread, and it alone takes entries out.
//!
//! # Who comes here, on which thread
//! - A wake or an abort on the owner's thread goes to `mine`, without a lock. While the set is polled that is all: whoever polls
//!   looks again before it waits. Otherwise it also wakes whoever waits for work.
//! - A wake or an abort on any other thread goes to `remote`, under its lock, and wakes whoever waits for work.
//! - Whoever polls the set moves `remote` to the back of `mine` when that is empty, and on every 31st poll of a task.
//!
//! Which thread is the owner's is told by its mark, an allocation that the thread and its sets share: as long as a set's
//! queues are there, no other thread can have one at the same address, even if the thread has ended and its set was leaked.
//!
//! # Invariants
//! - *No lost wake-up* (`local_push_order`, structural; `remote.rs`): a waiter is registered, each time that
//!   it waits, under the lock under which `remote` is found empty; a pusher adds its entry under the same lock as it takes the
//!   waiters' wakers. Checked by the models `local_wake_vs_idle`, `local_two_wakes` and `local_other_task`.
//! - *Every waiter is woken*, not only the latest: several futures may drive one set, and the one that is woken may end instead.
//! - *A closed queue holds nothing* (`remote.rs`): entries that come later are dropped by their pusher, as entries.
//!   Checked by the model `local_wake_vs_drop`.
//! - *Futures stay on their thread* (`local_thread`, structural): only [`Owner`] takes entries out, runs tasks and closes the
//!   list. Checked by the model `local_abort_vs_run`.
//! - No user code runs under the lock, nor while `mine` is borrowed: wakers are cloned (`local_clone_under_lock`, structural), woken and
//!   dropped outside. Checked by the model `local_clone_panics`.
//!
//! # What may happen to a local task on another thread
//! Its state word, its queue entry, its join waker (which is `Send`) and its allocation: an entry and a reference hold no right
//! to the future. The output goes where the [`JoinHandle`] goes, and that is `Send` only if the output is: a foreign thread that
//! takes or drops an output may do so, and a handle that must not leave the thread may hold any output. A task that finds no handle
//! when it completes drops its output itself, on the owner's thread. The allocation's last reference may go anywhere: by then
//! future and output are gone, or were leaked with the set.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::task::Waker;

use super::remote::Remote;
use crate::facade::{Arc, Mutex, StdArc, UnsafeCell, mutant, thread_local_const};
use crate::recorder::word::End;
use crate::runtime::Handle;
use crate::spare::GiveBack;
use crate::task::hooks::TaskHooks;
use crate::task::local_tasks::{LocalSets, LocalTasks, Seen};
use crate::task::meta::Origin;
use crate::task::raw::{Kept, RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::waker::drop_quietly;
use crate::task::{self, JoinHandle};

/// The owner looks at the remote queue on every so many polls of tasks at least.
const REMOTE_INTERVAL: u32 = 31;

/// The owner's end of a set's queues. Not `Send`: who has it is on the owner's thread.
pub(super) struct Owner {
    queue: Arc<Queue>,
    polls: Cell<u32>,
    /// The runtime's in which the set was polled last.
    known_to: RefCell<Option<StdArc<LocalSets>>>,
    /// When a poll of the set began last.
    stamp: Cell<u64>,
    stays: PhantomData<*const ()>,
}

/// What a set and its tasks share.
struct Queue {
    /// The owner's mark. A thread that ends may have none any more: then it counts as another.
    owner: Arc<()>,
    /// Touched on the owner's thread only.
    mine: UnsafeCell<Mine>,
    remote: Mutex<Remote>,
    tasks: StdArc<LocalTasks>,
    hooks: Option<StdArc<TaskHooks>>,
}

struct Mine {
    entries: VecDeque<Runnable>,
    /// Polls of the set that are under way, one within the other.
    polling: usize,
}

// SAFETY: `mine` is reached through `Queue::mine` alone, whose callers are on the owner's thread; the rest is Send and Sync.
unsafe impl Sync for Queue {}
// SAFETY: as above. Whoever drops it elsewhere drops entries at most, which is free of user code, and may happen anywhere.
unsafe impl Send for Queue {}

impl Owner {
    /// The queues of a set that belongs to this thread. `hooks` are told of its tasks.
    pub(super) fn new(hooks: Option<StdArc<TaskHooks>>) -> Self {
        let queue = Queue {
            owner: mark(),
            mine: UnsafeCell::new(Mine { entries: VecDeque::new(), polling: 0 }),
            remote: Mutex::new(Remote::default()),
            tasks: StdArc::new(LocalTasks::new(seen)),
            hooks,
        };
        let (known_to, stamp) = (RefCell::new(None), Cell::new(0));
        Self { queue: Arc::new(queue), polls: Cell::new(0), known_to, stamp, stays: PhantomData }
    }

    /// Makes a task and queues it. Once closed, drops `future` here, and the handle resolves as cancelled.
    pub(super) fn spawn<F>(&self, future: F, origin: Origin<'_>) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let member = Member::new(&self.queue, origin);
        // SAFETY: this is the owner's thread. Only `Owner` takes entries out of the queues and closes the list, and it stays here.
        let (runnable, handle) =
            unsafe { task::enlist_local(future, member, |member| &member.queue().tasks.list, origin) };
        if let Some(runnable) = runnable {
            match self.queue.push_mine(runnable) {
                Ok(true) => {}
                Ok(false) => self.queue.wake_waiters(),
                // The thread ends, and cannot tell that it is the owner's.
                Err(runnable) => self.queue.push_remote(runnable),
            }
        }
        handle
    }

    /// The next task to run.
    pub(super) fn next(&self) -> Option<Runnable> {
        let polls = self.polls.get();
        self.polls.set(polls.wrapping_add(1));
        if polls.is_multiple_of(REMOTE_INTERVAL) || self.is_drained() {
            self.collect();
        }
        self.mine(|mine| {
            let task = mine.entries.pop_front();
            mine.entries.give_back();
            task
        })
    }

    /// Says that the set is polled, until the guard is dropped.
    pub(super) fn start_polling(&self) -> Polling<'_> {
        self.mine(|mine| mine.polling += 1);
        self.stamp.set(self.queue.tasks.stamp());
        Handle::with_current(|handle| self.is_polled_in(handle.scheduler().local_sets()));
        Polling(self)
    }

    /// The set is polled in the runtime of `sets`, which tells of its tasks from now on.
    fn is_polled_in(&self, sets: &StdArc<LocalSets>) {
        let mut known_to = self.known_to.borrow_mut();
        if known_to.as_ref().is_some_and(|known_to| StdArc::ptr_eq(known_to, sets)) {
            return;
        }
        // A forked child's own set, with a runtime of the parent's: nobody asks for it there.
        if sets.are_inherited() {
            return;
        }
        if let Some(before) = known_to.replace(sets.clone()) {
            before.leave(&self.queue.tasks);
        }
        sets.enter(&self.queue.tasks);
    }

    /// Runs `task`, which [`next`](Self::next) has answered.
    pub(super) fn run(&self, task: Runnable) {
        // SAFETY: the entry keeps the task, which is one of this set.
        let member: &Member = unsafe { task.task().scheduler() };
        member.seen.is_polled(self.stamp.get());
        task.run();
    }

    /// What is seen of the set from elsewhere.
    pub(super) fn tasks(&self) -> &LocalTasks {
        &self.queue.tasks
    }

    /// Registers `waker` to be woken when there is something to run, in place of what was registered under `key` before. False
    /// when there is something already.
    pub(super) fn wait(&self, key: usize, waker: &Waker) -> bool {
        let locked = mutant("local_clone_under_lock").then(|| self.queue.remote.lock());
        let waker = waker.clone();
        drop(locked);
        let (waits, unused) = self.queue.remote.lock().register(key, waker);
        drop_quietly(unused);
        waits
    }

    /// Takes back what was registered under `key`.
    pub(super) fn stop_waiting(&self, key: usize) {
        let waker = self.queue.remote.lock().unregister(key);
        drop_quietly(waker);
    }

    /// Whether all tasks are complete.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.tasks.list.is_empty()
    }

    /// Drops all futures, then all entries. Tasks spawned from now on are refused. In a child of the process of the runtime that the set was polled in it does nothing.
    pub(super) fn close(&self) {
        if let Some(known_to) = self.known_to.take() {
            if known_to.are_inherited() {
                return;
            }
            known_to.leave(&self.queue.tasks);
        }
        self.queue.tasks.list.close();
        let mine = self.mine(|mine| mem::take(&mut mine.entries));
        let remote = self.queue.remote.lock().close();
        // Their futures are gone: each finds its task complete, and has it part with the set.
        mine.into_iter().chain(remote.into_entries()).for_each(Runnable::run);
    }

    /// Moves what other threads have queued to the back of the owner's own queue.
    fn collect(&self) {
        let mut remote = self.queue.remote.lock();
        self.mine(|mine| remote.move_to(&mut mine.entries));
    }

    fn is_drained(&self) -> bool {
        self.mine(|mine| mine.entries.is_empty())
    }

    fn mine<R>(&self, f: impl FnOnce(&mut Mine) -> R) -> R {
        // SAFETY: an `Owner` never leaves the thread on which it was made; no caller's `f` comes back here.
        unsafe { self.queue.mine(f) }
    }
}

/// A poll of the set that is under way.
pub(super) struct Polling<'a>(&'a Owner);

impl Drop for Polling<'_> {
    /// Whoever ends a poll with tasks left, because it is ready, panics or has done its share, leaves them to the others that wait.
    fn drop(&mut self) {
        let left = self.0.mine(|mine| {
            mine.polling -= 1;
            mine.polling == 0 && !mine.entries.is_empty()
        });
        if left {
            self.0.queue.wake_waiters();
        }
    }
}

impl Queue {
    /// Queues `task` if this is the owner's thread; gives it back if not. True while the set is polled: no more is needed then.
    fn push_mine(&self, task: Runnable) -> Result<bool, Runnable> {
        if !has_mark(&self.owner) && !mutant("local_thread") {
            return Err(task);
        }
        let push = |mine: &mut Mine| {
            mine.entries.push_back(task);
            mine.polling > 0
        };
        // SAFETY: this is the owner's thread, and `push` does not come back here.
        Ok(unsafe { self.mine(push) })
    }

    /// Queues `task` from another thread, and wakes all that wait. The caller keeps the queue alive: once queued, the task may end.
    fn push_remote(&self, task: Runnable) {
        if mutant("local_push_order") {
            self.wake_waiters();
            let refused = self.remote.lock().push(task);
            drop(refused);
            return;
        }
        let mut remote = self.remote.lock();
        let refused = remote.push(task);
        let wakers = remote.take_wakers();
        drop(remote);
        drop(refused);
        wakers.wake();
    }

    /// Wakes all that wait. The caller keeps the queue alive: a waker that is woken may end all else that does.
    fn wake_waiters(&self) {
        let wakers = self.remote.lock().take_wakers();
        wakers.wake();
    }

    /// # Safety
    /// This is the owner's thread, and `f` does not come back here.
    unsafe fn mine<R>(&self, f: impl FnOnce(&mut Mine) -> R) -> R {
        // SAFETY: by the caller, nobody else touches it meanwhile.
        self.mine.with_mut(|mine| f(unsafe { &mut *mine }))
    }
}

/// A task's membership in its set.
struct Member {
    /// Absent once the task has parted with it.
    queue: UnsafeCell<Option<Arc<Queue>>>,
    seen: Seen,
}

// SAFETY: what is shared is Send and Sync, and rule 6 of `task/state.rs` says who touches the cell.
unsafe impl Sync for Member {}

impl Member {
    fn new(queue: &Arc<Queue>, origin: Origin<'_>) -> Self {
        Self { queue: UnsafeCell::new(Some(queue.clone())), seen: Seen::new(origin.place()) }
    }

    /// The caller holds `RUNNING`, or has an entry of the task, or has not queued the task yet.
    fn queue(&self) -> &Arc<Queue> {
        // SAFETY: rule 6: nobody takes it away while the caller has that.
        let queue = self.queue.with(|queue| unsafe { (*queue).as_ref() });
        debug_assert!(queue.is_some(), "a task in use has a set");
        // SAFETY: by the same rule, it is there.
        unsafe { queue.unwrap_unchecked() }
    }
}

/// What is seen of a task of a set.
///
/// # Safety
/// `task` is a task of a local set.
unsafe fn seen(task: &Kept) -> &Seen {
    // SAFETY: by the caller.
    &unsafe { task.scheduler::<Member>() }.seen
}

impl Schedule for Member {
    // Whoever drives the set is woken.
    const IS_QUIET: bool = false;

    unsafe fn schedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller, the entry keeps the allocation alive, in which `this` lies, until it is handed on.
        let queue = unsafe { &*this }.queue();
        match queue.push_mine(task) {
            Ok(true) => {}
            // The entry lies in this thread's own queue, and `this` in the task. Not so any more once a waker runs.
            Ok(false) => queue.clone().wake_waiters(),
            Err(task) => {
                let queue = queue.clone();
                queue.push_remote(task);
            }
        }
    }

    unsafe fn reschedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::schedule(this, task) }
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        self.queue().hooks.as_deref()
    }

    unsafe fn release(&self, task: RawTask, parts: bool, _: End) -> bool {
        // SAFETY: a task enters this list when it is made and completes once.
        let is_released = unsafe { self.queue().tasks.list.remove(task) };
        if parts {
            // SAFETY: by the caller.
            unsafe { self.part() };
        }
        is_released
    }

    unsafe fn part(&self) {
        // SAFETY: by the caller, nobody reads it any more.
        drop(self.queue.with_mut(|queue| unsafe { (*queue).take() }));
    }
}

thread_local_const! {
    /// This thread's mark, once it has made a set.
    static MARK: RefCell<Option<Arc<()>>> = RefCell::new(None)
}

/// This thread's mark; one that no thread has, if it ends and has lost its own.
fn mark() -> Arc<()> {
    let new = || Arc::new(());
    MARK.try_with(|own| own.borrow_mut().get_or_insert_with(new).clone()).unwrap_or_else(|_| new())
}

/// Whether `mark` is this thread's.
fn has_mark(mark: &Arc<()>) -> bool {
    MARK.try_with(|own| own.borrow().as_ref().is_some_and(|own| Arc::ptr_eq(own, mark))).unwrap_or(false)
}
