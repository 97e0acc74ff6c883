//! Rung 8, `event_loop`: the loop that sleeps.
//!
//! The loop of the last rung asked everybody all the time. This one asks those who were woken, and when nobody was,
//! it looks up the earliest deadline and sleeps until then: no second thread, no core burnt. The deadlines are in one
//! sorted multimap that everybody can reach, behind one lock: a pending sleep files its waker there, the loop takes
//! out whoever is due.
//!
//! The tasks live in a `FuturesUnordered`, which gives each a waker that notes which task woke, and polls only those.
//! Beneath it is one thread that may be woken from any other: its flag and its `park` are those of `block_on`.
//!
//! This is the simplest design that is right, and the one that the benches hold the runtime against. What it costs:
//! each sleep takes the global lock to file itself, and pays log n for its place among *all* sleeps; a sleep that is
//! dropped early stays filed until its deadline; and there is one thread, however many cores. The last rung has a
//! timer wheel per worker in the map's stead.
//!
//! One loop at a time: the map is the process's, and a loop that ends empties it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{LocalBoxFuture, RemoteHandle};
use futures::stream::{FuturesUnordered, StreamExt};

/// Who is to be woken when.
type Sleepers = BTreeMap<Instant, Vec<Waker>>;

static SLEEPERS: Mutex<Sleepers> = Mutex::new(BTreeMap::new());

thread_local! {
    /// Tasks spawned on this thread that its loop has yet to take in.
    static SPAWNED: RefCell<Vec<LocalBoxFuture<'static, ()>>> = const { RefCell::new(Vec::new()) };
}

fn sleepers() -> MutexGuard<'static, Sleepers> {
    SLEEPERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pending until its deadline; filed in the global map from its first poll on.
pub(crate) struct Sleep {
    deadline: Instant,
    filed: Option<Waker>,
}

/// A sleep of `duration` from now.
pub(crate) fn sleep(duration: Duration) -> Sleep {
    Sleep { deadline: Instant::now() + duration, filed: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        if !self.filed.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            sleepers().entry(self.deadline).or_default().push(cx.waker().clone());
            self.filed = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Adds a task to this thread's loop, to run beside the loop's own future. The handle is a future of its output, and
/// dropping it drops the task.
pub(crate) fn spawn<F: Future + 'static>(future: F) -> RemoteHandle<F::Output> {
    let (task, handle) = future.remote_handle();
    SPAWNED.with_borrow_mut(|spawned| spawned.push(task.boxed_local()));
    handle
}

/// Tells the loop's thread that somebody is worth polling.
struct LoopWaker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for LoopWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

/// Wakes everybody who is due; the next deadline, if anybody is left.
fn wake_due() -> Option<Instant> {
    let now = Instant::now();
    let mut map = sleepers();
    let mut due = Vec::new();
    let next = loop {
        match map.first_entry() {
            Some(first) if *first.key() <= now => due.append(&mut first.remove()),
            first => break first.map(|first| *first.key()),
        }
    };
    // A waker is somebody else's code: it is never called under the lock.
    drop(map);
    due.into_iter().for_each(Waker::wake);
    next
}

/// Polls the tasks that were woken and those newly spawned, until all of them are pending.
fn poll_woken(tasks: &mut FuturesUnordered<LocalBoxFuture<'static, ()>>, cx: &mut Context<'_>) {
    loop {
        tasks.extend(SPAWNED.take());
        let one_ended = tasks.poll_next_unpin(cx) == Poll::Ready(Some(()));
        if !one_ended && SPAWNED.with_borrow(Vec::is_empty) {
            return;
        }
    }
}

/// Runs `future`, and the tasks spawned meanwhile, on this thread until `future` is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut tasks = FuturesUnordered::new();
    let signal = Arc::new(LoopWaker { thread: thread::current(), woken: AtomicBool::new(true) });
    let waker = Waker::from(signal.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        let next = wake_due();
        if signal.woken.swap(false, Ordering::Acquire) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                let left_over = std::mem::take(&mut *sleepers());
                drop(left_over);
                return output;
            }
            poll_woken(&mut tasks, &mut cx);
        } else {
            match next {
                Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
    }
}
