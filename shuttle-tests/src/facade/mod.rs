//! The facade of `src/facade.rs`, backed by shuttle: the same names, signatures and meanings.
//!
//! What lives here: shuttle's types where they fit, and stand-ins where it has nothing: [`lock`] (no poisoning, waits with a deadline),
//! [`clock`] and [`selector`] (virtual time and the kernel's sources, the very files that the models use) and [`passage`] (the thread that makes time pass), [`deque`] (the
//! work-stealing queues), [`cell`] (accesses that must not overlap), [`mutation`] (which step is broken on purpose).
//! Who calls it: every file included from `src/`, on the threads of a schedule, inside an execution of `crate::harness`.
//!
//! # Invariants
//! - State that shuttle does not know of changes only right behind a scheduling point, which for a stand-in is a [`turn`].
//! - What a schedule decides is drawn from shuttle's generator, so that a schedule can be replayed.
//!
//! Deliberately not here: weak memory. All atomics are sequentially consistent, whatever their ordering, and fences do nothing.

pub(crate) mod cell;
#[path = "../../../loom-tests/src/facade/clock.rs"]
pub(crate) mod clock;
pub(crate) mod deque;
mod injector;
mod lock;
mod mutation;
pub(crate) mod passage;
#[path = "../../../loom-tests/src/facade/selector.rs"]
pub(crate) mod selector;
pub(crate) mod thread;
mod turn;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use shuttle::sync::Arc;
/// A guard that never leaves its thread, whatever the features of other crates: for its auto traits.
pub(crate) use std::sync::MutexGuard as StdMutexGuard;
/// The standard library's own `Arc`, where `std::task::Wake` asks for it.
pub(crate) use std::sync::{Arc as StdArc, Weak as StdWeak};

pub(crate) use cell::UnsafeCell;
pub(crate) use clock::{RawInstant, raw_from_std, raw_into_std};
pub(crate) type WallTime = std::time::SystemTime;
pub(crate) use lock::{Condvar, Mutex, Mutex as Monitor, MutexGuard as MonitorGuard};
pub(crate) use mutation::{chosen, fence_seq_cst, mutant, ord};

/// Atomic types, as in [`std::sync::atomic`].
pub(crate) mod atomic {
    pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
}

/// The standard library's own atomic types, for what tells and decides nothing: a model checker has nothing to look for there.
pub(crate) mod plain {
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
}

/// Declares a thread-local whose initial value is a constant; read it with `.with(…)` or `.try_with(…)`.
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        shuttle::thread_local! { $(#[$attr])* $vis static $name: $type = $init }
    };
}
pub(crate) use thread_local_const;

/// Runs user code; an error is the payload of its panic, if that is a [`UserPanic`]. Any other panic is shuttle's or an assertion's, and
/// goes on.
pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    match caught {
        Err(payload) if !payload.is::<UserPanic>() => std::panic::resume_unwind(payload),
        caught => caught,
    }
}

/// What user code panics with in a schedule, by [`std::panic::resume_unwind`]: shuttle takes any panic that its hook hears of for a failure.
#[derive(Debug)]
pub struct UserPanic;

/// A model's threads are fibres.
pub(crate) fn thread_room() -> usize {
    usize::MAX
}

/// There is no kernel that knows it.
pub(crate) fn thread_number() -> Option<u32> {
    None
}

/// As on a machine of one CPU: nobody looks for a token before it parks. It would change nothing, for the park says it all.
pub(crate) fn allowed_cpus() -> usize {
    1
}

/// None: any time may pass before a thread from outside has its turn.
pub(crate) const STANDSTILL: Option<std::time::Duration> = None;

/// A pause in a loop that waits for another thread's step: with priorities, this thread's becomes the lowest.
pub(crate) fn spin_loop() {
    shuttle::hint::spin_loop();
}

/// A schedule never forks.
#[derive(Clone, Debug)]
pub(crate) struct ForkMark;

impl ForkMark {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn is_inherited(&self) -> bool {
        false
    }
}

/// There is none: the virtual clock costs nothing.
pub(crate) fn coarse_nanoseconds() -> Option<u64> {
    None
}

/// The virtual clock is exact.
pub(crate) fn sharply<R>(wait: impl FnOnce() -> R) -> R {
    wait()
}

/// As on a machine of four cores.
pub(crate) fn available_parallelism() -> std::io::Result<std::num::NonZero<usize>> {
    Ok(std::num::NonZero::<usize>::MIN.saturating_add(3))
}

/// A flag that is set once.
#[derive(Debug)]
pub(crate) struct RareFlag(atomic::AtomicBool);

impl RareFlag {
    pub(crate) fn new() -> Self {
        Self(atomic::AtomicBool::new(false))
    }

    pub(crate) fn is_set(&self, order: atomic::Ordering) -> bool {
        self.0.load(order)
    }

    pub(crate) fn set(&self, order: atomic::Ordering) {
        self.0.swap(true, order);
    }
}
