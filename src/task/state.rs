//! The task's state word: every transition that a task can make, and nothing else.
//!
//! # The word
//!
//! | bits | name | meaning |
//! |---|---|---|
//! | 0 | `RUNNING` | some thread holds the right to the future: it polls it, or drops it |
//! | 1 | `COMPLETE` | the future is gone and the stage holds the output, or nothing |
//! | 2 | `NOTIFIED` | the task is in a queue, or goes back to one after the poll that runs now |
//! | 3 | `CANCELLED` | whoever next holds `RUNNING` drops the future |
//! | 4 | `JOIN_INTEREST` | the `JoinHandle` lives |
//! | 5 | `JOIN_WAKER` | the join waker's slot is filled and belongs to whoever completes the task |
//! | 6 | `TRACED` | the poll to come tells where the task waits |
//! | 7 to 31 | references | one each for: the list of live tasks (before it is in one: whoever completes it), a queue entry (or the poll that took it), the `JoinHandle`, each abort handle |
//! | 32 to 63 | wakers | one reference each |
//!
//! An idle task without a waker is *stranded*: a waker is made by a poll or from another waker, so that nobody will ever wake it. Where words are shorter
//! wakers count among the other references, and nobody is told of that.
//!
//! # Transitions
//!
//! 1. [`transition_to_running`](State::transition_to_running): a worker took the queue entry. `NOTIFIED → RUNNING`.
//! 2. [`transition_to_idle`](State::transition_to_idle): the poll returned pending. `RUNNING → 0`, or back to `NOTIFIED`.
//! 3. [`transition_to_complete`](State::transition_to_complete): the future is gone. `RUNNING → COMPLETE`.
//! 4. [`transition_to_notified_by_ref`](State::transition_to_notified_by_ref),
//!    [`transition_to_notified_by_value`](State::transition_to_notified_by_value): a waker was woken. `0 → NOTIFIED`.
//! 5. [`transition_to_cancelled`](State::transition_to_cancelled): abort. Adds `CANCELLED`, and `0 → NOTIFIED`.
//! 6. [`transition_to_shutdown`](State::transition_to_shutdown): the runtime closes. Adds `CANCELLED`, and takes `RUNNING` if it is free.
//! 7. [`set_join_waker`](State::set_join_waker), [`unset_join_waker`](State::unset_join_waker),
//!    [`drop_join_interest`](State::drop_join_interest): the `JoinHandle`'s.
//! 8. [`add_reference`](State::add_reference), [`release_references`](State::release_references), and for wakers
//!    [`add_waker`](State::add_waker), [`release_waker`](State::release_waker).
//! 9. [`transition_to_traced`](State::transition_to_traced): somebody asks where the task waits. `0 → NOTIFIED`, and `TRACED`.
//!
//! # Who may touch which field, and when
//!
//! 1. The *stage* (future or output) belongs to the thread that set `RUNNING`, until it clears it.
//! 2. After `COMPLETE` the stage belongs to the `JoinHandle` if `JOIN_INTEREST` was set at that moment, else to nobody: it is empty.
//! 3. The *join waker's slot* belongs to the `JoinHandle` while `JOIN_WAKER` is clear, and to the completer once it has set
//!    `COMPLETE` and found `JOIN_WAKER` set.
//! 4. The *links* belong to the lock of the task list.
//! 5. The allocation is freed by whoever releases the last reference.
//! 6. The *scheduler's part* is read by whoever holds `RUNNING` or a queue entry. Who completes the task lets go of it before `COMPLETE`, if there is no entry; else
//!    who finds the task complete as the entry comes to its turn; and the free at the latest.
//!
//! # Invariants (ordering labels)
//! - `task_handover`: what one poll wrote to the future is seen by the next, on whatever thread. Pairs 2 with 1 and 6.
//! - `task_wake`: what a thread wrote before it woke the task is seen by a poll that starts after, *also when the task was
//!   notified already*: a wake always writes the word. Pairs 4 with 1.
//! - `task_complete`: the output is seen by the handle, and the join waker by the completer. Pairs 3 with the handle's load, 7 with 3.
//! - `task_references`: every use happens before the free. Pairs each release with the last.
//! - Structural mutants: `task_idle_store`, `task_wake_ignores_notified`, `task_wake_skips_write`, `task_wake_ignores_complete`,
//!   `task_drop_join_skips_arbitration`, `task_shutdown_takes_running`, `task_abort_takes_running`, `trace_ignores_notified`, `join_ignores_complete`;
//!   `join_write_keeps_bit`, `join_bit_before_slot` (`join.rs`).
//! - A task that becomes stranded is told of once: by whoever takes the last waker away, in the write that does so (structural: `stranded_checks_first`,
//!   `stranded_idle_silent`), and never if it was woken (structural: `stranded_ignores_wake`).
//!
//! Checked by the models `task_wake_running`, `task_wake_vs_by_ref`, `task_wake_notified`, `task_wake_complete`, `task_handover`,
//! `task_abort_run`, `task_abort_handover`, `task_abort_shutdown`, `join_poll_complete`, `join_drop_complete`, `task_last_ref`, `stranded_by_drops`, `stranded_vs_wake`, `trace_vs_wake`.
//! Deliberately not here: memory, queues, wakers. The caller does what the returned action says.

