//! The facade of `src/sync.rs`, backed by loom: the same names, signatures and meanings.
//!
//! What lives here: re-exports of loom's types where they fit, and stand-ins where loom has nothing or something too weak:
//! [`lock`] (no poisoning, waits with a deadline), [`clock`] (virtual time), [`deque`] (the work-stealing queues),
//! [`thread`] (a start that can fail), [`mutation`] (which step is broken on purpose).
//! Who calls it: every file included from `src/`, on the threads of a model, inside an execution of [`crate::harness`].
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
pub(crate) mod thread;
mod turn;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;

pub(crate) use clock::RawInstant;
pub(crate) use lock::{Condvar, Mutex, MutexGuard};
pub(crate) use mutation::{chosen, fence_seq_cst, mutant, ord};

/// Atomic types, as in [`std::sync::atomic`].
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
}

/// Declares a thread-local whose initial value is a constant; read it with `.with(…)` or `.try_with(…)`.
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        loom::thread_local! { $(#[$attr])* $vis static $name: $type = $init }
    };
}
pub(crate) use thread_local_const;
