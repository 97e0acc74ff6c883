//! The facade of `src/facade.rs`, backed by loom: the same names, signatures and meanings.
//!
//! What lives here: re-exports of loom's types where they fit, and stand-ins where loom has nothing or something too weak:
//! [`lock`] (no poisoning, waits with a deadline), [`clock`] (virtual time), [`deque`] (the work-stealing queues),
//! [`selector`] (the kernel's sources, and who waits for them), [`thread`] (a start that can fail), [`mutation`] (which step is broken on purpose).
//! Who calls it: every file included from `src/`, on the threads of a model, inside an execution of `crate::harness`.
//!
//! # Invariants
//! - A stand-in orders no more than what it stands for: no lock, fence or join that the real thing lacks, or a missing
//!   fence in `src/` would go unseen. [`turn`] holds the one means by which a stand-in tells loom of its own steps.
//! - State that loom does not know of changes only between two points at which loom may switch, next to a [`turn`].
//!
//! Differences that `src/` must respect: nothing here can be made in a constant; atomics have no `get_mut`; `Arc` has no
//! `Weak`, no coercion to `dyn` and is not what `std::task::Wake` wants; thread-locals are read by `with` and `try_with`.

pub(crate) mod clock;
pub(crate) mod deque;
mod injector;
mod lock;
mod mutation;
pub(crate) mod selector;
pub(crate) mod thread;
mod turn;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;
/// A guard that never leaves its thread, whatever the features of other crates: for its auto traits.
pub(crate) use std::sync::MutexGuard as StdMutexGuard;
/// The standard library's own `Arc`, where `std::task::Wake` asks for it; loom sees neither its counting nor its leaks.
pub(crate) use std::sync::{Arc as StdArc, Weak as StdWeak};

pub(crate) use clock::{RawInstant, raw_from_std, raw_into_std};
pub(crate) type WallTime = std::time::SystemTime;
pub(crate) use lock::{Condvar, Mutex, Mutex as Monitor, MutexGuard as MonitorGuard};
pub(crate) use mutation::{chosen, fence_seq_cst, mutant, ord};

/// Atomic types, as in [`std::sync::atomic`].
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
}

/// The standard library's own atomic types, for what tells and decides nothing: a model checker has nothing to look for there.
pub(crate) mod plain {
    pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
}

/// Declares a thread-local whose initial value is a constant; read it with `.with(…)` or `.try_with(…)`.
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        loom::thread_local! { $(#[$attr])* $vis static $name: $type = $init }
    };
}
pub(crate) use thread_local_const;

/// Runs user code; an error is the payload of its panic, if that is a [`UserPanic`]. Any other panic is the model checker's
/// or an assertion's, and goes on.
pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    match caught {
        Err(payload) if !payload.is::<UserPanic>() => std::panic::resume_unwind(payload),
        caught => caught,
    }
}

/// What user code panics with in a model, by [`std::panic::resume_unwind`], which is silent.
#[derive(Debug)]
pub(crate) struct UserPanic;

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

/// As in `src/facade.rs`. It passes where a model lets it.
pub(crate) const STANDSTILL: Option<std::time::Duration> = Some(std::time::Duration::from_secs(10));

/// A pause in a loop that waits for another thread's step: loom runs that thread before this one goes on.
pub(crate) fn spin_loop() {
    loom::hint::spin_loop();
}

/// A model never forks.
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

/// As on a machine of two cores.
pub(crate) fn available_parallelism() -> std::io::Result<std::num::NonZero<usize>> {
    Ok(std::num::NonZero::<usize>::MIN.saturating_add(1))
}

/// A flag that is set once, in models that say so: in the others it costs no scheduling point.
#[derive(Debug)]
pub(crate) struct RareFlag(atomic::AtomicBool);

impl RareFlag {
    pub(crate) fn new() -> Self {
        Self(atomic::AtomicBool::new(false))
    }

    pub(crate) fn is_set(&self, order: atomic::Ordering) -> bool {
        RARE.get() && self.0.load(order)
    }

    pub(crate) fn set(&self, order: atomic::Ordering) {
        assert!(RARE.get(), "a model in which a rare flag is set says so: Model::with_sources");
        self.0.swap(true, order);
    }
}

std::thread_local! {
    /// Whether the current execution may set a rare flag. Not loom's: an execution runs on one thread of the process.
    static RARE: std::cell::Cell<bool> = const { std::cell::Cell::new(true) };
}

/// Says whether this execution may set a rare flag.
pub(crate) fn expect_rare(may_set: bool) {
    RARE.set(may_set);
}

/// What unit tests of files that name atomics need, to pass beside a model checker's too.
#[cfg(test)]
pub(crate) mod testing {
    use std::time::Duration;

    use super::{RawInstant, clock};
    use crate::harness::Model;

    /// Runs a test that needs no other thread, as a model of one.
    pub(crate) fn alone(test: impl Fn() + Send + Sync + 'static) {
        Model::new("alone", 1).check(test);
    }

    /// Lets the virtual clock show another time.
    pub(crate) fn let_time_pass() {
        clock::advance_to(RawInstant::now() + Duration::from_nanos(1));
    }
}