mod actions;
mod snapshot;

use std::process::abort;

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{mutant, ord};
pub(crate) use actions::{JoinDropped, ToComplete, ToIdle, ToNotified, ToRunning, ToShutdown, ToTraced, WakerDropped};
pub(crate) use snapshot::Snapshot;
use snapshot::{CANCELLED, COMPLETE, JOIN_INTEREST, JOIN_WAKER, NOTIFIED, REFERENCE, RUNNING, TRACED, WAKER};

/// A task's state word.
pub(crate) struct State {
    word: AtomicUsize,
}

impl State {
    /// A task about to be put into a queue and perhaps, later, into a list, with a handle: three references.
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(NOTIFIED | JOIN_INTEREST | (3 * REFERENCE)) }
    }

    /// The word now; with acquire, so that a complete task's output is visible.
    pub(crate) fn load(&self) -> Snapshot {
        // ORDERING(task_complete): acquire; pairs with `transition_to_complete`.
        Snapshot(self.word.load(ord("task_complete", Ordering::Acquire)))
    }

    /// Transition 1. The caller owns a queue entry.
    pub(crate) fn transition_to_running(&self) -> ToRunning {
        // ORDERING(task_handover): acquire; pairs with the last poll's `transition_to_idle`.
        // ORDERING(task_wake): acquire; pairs with the wake that made this entry, and with those that found it made.
        let acquire = ord("task_handover", ord("task_wake", Ordering::Acquire));
        self.update(acquire, |now| {
            if now.has(RUNNING | COMPLETE) {
                return (now, if now.has(COMPLETE) { ToRunning::Ended } else { ToRunning::Stale });
            }
            let action = if now.has(CANCELLED | TRACED) { ToRunning::Asked } else { ToRunning::Poll };
            (now.without(NOTIFIED | TRACED).with(RUNNING), action)
        })
    }

    /// Transition 2. The caller holds `RUNNING` and the queue entry's reference.
    pub(crate) fn transition_to_idle(&self) -> ToIdle {
        if mutant("task_idle_store") {
            let now = Snapshot(self.word.load(Ordering::Acquire));
            self.word.store(now.without(RUNNING | NOTIFIED).0 - REFERENCE, Ordering::Release);
            return ToIdle::Idle;
        }
        // ORDERING(task_handover): release; pairs with the next poll's `transition_to_running`.
        self.update(ord("task_handover", Ordering::Release), |now| {
            debug_assert!(now.has(RUNNING) && !now.has(COMPLETE), "only a running task becomes idle");
            if now.has(CANCELLED) {
                (now, ToIdle::Cancel)
            } else if now.has(NOTIFIED) {
                (now.without(RUNNING), ToIdle::Requeue)
            } else {
                debug_assert!(now.references() > 1, "the list of live tasks holds a reference too");
                if now.has_no_waker() && !mutant("stranded_idle_silent") {
                    return (now.without(RUNNING), ToIdle::Stranded);
                }
                (Snapshot(now.without(RUNNING).0 - REFERENCE), ToIdle::Idle)
            }
        })
    }

    /// Transition 3. The caller holds `RUNNING`, the stage holds the output, and `references` are the caller's to release.
    ///
    /// Calls `drop_output` (at most once) when there is no handle to leave it to. One write serves everything, unless a joiner waits.
    pub(crate) fn transition_to_complete(&self, references: usize, mut drop_output: impl FnMut()) -> ToComplete {
        let mut output_lives = true;
        // Relaxed: a guess for the exchange below, which checks it (counter only).
        let mut now = Snapshot(self.word.load(Ordering::Relaxed));
        loop {
            debug_assert!(now.has(RUNNING) && !now.has(COMPLETE), "only a running task completes, and once");
            debug_assert!(now.references() >= references, "the completer's references are counted");
            if !now.has(JOIN_INTEREST) && output_lives {
                // The handle is gone and never comes back: the stage stays ours until COMPLETE.
                drop_output();
                output_lives = false;
            }
            let joiner_waits = now.has(JOIN_WAKER);
            let released = if joiner_waits { 0 } else { references * REFERENCE };
            let next = Snapshot(now.without(RUNNING | NOTIFIED).with(COMPLETE).0 - released);
            // ORDERING(task_complete): release publishes the output, acquire takes the join waker.
            // ORDERING(task_references): release and acquire, for these references may be the last.
            let order = ord("task_complete", ord("task_references", Ordering::AcqRel));
            match self.word.compare_exchange_weak(now.0, next.0, order, Ordering::Relaxed) {
                Ok(_) if joiner_waits => return ToComplete::WakeJoiner,
                Ok(_) if next.references() == 0 => return ToComplete::Free,
                Ok(_) => return ToComplete::Released,
                Err(found) => now = Snapshot(found),
            }
        }
    }

    /// Transition 4, for a waker that keeps its reference.
    pub(crate) fn transition_to_notified_by_ref(&self) -> ToNotified {
        if mutant("task_wake_skips_write") && Snapshot(self.word.load(Ordering::Acquire)).has(NOTIFIED) {
            return ToNotified::Done;
        }
        // ORDERING(task_wake): release; pairs with the poll's `transition_to_running`. The word is written even when the task
        // is notified already: else the poll about to start might not see what the waker wrote.
        self.update(ord("task_wake", Ordering::Release), |now| {
            if now.has(COMPLETE) && !mutant("task_wake_ignores_complete") {
                (now, ToNotified::Done)
            } else if now.has(NOTIFIED | RUNNING) && !mutant("task_wake_ignores_notified") {
                (now.with(NOTIFIED), ToNotified::Done)
            } else {
                (now.with(NOTIFIED).with_reference(), ToNotified::Submit)
            }
        })
    }

    /// Transition 4, for a waker whose reference goes to the queue entry or is released.
    pub(crate) fn transition_to_notified_by_value(&self) -> ToNotified {
        // ORDERING(task_wake): release, as by reference.
        // ORDERING(task_references): release and acquire, for the waker's may be the last.
        self.update(ord("task_wake", ord("task_references", Ordering::AcqRel)), |now| {
            if now.has(NOTIFIED | RUNNING | COMPLETE) {
                let next = if now.has(COMPLETE) { now } else { now.with(NOTIFIED) };
                let next = Snapshot(next.0 - WAKER);
                (next, if next.references() == 0 { ToNotified::Free } else { ToNotified::Done })
            } else {
                (Snapshot(now.with(NOTIFIED).0 - WAKER + REFERENCE), ToNotified::Submit)
            }
        })
    }

    /// Transition 5. The caller keeps its reference.
    pub(crate) fn transition_to_cancelled(&self) -> ToNotified {
        // Nothing to publish with it: the flag is all (counter only); the queue carries the entry.
        self.update(Ordering::Relaxed, |now| {
            if now.has(COMPLETE | CANCELLED) {
                (now, ToNotified::Done)
            } else if now.has(NOTIFIED | RUNNING) {
                (now.with(CANCELLED | NOTIFIED), ToNotified::Done)
            } else {
                (now.with(CANCELLED | NOTIFIED).with_reference(), ToNotified::Submit)
            }
        })
    }

    /// Transition 9. The caller keeps its reference.
    pub(crate) fn transition_to_traced(&self) -> ToTraced {
        // Nothing to publish with it: the flag is all (counter only); the queue carries the entry.
        self.update(Ordering::Relaxed, |now| {
            let queued = if mutant("trace_ignores_notified") { 0 } else { NOTIFIED };
            // A stranded one has been told of, and would be again.
            if now.has(COMPLETE | CANCELLED | RUNNING | queued) || now.is_stranded() {
                (now, ToTraced::Busy)
            } else {
                (now.with(NOTIFIED | TRACED).with_reference(), ToTraced::Submit)
            }
        })
    }

    /// Transition 6.
    pub(crate) fn transition_to_shutdown(&self) -> ToShutdown {
        // ORDERING(task_handover): acquire; pairs with the last poll's `transition_to_idle`.
        self.update(ord("task_handover", Ordering::Acquire), |now| {
            let running = now.has(RUNNING) && !mutant("task_abort_takes_running");
            let taken = (running || now.has(COMPLETE)) && !mutant("task_shutdown_takes_running");
            if taken {
                return (now.with(CANCELLED), ToShutdown::Leave);
            }
            let action = if now.has(NOTIFIED) { ToShutdown::CancelQueued } else { ToShutdown::Cancel };
            (now.with(CANCELLED | RUNNING), action)
        })
    }

    /// Transition 7: the slot is filled. False when the task is complete: the slot is still the handle's.
    pub(crate) fn set_join_waker(&self) -> bool {
        // ORDERING(task_complete): release; pairs with `transition_to_complete`, which reads the slot. Acquire, for a task found
        // complete: the caller goes on to take the output.
        self.update(ord("task_complete", Ordering::AcqRel), |now| {
            let ours = !now.has(JOIN_WAKER) || mutant("join_write_keeps_bit") || mutant("join_bit_before_slot");
            debug_assert!(now.has(JOIN_INTEREST) && ours, "the handle fills an empty slot");
            if now.has(COMPLETE) && !mutant("join_ignores_complete") {
                (now, false)
            } else {
                (now.with(JOIN_WAKER), true)
            }
        })
    }

    /// Transition 7: the slot becomes the handle's again. False when the task is complete: the slot is the completer's.
    pub(crate) fn unset_join_waker(&self) -> bool {
        // ORDERING(task_complete): acquire, for a task found complete, as above. Nothing is released: nobody but the handle
        // touches the slot until this bit is set again.
        self.update(ord("task_complete", Ordering::Acquire), |now| {
            debug_assert!(now.has(JOIN_INTEREST) && now.has(JOIN_WAKER), "the handle takes back a filled slot");
            if now.has(COMPLETE) { (now, false) } else { (now.without(JOIN_WAKER), true) }
        })
    }

    /// Transition 7: the handle is dropped, and its reference released unless the action says that there is more to do.
    pub(crate) fn drop_join_interest(&self) -> JoinDropped {
        if mutant("task_drop_join_skips_arbitration") {
            let now = Snapshot(self.word.load(Ordering::Acquire));
            self.word.fetch_and(!JOIN_INTEREST, Ordering::AcqRel);
            return if now.has(COMPLETE) { JoinDropped::DropOutput } else { JoinDropped::DropWaker };
        }
        // ORDERING(task_complete): acquire; the output may be the handle's to drop.
        // ORDERING(task_references): release; the list or the runner holds one more, so that this is never the last.
        self.update(ord("task_complete", ord("task_references", Ordering::AcqRel)), |now| {
            debug_assert!(now.has(JOIN_INTEREST), "the handle is dropped once");
            let next = now.without(JOIN_INTEREST);
            if now.has(COMPLETE) {
                (next, JoinDropped::DropOutput)
            } else if now.has(JOIN_WAKER) {
                (next.without(JOIN_WAKER), JoinDropped::DropWaker)
            } else {
                debug_assert!(now.references() > 1, "a live task has a reference beside its handle's");
                (Snapshot(next.0 - REFERENCE), JoinDropped::Released)
            }
        })
    }

    /// Transition 8: one reference more, other than a waker's. The caller has one.
    pub(crate) fn add_reference(&self) {
        self.add(REFERENCE);
    }

    fn add(&self, one: usize) {
        // Relaxed: counter only; a reference is made from a reference.
        if Snapshot(self.word.fetch_add(one, Ordering::Relaxed)).is_nearly_full() {
            // Leaked handles or wakers have all but overflowed the count: going on would free a live task.
            abort();
        }
    }

    /// Transition 8: one waker more. The caller has one, or polls the task.
    pub(crate) fn add_waker(&self) {
        self.add(WAKER);
    }

    /// Transition 8: one waker fewer.
    pub(crate) fn release_waker(&self) -> WakerDropped {
        let is_last = mutant("stranded_checks_first").then(|| self.load().is_last_waker());
        // ORDERING(task_references): release our uses to whoever frees, acquire everybody's if that is us.
        self.update(ord("task_references", Ordering::AcqRel), |now| {
            let next = Snapshot(now.0 - WAKER);
            if next.references() == 0 {
                (next, WakerDropped::Free)
            } else if is_last.unwrap_or_else(|| next.is_stranded()) {
                // Whoever is told keeps the task until then.
                (next.with_reference(), WakerDropped::Stranded)
            } else {
                (next, WakerDropped::Released)
            }
        })
    }

    /// Transition 8: `count` references fewer, none of them a waker's. True when they were the last: the caller frees the task.
    pub(crate) fn release_references(&self, count: usize) -> bool {
        // ORDERING(task_references): release our uses to whoever frees, acquire everybody's if that is us.
        let before = Snapshot(self.word.fetch_sub(count * REFERENCE, ord("task_references", Ordering::AcqRel)));
        debug_assert!(before.references() >= count, "a reference is released once");
        before.references() == count
    }

    /// Applies `step` in a compare-exchange loop, and always writes: also a step that changes nothing takes part in the
    /// word's modification order.
    fn update<A>(&self, order: Ordering, mut step: impl FnMut(Snapshot) -> (Snapshot, A)) -> A {
        // Relaxed: a guess for the exchange, which checks it (counter only).
        let mut now = self.word.load(Ordering::Relaxed);
        loop {
            let (next, action) = step(Snapshot(now));
            match self.word.compare_exchange_weak(now, next.0, order, Ordering::Relaxed) {
                Ok(_) => return action,
                Err(found) => now = found,
            }
        }
    }
}
