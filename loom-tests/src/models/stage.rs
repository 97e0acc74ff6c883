//! What the task models share: a queue that orders nothing, futures that tell what became of them, and wakers that count.
//!
//! The queue is a list that loom does not see beside a counter that it does, accessed relaxed: entries pass from thread to thread without
//! a happens-before edge, so that whatever a model finds ordered was ordered by the task's own state word.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize as Tally, Ordering::Relaxed as Unseen};
use std::sync::{Arc as StdArc, Mutex as StdMutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use crate::blocking::Attend;
use crate::facade::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::facade::{UnsafeCell, UserPanic};
use crate::recorder::word::End;
use crate::task::hooks::TaskHooks;
use crate::task::list::TaskList;
use crate::task::meta::Origin;
use crate::task::raw::{RawTask, Schedule};
use crate::task::runnable::Runnable;
use crate::task::{JoinHandle, enlist_local};
use crate::time::driver::{Ticket, Timers};
use crate::time::shard::Closed;

/// A scheduler for one model: it queues, and has one list of live tasks.
pub(crate) struct Queue {
    entries: StdMutex<VecDeque<Runnable>>,
    length: AtomicUsize,
    pub(crate) list: TaskList,
    hooks: Option<TaskHooks>,
}

impl Queue {
    pub(crate) fn new() -> StdArc<Self> {
        Self::with_hooks(None)
    }

    pub(crate) fn with_hooks(hooks: Option<TaskHooks>) -> StdArc<Self> {
        StdArc::new(Self {
            hooks,
            entries: StdMutex::new(VecDeque::new()),
            length: AtomicUsize::new(0),
            list: TaskList::new(),
        })
    }

    /// Makes a task and queues it.
    pub(crate) fn spawn<F>(self: &StdArc<Self>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (is_in, handle) = self.offer(future);
        assert!(is_in, "the list is open");
        handle
    }

    /// Makes a task and queues it, unless the list is closed.
    pub(crate) fn offer<F>(self: &StdArc<Self>, future: F) -> (bool, JoinHandle<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let scheduler = OnQueue(self.clone());
        // SAFETY: what is `Send` may be run, dropped and taken on any thread.
        let (runnable, handle) = unsafe { enlist_local(future, scheduler, |own| &own.0.list, Origin::here()) };
        let is_in = runnable.is_some();
        runnable.into_iter().for_each(|runnable| self.push(runnable));
        (is_in, handle)
    }

    fn push(&self, task: Runnable) {
        self.entries.lock().unwrap().push_back(task);
        self.length.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes an entry, if there is one.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        let mut now = self.length.load(Ordering::Relaxed);
        while now > 0 {
            match self.length.compare_exchange(now, now - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.entries.lock().unwrap().pop_front(),
                Err(found) => now = found,
            }
        }
        None
    }

    /// Runs one entry. False if there is none.
    pub(crate) fn run_one(&self) -> bool {
        self.pop().map(Runnable::run).is_some()
    }

    /// The entries now.
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }
}

/// A task's reference to its queue.
pub(crate) struct OnQueue(StdArc<Queue>);

impl Schedule for OnQueue {
    const IS_QUIET: bool = true;

    unsafe fn schedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller, `this` is alive until `task` is handed on.
        let queue = unsafe { &*this }.0.clone();
        queue.push(task);
    }

    unsafe fn reschedule(this: *const Self, task: Runnable) {
        // SAFETY: by the caller.
        unsafe { Self::schedule(this, task) }
    }

    fn hooks(&self) -> Option<&TaskHooks> {
        self.0.hooks.as_ref()
    }

    unsafe fn release(&self, task: RawTask, _: bool, _: End) -> bool {
        // SAFETY: `spawn` entered it, and it completes once.
        unsafe { self.0.list.remove(task) }
    }
}

/// How often each thing happened. Not seen by loom: it is read when all threads have ended.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub(crate) polls: Tally,
    pub(crate) futures_dropped: Tally,
    pub(crate) outputs_dropped: Tally,
    pub(crate) wakes: Tally,
}

impl Fate {
    pub(crate) fn new() -> StdArc<Self> {
        StdArc::default()
    }

    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Unseen)
    }

    pub(crate) fn futures_dropped(&self) -> usize {
        self.futures_dropped.load(Unseen)
    }

    pub(crate) fn outputs_dropped(&self) -> usize {
        self.outputs_dropped.load(Unseen)
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Unseen)
    }
}

/// Counts its wakes. The count is one that loom sees, so that it explores whether a wake came before a look.
pub(crate) struct CountingWaker {
    fate: StdArc<Fate>,
    seen: AtomicUsize,
}

impl CountingWaker {
    /// The count, and the waker that adds to it.
    pub(crate) fn pair() -> (StdArc<Fate>, Waker) {
        let fate = Fate::new();
        let waker = StdArc::new(Self { fate: fate.clone(), seen: AtomicUsize::new(0) });
        (fate, Waker::from(waker))
    }
}

