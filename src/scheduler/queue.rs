//! The queues of runnable tasks: one local queue for each worker, and the injector for everybody else.
//!
//! Both are crossbeam's. What is assumed of them, and what the stand-in in `loom-tests` therefore offers:
//!
//! 1. *Exactly once*: what is pushed is popped or stolen by one thread, which sees what the pusher wrote before.
//! 2. *First in, first out*: from the owner's end as from the thieves'. A task that is queued again waits behind the others.
//! 3. *Retry is not empty*: a steal that loses a race says `Retry`, and says nothing about emptiness. Here it is tried again
//!    at once: whoever won it got something done.
//! 4. *Emptiness after a fence*: if a push comes before a sequentially consistent fence, and that fence before one of the asking
//!    thread, then `is_empty` answers false until the task is taken. The protocol of `idle` rests on this.
//! 5. *What was behind is seen*: whoever finds that the owner has taken a task from a local queue, and asks whether the queue is empty, sees what was pushed before
//!    that task was taken. crossbeam's owner takes by a read-modify-write that releases, and `is_empty` acquires.
//!
//! Checked by the models `steal_pop_last`, `steal_retry` and `requeue_behind_queued`, on the stand-in; one test suite runs on both.
//! Deliberately not here: who is woken when something is pushed.

use crate::facade::deque::{self, Steal};
use crate::facade::mutant;
use crate::task::runnable::Runnable;

/// The most tasks that one visit to the injector moves to a local queue: later arrivals wait for no more than this.
const INJECTOR_BATCH: usize = 32;

/// A worker's own queue. Only its thread pushes and pops.
pub(crate) struct LocalQueue {
    deque: deque::Worker<Runnable>,
}

/// The end of a local queue at which other workers steal.
pub(crate) struct Stealer {
    deque: deque::Stealer<Runnable>,
}

/// The queue of tasks that come from outside the workers.
pub(crate) struct Injector {
    queue: deque::Injector<Runnable>,
}

impl LocalQueue {
    pub(crate) fn new() -> Self {
        Self { deque: deque::Worker::new_fifo() }
    }

    pub(crate) fn stealer(&self) -> Stealer {
        Stealer { deque: self.deque.stealer() }
    }

    pub(crate) fn push(&self, task: Runnable) {
        self.deque.push(task);
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.deque.pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.deque.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.deque.len()
    }

    /// Moves a batch from the injector here, and pops the first of it.
    pub(crate) fn fill_from(&self, injector: &Injector) -> Option<Runnable> {
        until_settled(|| injector.queue.steal_batch_with_limit_and_pop(&self.deque, INJECTOR_BATCH))
    }

    /// Moves up to half of the victim's tasks here, and pops the first of them.
    pub(crate) fn steal_from(&self, victim: &Stealer) -> Option<Runnable> {
        until_settled(|| victim.deque.steal_batch_and_pop(&self.deque))
    }
}

impl Stealer {
    /// Takes one task out, on any thread.
    pub(crate) fn steal(&self) -> Option<Runnable> {
        // An empty queue needs no collector, which takes kilobytes of a thread's stack when it is first used there.
        if self.is_empty() { None } else { until_settled(|| self.deque.steal()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.deque.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.deque.len()
    }
}

impl Injector {
    pub(crate) fn new() -> Self {
        Self { queue: deque::Injector::new() }
    }

    pub(crate) fn push(&self, task: Runnable) {
        self.queue.push(task);
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        until_settled(|| self.queue.steal())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}

/// Makes what the deques keep for the process, a collector, which else is made by whoever steals first: a fork at that moment would leave the
/// child waiting for it for ever.
pub(crate) fn prepare() {
    let _ = deque::Worker::<Runnable>::new_fifo().stealer().steal();
}

/// Steals until the answer is a task or emptiness.
fn until_settled<T>(steal: impl Fn() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry if mutant("steal_retry") => return None,
            Steal::Retry => crate::facade::spin_loop(),
        }
    }
}
