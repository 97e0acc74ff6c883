//! The facade: the only file that names atomics, cells, locks, deques, threads and thread-locals.
//!
//! Every other module says `crate::facade::…`. The crate `loom-tests` compiles the very same modules beside a `facade` of its
//! own, backed by loom, so the models check the source that ships and `src/` holds no model-checking `cfg` at all.
//!
//! Two hooks let `loom-tests` break a protocol on purpose (a *mutant*) to see that its model notices:
//! [`ord`] names an ordering, [`mutant`] names a structural step. Here both compile to nothing.
//! Each label stands in the code as `// ORDERING(label): …`, in its module's header, and in a model.

mod fork;
mod monitor;
mod room;
#[cfg(feature = "io")]
pub(crate) mod selector;

use std::cell;

pub(crate) use std::sync::Arc;
/// A guard that never leaves its thread, whatever the features of other crates: for its auto traits.
pub(crate) use std::sync::MutexGuard as StdMutexGuard;
/// The standard library's own `Arc`, where `std::task::Wake` asks for it.
pub(crate) use std::sync::{Arc as StdArc, Weak as StdWeak};
pub(crate) use std::thread::available_parallelism;

pub(crate) use fork::ForkMark;
pub(crate) use monitor::{Condvar, Monitor, MonitorGuard};
pub(crate) use room::thread_room;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use parking_lot::Mutex;

/// Atomic types, as in [`std::sync::atomic`].
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
}

/// The standard library's own atomic types, for what tells and decides nothing: a model checker has nothing to look for there.
pub(crate) mod plain {
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
}

/// The work-stealing deques, as in [`crossbeam_deque`]. `scheduler/queue.rs` states the contract assumed of them.
pub(crate) mod deque {
    pub(crate) use crossbeam_deque::{Injector, Steal, Stealer, Worker};
}

/// Threads, as in [`std::thread`].
pub(crate) mod thread {
    pub(crate) use std::thread::{Builder, JoinHandle, LocalKey, ThreadId, current};
}

/// What the clock reads, as in [`std::time::Instant`].
pub(crate) type RawInstant = std::time::Instant;

/// The clock on the wall, for who reads of it; nothing goes by it.
pub(crate) type WallTime = std::time::SystemTime;

/// The raw clock's moment at `instant`.
pub(crate) fn raw_from_std(instant: std::time::Instant) -> RawInstant {
    instant
}

/// The standard clock's moment at `instant`.
pub(crate) fn raw_into_std(instant: RawInstant) -> std::time::Instant {
    instant
}

/// The ordering `order`, under the label by which a mutant weakens it to `Relaxed`.
#[inline(always)]
pub(crate) const fn ord(_label: &'static str, order: atomic::Ordering) -> atomic::Ordering {
    order
}

/// A sequentially consistent fence, under the label by which a mutant leaves it out.
#[inline(always)]
pub(crate) fn fence_seq_cst(_label: &'static str) {
    std::sync::atomic::fence(atomic::Ordering::SeqCst);
}

/// Whether the structural mutant `name` is chosen: never, outside `loom-tests`.
#[inline(always)]
pub(crate) const fn mutant(_name: &'static str) -> bool {
    false
}

/// A flag that is set once, by the few that ever set it. Model checkers' facades ask nothing of it where a model says that nobody will: so those that have nothing to do
/// with it are spared its reads, at which another thread could run.
#[cfg(feature = "io")]
#[derive(Debug)]
pub(crate) struct RareFlag(atomic::AtomicBool);

#[cfg(feature = "io")]
impl RareFlag {
    pub(crate) const fn new() -> Self {
        Self(atomic::AtomicBool::new(false))
    }

    #[inline(always)]
    pub(crate) fn is_set(&self, order: atomic::Ordering) -> bool {
        self.0.load(order)
    }

    pub(crate) fn set(&self, order: atomic::Ordering) {
        self.0.swap(true, order);
    }
}

/// An unsafe cell whose accesses are scoped, so that a model can check them.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(cell::UnsafeCell::new(value))
    }

    /// Hands out a pointer for reading. The pointer must not be used after `f` returns.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Hands out a pointer for writing. The pointer must not be used after `f` returns.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Declares a thread-local whose initial value is a constant; read it with `.with(…)` or `.try_with(…)`.
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        std::thread_local! { $(#[$attr])* $vis static $name: $type = const { $init } }
    };
}
pub(crate) use thread_local_const;

/// Runs user code; an error is the payload of its panic.
///
/// It stands here because a model must not take the checker's own panics for those of user code.
pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f))
}

/// On how many CPUs this thread, and what it starts, may run; a limit of the CPU time that they take together is not asked for. Model checkers'
/// facades say one: on one CPU no thread looks for its token before it sleeps, which would change nothing, for the park that follows says it all.
pub(crate) fn allowed_cpus() -> usize {
    #[cfg(target_os = "linux")]
    {
        rustix::thread::sched_getaffinity(None).map_or(1, |cpus| cpus.count() as usize)
    }
    #[cfg(not(target_os = "linux"))]
    available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The kernel's number of this thread, on Linux. Model checkers' facades have none.
pub(crate) fn thread_number() -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        u32::try_from(rustix::thread::gettid().as_raw_nonzero().get()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// For how long nothing must be able to move a paused clock before those who wait for it are told, on the machine's clock: longer than a thread from outside that is
/// about to wake somebody takes. Where time is the model checker's there may be none.
#[cfg(feature = "test-util")]
pub(crate) const STANDSTILL: Option<std::time::Duration> = Some(std::time::Duration::from_secs(10));

/// A pause in a loop that waits for another thread's step; see [`std::hint::spin_loop`].
pub(crate) fn spin_loop() {
    std::hint::spin_loop();
}

/// The kernel's clock of the last timer interrupt, in nanoseconds since some moment, if there is one. It runs as that of [`RawInstant`] does,
/// and lags behind it by milliseconds.
#[inline]
pub(crate) fn coarse_nanoseconds() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        let seconds = u64::try_from(time.tv_sec).ok()?.checked_mul(1_000_000_000)?;
        seconds.checked_add(u64::try_from(time.tv_nsec).ok()?)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Waits by `wait` with exact wake-ups: Linux otherwise delays a thread's timed waits by up to 50 µs. What the user has set for the thread
/// holds again afterwards: threads and processes that are started on it inherit that.
pub(crate) fn sharply<R>(wait: impl FnOnce() -> R) -> R {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{current_timer_slack, set_current_timer_slack};
        // A refusal costs precision and nothing else.
        let before = current_timer_slack().ok().and_then(std::num::NonZeroU64::new);
        let is_sharp = before.is_some() && set_current_timer_slack(std::num::NonZeroU64::new(1)).is_ok();
        let waited = wait();
        if is_sharp {
            let _ = set_current_timer_slack(before);
        }
        waited
    }
    #[cfg(not(target_os = "linux"))]
    wait()
}

/// What unit tests of files that name atomics need, to pass beside a model checker's too.
#[cfg(test)]
pub(crate) mod testing {
    use super::RawInstant;

    /// Runs a test that needs no other thread.
    pub(crate) fn alone(test: impl Fn() + Send + Sync + 'static) {
        test();
    }

    /// Returns when the clock shows another time.
    pub(crate) fn let_time_pass() {
        let before = RawInstant::now();
        while before == RawInstant::now() {
            super::spin_loop();
        }
    }
}