impl Wake for CountingWaker {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.fate.wakes.fetch_add(1, Unseen);
    }
}

/// A waker whose clone calls `on_clone`, and then panics. It is woken in vain.
pub(crate) fn panics_when_cloned(on_clone: impl Fn() + Send + Sync + 'static) -> Waker {
    let on_clone: Box<OnClone> = Box::new(Box::new(on_clone));
    // SAFETY: the functions of the vtable take what was boxed here; it has one owner, for no clone is ever made.
    unsafe { Waker::new(Box::into_raw(on_clone).cast_const().cast(), &PANICS) }
}

type OnClone = Box<dyn Fn() + Send + Sync>;

static PANICS: RawWakerVTable = RawWakerVTable::new(clone_and_panic, free, |_| (), free);

/// # Safety
/// `data` is that of a waker with this vtable.
unsafe fn clone_and_panic(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps it.
    let on_clone = unsafe { &*data.cast::<OnClone>() };
    on_clone();
    std::panic::resume_unwind(Box::new(UserPanic))
}

/// # Safety
/// `data` is that of a waker with this vtable, which is used up.
unsafe fn free(data: *const ()) {
    // SAFETY: boxed by `panics_when_cloned`, and owned by the waker.
    drop(unsafe { Box::from_raw(data.cast_mut().cast::<OnClone>()) });
}

/// An output that counts its drop.
pub(crate) struct Output(pub(crate) StdArc<Fate>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.outputs_dropped.fetch_add(1, Unseen);
    }
}

/// What wakers and a future share.
pub(crate) struct Signal {
    /// Set, relaxed, before a wake: a poll ordered after the wake sees it.
    flag: AtomicBool,
    waker: StdMutex<Option<Waker>>,
}

impl Signal {
    pub(crate) fn new() -> StdArc<Self> {
        StdArc::new(Self { flag: AtomicBool::new(false), waker: StdMutex::new(None) })
    }

    /// Sets the flag, in a way that orders nothing.
    pub(crate) fn set(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// A waker of the task, left by its first poll.
    pub(crate) fn waker(&self) -> Waker {
        let waker = self.take().expect("the task was polled before the model's threads started");
        let clone = waker.clone();
        self.put(waker);
        clone
    }

    /// Takes the task's waker out. No lock that loom does not see is held where loom may switch threads.
    fn take(&self) -> Option<Waker> {
        self.waker.lock().unwrap().take()
    }

    fn put(&self, waker: Waker) {
        let before = self.waker.lock().unwrap().replace(waker);
        drop(before);
    }
}

/// Pending until the flag is set. Each poll also writes a cell, so that loom sees polls that are not ordered.
pub(crate) struct AwaitFlag {
    signal: StdArc<Signal>,
    fate: StdArc<Fate>,
    scratch: UnsafeCell<usize>,
}

// SAFETY: the cell is what the model checks: loom fails on an access that is not ordered.
unsafe impl Send for AwaitFlag {}

impl AwaitFlag {
    pub(crate) fn new(signal: &StdArc<Signal>, fate: &StdArc<Fate>) -> Self {
        Self { signal: signal.clone(), fate: fate.clone(), scratch: UnsafeCell::new(0) }
    }
}

impl Future for AwaitFlag {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Output> {
        // SAFETY: the poll has the future to itself; loom checks that.
        self.scratch.with_mut(|polls| unsafe { *polls += 1 });
        self.fate.polls.fetch_add(1, Unseen);
        self.signal.put(context.waker().clone());
        if self.signal.flag.load(Ordering::Relaxed) {
            drop(self.signal.take());
            return Poll::Ready(Output(self.fate.clone()));
        }
        Poll::Pending
    }
}

impl Drop for AwaitFlag {
    fn drop(&mut self) {
        // SAFETY: as in `poll`.
        self.scratch.with_mut(|polls| unsafe { *polls += 1 });
        self.fate.futures_dropped.fetch_add(1, Unseen);
        drop(self.signal.take());
    }
}

/// Timers as foreign threads register them: the driver is told at once.
pub(crate) trait Register {
    fn register(&self, shard: usize, deadline: u64, waker: Waker) -> Result<Ticket, Closed>;
}

impl Register for Timers {
    fn register(&self, shard: usize, deadline: u64, waker: Waker) -> Result<Ticket, Closed> {
        let (ticket, untold) = self.register_untold(shard, deadline, waker)?;
        if untold {
            self.tell_driver(shard);
        }
        Ok(ticket)
    }
}

/// Nobody counts which threads of a pool are busy.
pub(crate) struct Uncounted;

impl Attend for Uncounted {
    fn stir(&self) {}

    fn rest(&self) {}
}
