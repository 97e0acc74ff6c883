//! The baseline that the timer wheel replaces: one thread, and all timers in a global
//! `Mutex<BTreeMap<Instant, Vec<Waker>>>`.
//!
//! The loop polls what was woken, and then sleeps until the first key of the map. A sleep puts its waker into the map
//! on each pending poll. One that is dropped early leaves its waker there until the deadline, as the map offers no
//! better; what is left when the root future ends is dropped before `block_on` returns, so that its cost is measured
//! too.
//!
//! Everything runs on the thread in `block_on`. The locks are never contended: they are the price of being global.

use super::Contender;
use futures::FutureExt;
use futures::channel::oneshot;
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

static TIMERS: Mutex<BTreeMap<Instant, Vec<Waker>>> = Mutex::new(BTreeMap::new());
static WOKEN: Mutex<VecDeque<Arc<Task>>> = Mutex::new(VecDeque::new());

pub(crate) struct MutexLoop;

impl Contender for MutexLoop {
    fn start(_workers: usize) -> Self {
        Self
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let root = Arc::new(Root { woken: AtomicBool::new(true) });
        let waker = Waker::from(root.clone());
        let mut future = pin!(future);
        let output = loop {
            if root.woken.swap(false, Ordering::Relaxed)
                && let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                break output;
            }
            poll_woken();
            wake_expired();
            if !root.woken.load(Ordering::Relaxed) && lock(&WOKEN).is_empty() {
                sleep_until_first();
            }
        };
        let left = (mem::take(&mut *lock(&TIMERS)), mem::take(&mut *lock(&WOKEN)));
        drop(left);
        output
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        Self::detach(async move {
            // A handle that was dropped wants no output.
            let _ = sender.send(future.await);
        });
        receiver.map(|output| output.expect("the loop drops no task that is awaited"))
    }

    fn detach<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = Task { future: Mutex::new(Some(Box::pin(future))), woken: AtomicBool::new(false) };
        Arc::new(task).wake();
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        Self::sleep_until(Instant::now() + duration)
    }

    fn sleep_until(deadline: Instant) -> impl Future<Output = ()> + Send + 'static {
        Sleep { deadline }
    }

    fn timeout<F>(duration: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send,
    {
        futures_lite::future::or(future.map(Some), Self::sleep(duration).map(|()| None))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        futures_lite::future::yield_now()
    }
}

/// The future given to `block_on`, as seen by its wakers.
struct Root {
    woken: AtomicBool,
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Relaxed);
    }
}

struct Task {
    /// `None` once it has finished.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// Whether it stands in `WOKEN`.
    woken: AtomicBool,
}

impl Task {
    fn poll(self: Arc<Self>) {
        self.woken.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.clone());
        let mut slot = lock(&self.future);
        if let Some(future) = &mut *slot
            && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        {
            *slot = None;
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            lock(&WOKEN).push_back(self);
        }
    }
}

struct Sleep {
    deadline: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(());
        }
        lock(&TIMERS).entry(self.deadline).or_default().push(context.waker().clone());
        Poll::Pending
    }
}

/// Polls the tasks that were woken before this call, once each.
fn poll_woken() {
    let woken = mem::take(&mut *lock(&WOKEN));
    for task in woken {
        task.poll();
    }
}

fn wake_expired() {
    let now = Instant::now();
    let mut timers = lock(&TIMERS);
    while let Some(first) = timers.first_entry()
        && *first.key() <= now
    {
        // A waker only takes the other lock.
        first.remove().into_iter().for_each(Waker::wake);
    }
}

fn sleep_until_first() {
    let first = lock(&TIMERS).first_key_value().map(|(deadline, _)| *deadline);
    let first = first.expect("a future that nothing can wake");
    thread::sleep(first.saturating_duration_since(Instant::now()));
}

/// Takes a lock that protects nothing a panic could break half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
