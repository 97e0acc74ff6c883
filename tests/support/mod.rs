//! What the integration tests share: a watchdog, drop counters, hand-made wakers, latches, and a look at the process's threads.
//!
//! A test waits for events, never for time to pass; the one bound on time is the watchdog's, generous enough for any machine.

#![allow(dead_code, reason = "each test binary uses a part of it")]

#[cfg(all(unix, feature = "console"))]
pub(crate) mod console;
#[cfg(feature = "fs")]
pub(crate) mod files;
pub(crate) mod proc;
#[cfg(all(unix, feature = "net"))]
pub(crate) mod readiness;
#[cfg(feature = "net")]
pub(crate) mod sockets;
pub(crate) mod wakers;

use std::any::Any;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use fusee::runtime::{Builder, Runtime, RuntimeFlavor};

/// After how long a test counts as hung; ten times that in a deep run, and under a sanitizer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body` on a thread of its own. Fails if that takes longer than [`PATIENCE`].
#[track_caller]
pub(crate) fn watchdog<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = channel();
    let thread = thread::Builder::new()
        .name(thread::current().name().unwrap_or("test").to_owned())
        .spawn(move || {
            let result = body();
            // The receiver is gone only if the watchdog has barked.
            let _ = done.send(());
            result
        })
        .expect("a thread for the test's body");
    let is_patient = is_deep() || std::env::var_os("FUSEE_PATIENT").is_some();
    let patience = if is_patient { 10 * PATIENCE } else { PATIENCE };
    match wait.recv_timeout(patience) {
        Err(RecvTimeoutError::Timeout) => panic!("watchdog: the test hangs, {patience:?} have passed"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(|payload| resume_unwind(payload)),
    }
}

/// Runs `body` under a watchdog with a runtime of 1, of 2 and of 4 workers.
#[track_caller]
pub(crate) fn on_1_2_and_4_workers(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        for count in [1, 2, 4] {
            body(workers(count));
        }
    });
}

/// Runs `body` under a watchdog with a current-thread runtime, and with a runtime of 1, of 2 and of 4 workers.
///
/// On the first one tasks run only while the body is in `block_on`: it waits in there ([`until_within`]).
#[track_caller]
pub(crate) fn on_every_flavour(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        body(current_thread());
        for count in [1, 2, 4] {
            body(workers(count));
        }
    });
}

/// Runs `body` under a watchdog with a runtime of one worker, of either flavour.
#[track_caller]
pub(crate) fn on_one_worker(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        body(current_thread());
        body(workers(1));
    });
}

/// Runs `body` while another thread is in `block_on`: the tasks of a current-thread runtime run there.
pub(crate) fn driven<R>(runtime: &Runtime, body: impl FnOnce() -> R) -> R {
    let (end, ended) = futures::channel::oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(ended));
        // Dropped when the body ends, also by a panic: the channel is closed then.
        let _end = end;
        body()
    })
}

/// A runtime whose tasks run on the thread in `block_on`.
#[track_caller]
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// Whether tasks run on the thread in `block_on`.
pub(crate) fn is_current_thread(runtime: &Runtime) -> bool {
    runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread
}

/// As [`until`], in `block_on`: the tasks of a current-thread runtime run meanwhile.
#[track_caller]
pub(crate) fn until_within(runtime: &Runtime, what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    runtime.block_on(async {
        while !happened() {
            assert!(start.elapsed() < PATIENCE, "watchdog: waited in vain until {what}");
            fusee::task::yield_now().await;
            thread::yield_now();
        }
    });
}

/// Blocks a worker until the latch is opened; returns when it does.
pub(crate) fn block_a_worker(runtime: &Runtime) -> (Latch, fusee::task::JoinHandle<()>) {
    let (blocked, end) = (Latch::new(), Latch::new());
    let (tell, wait) = (blocked.clone(), end.clone());
    let task = runtime.spawn(async move {
        tell.open();
        wait.wait();
    });
    blocked.wait();
    (end, task)
}

/// Has a thread of the pool wait for a latch.
pub(crate) fn occupy(runtime: &Runtime) -> Latch {
    let (busy, end) = (Latch::new(), Latch::new());
    let (tell, wait) = (busy.clone(), end.clone());
    runtime.spawn_blocking(move || {
        tell.open();
        wait.wait();
    });
    busy.wait();
    end
}

/// How often a test repeats what may go wrong at any time: `some` times, or a hundred thousand times in a deep run.
pub(crate) fn rounds(some: u64) -> u64 {
    if is_deep() { 100_000 } else { some }
}

/// Whether `cargo xtask ci --deep` runs the tests.
fn is_deep() -> bool {
    std::env::var_os("FUSEE_DEEP").is_some()
}

/// A runtime with `count` workers.
#[track_caller]
pub(crate) fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).build().expect("a runtime")
}

/// Waits for an event that has no wake-up of its own. Fails after [`PATIENCE`].
#[track_caller]
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut looks = 0u32;
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "watchdog: waited in vain until {what}");
        looks += 1;
        // tidy: real time, because what is waited for tells nobody; the watchdog is above.
        if looks < 1000 { thread::yield_now() } else { thread::sleep(Duration::from_millis(1)) }
    }
}

/// Polls `future` once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F, waker: &std::task::Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Panics without printing anything: for panics that a test expects by the hundred.
pub(crate) fn quiet_panic(message: &'static str) -> ! {
    resume_unwind(Box::new(message))
}

/// The message of a panic.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a payload that is no string")
}

/// Makes tokens and counts how many were dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

/// Counts when it is dropped.
#[derive(Debug)]
pub(crate) struct Token(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn token(&self) -> Token {
        Token(self.0.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Calls a closure when it is dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

/// A value that calls `f` when it is dropped.
pub(crate) fn on_drop<F: FnOnce()>(f: F) -> OnDrop<F> {
    OnDrop(Some(f))
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// A future that owns `held` and polls `poll`: what is held is dropped with the future, not when it becomes ready.
pub(crate) struct Holding<T, F> {
    held: T,
    poll: F,
}

/// A future that polls `poll` and drops `held` when it is dropped itself.
pub(crate) fn holding<T, R, F: FnMut(&mut Context<'_>) -> Poll<R>>(held: T, poll: F) -> Holding<T, F> {
    Holding { held, poll }
}

impl<T: Unpin, R, F: FnMut(&mut Context<'_>) -> Poll<R> + Unpin> Future for Holding<T, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        (self.poll)(context)
    }
}

/// Takes a while, so that whoever should have waited for the caller's end and did not is seen.
pub(crate) fn linger() {
    (0..300_000).for_each(|_| std::hint::spin_loop());
}

/// A door that opens once; threads block until it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    pub(crate) fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }
}

/// A small generator of numbers for jitter and random orders (xorshift, Marsaglia 2003); reproducible.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Spins for a short while, at most `most` turns.
    pub(crate) fn spin(&mut self, most: u64) {
        for _ in 0..self.below(most) {
            std::hint::spin_loop();
        }
    }

    /// Spins for a while whose order of magnitude is random: at most two to the power of `most` turns.
    pub(crate) fn jitter(&mut self, most: u64) {
        let bound = 1 << self.below(most);
        self.spin(bound);
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}
