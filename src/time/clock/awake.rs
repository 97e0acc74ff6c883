//! What is awake in a runtime: paused time stands still for as long as anything is.
//!
//! One word counts what is awake: workers, threads in `block_on`, threads of the blocking pool that have a job, calls of `advance`. Who parks takes itself out
//! ([`rest`](Awake::rest)); who wakes it puts it in again ([`stir`](Awake::stir)), *before* it unparks it. So what has been woken
//! counts from the wake on, not from when its thread gets to run. The timer driver moves the clock while it holds the word
//! ([`hold`](Awake::hold)), which it gets only when nothing counts.
//!
//! # Claim
//! *While the clock moves, no task runs or waits in a queue, except by a wake whose call has not returned yet.*
//!
//! To run a task takes a worker or a root that is awake, and counts. The driver holds the word only from a moment on at which nothing
//! counted; whoever stirs from then on waits at the gate until the driver is done, and unparks nobody before. So nothing runs.
//!
//! Let a task be in a queue, and the call that put it there have returned. By the claim of `scheduler/idle/README.md` some worker
//! is awake, which counts, or is claimed. If it was claimed by the same call, that call has stirred before it returned. If by another
//! one, P's, that call may be between its claim and its stir, and nothing counts. So the driver, holding the word, asks whether
//! a queue holds work, after a fence; if one does, it lets go. P's worker counts when P has stirred, and finds the task; when it parks again
//! the driver is called.
//!
//! The driver is not called too seldom either: it looks after each time that the count has come down to zero while the clock is paused, for
//! whoever brings it there unparks it ([`rest`](Awake::rest) says so), and after the clock was paused.
//!
//! # Invariants (ordering labels)
//! - `awake_rest`: what something did before it rested is seen by whoever holds the word after that: the timers that it registered.
//! - `awake_hold`: what the holder did is seen by whoever is stirred after that: the time on the clock.
//! - `awake_skips_gate` (structural): who stirs while the word is held waits until it is not.
//! - `awake_skips_queues` (structural): the holder asks whether there is work. `awake_queues`: the fence before it asks.
//! - What is woken is counted before it is unparked: see `scheduler/mod.rs`.
//!
//! Who calls it: `pausable.rs`; the rules for workers, roots and jobs are kept where those are.
//! Checked by the models `awake_wake_vs_advance`, `awake_claimed_by_another` and `paused_worker`.
//! Deliberately not here: time, threads, queues.

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Mutex, fence_seq_cst, mutant, ord};

/// The word is held: nothing counted when this was set.
const HELD: usize = 1 << (usize::BITS - 1);

/// The clock is paused: otherwise nobody holds the word, and the driver is not called. Below it, the count.
const PAUSED: usize = HELD >> 1;

/// Why nobody may hold the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something is awake, or the clock runs.
    Awake,
    /// Nothing is, but a task waits to be run: somebody is about to stir for it, or nobody is there to run it.
    Work,
}

/// The count of what is awake, and whether it matters.
pub(crate) struct Awake {
    word: AtomicUsize,
    /// Locked while the word is held, for others to wait at.
    gate: Mutex<()>,
}

impl Awake {
    /// With so many that are awake.
    pub(crate) fn new(count: usize, paused: bool) -> Self {
        let flag = if paused { PAUSED } else { 0 };
        Self { word: AtomicUsize::new(count | flag), gate: Mutex::new(()) }
    }

    /// Says whether the clock is paused. When it becomes so, the caller calls the driver.
    pub(crate) fn set_paused(&self, paused: bool) {
        if paused {
            // Counter only: who is the last to rest reads the flag in the step in which it takes itself out.
            self.word.fetch_or(PAUSED, Ordering::Relaxed);
        } else {
            // Counter only: as above.
            self.word.fetch_and(!PAUSED, Ordering::Relaxed);
        }
    }

    /// Whether the clock was paused a moment ago.
    pub(crate) fn is_paused(&self) -> bool {
        // Counter only: a hint.
        self.word.load(Ordering::Relaxed) & PAUSED != 0
    }

    /// Whether the clock was paused a moment ago, and nothing awake.
    pub(crate) fn is_at_rest(&self) -> bool {
        // Counter only: a hint.
        self.word.load(Ordering::Relaxed) == PAUSED
    }

    /// Something more is awake; if it is parked, the caller unparks it afterwards.
    pub(crate) fn stir(&self) {
        // ORDERING(awake_hold): acquire; pairs with the end of a hold. Whoever comes during one passes the gate after it.
        let before = self.word.fetch_add(1, ord("awake_hold", Ordering::Acquire));
        if before & HELD != 0 && !mutant("awake_skips_gate") {
            drop(self.gate.lock());
        }
    }

    /// Something that was awake waits from now on. True if nothing is awake any more while the clock is paused: the driver must look.
    #[must_use = "nobody else calls the driver"]
    pub(crate) fn rest(&self) -> bool {
        // ORDERING(awake_rest): release; pairs with `hold`, which reads this write or one that came after it.
        let before = self.word.fetch_sub(1, ord("awake_rest", Ordering::Release));
        debug_assert!(before & !(HELD | PAUSED) != 0, "what rests was awake");
        before == PAUSED | 1
    }

    /// Runs `f` while it holds the word, if the clock is paused, nothing is awake, and `has_work` says that no task waits either.
    ///
    /// Neither closure wakes anybody.
    pub(crate) fn hold<R>(&self, has_work: impl FnOnce() -> bool, f: impl FnOnce() -> R) -> Result<R, Refusal> {
        let _gate = self.gate.lock();
        // ORDERING(awake_rest): acquire; pairs with `rest`. A failure holds nothing.
        self.word
            .compare_exchange(PAUSED, PAUSED | HELD, ord("awake_rest", Ordering::Acquire), Ordering::Relaxed)
            .map_err(|_| Refusal::Awake)?;
        // ORDERING(awake_queues): the count before, the queues after; pairs with `idle_publish`, as the queues' contract asks.
        fence_seq_cst("awake_queues");
        let answer = if mutant("awake_skips_queues") || !has_work() { Ok(f()) } else { Err(Refusal::Work) };
        // ORDERING(awake_hold): release; pairs with `stir`. The gate opens afterwards.
        self.word.fetch_and(!HELD, ord("awake_hold", Ordering::Release));
        answer
    }
}
