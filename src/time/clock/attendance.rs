//! Whether anybody waits for the time of a current-thread runtime whose worker nobody drives.
//!
//! Such a worker has nothing to run, or nobody to run it: what is in its queues holds the clock for as long as it is there (`awake.rs`), and the worker
//! itself only while no thread is in `block_on`, for time must not fly between two calls of that.
//!
//! | the worker | threads in `block_on` beside it | the worker counts as awake |
//! |---|---|---|
//! | is driven, or the runtime has threads of its own | any | as workers do |
//! | waits for a thread | none | yes |
//! | waits for a thread | some | no (structural: `attendance_by_role`) |
//!
//! Who calls it: `runtime/worker_slot.rs` as the worker goes from hand to hand, and `presence.rs` for threads in `block_on`.
//! Checked by the model `undriven_worker_paused`.
//! Deliberately not here: counting (`awake.rs`), and tasks that wait in the worker's queues and in its slot: the driver asks for those.

use crate::facade::{Mutex, mutant};

/// Who attends to a runtime's time.
#[derive(Debug, Default)]
pub(super) struct Attendance(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The worker waits for a thread.
    undriven: bool,
    /// Threads in `block_on` that do not drive.
    present: usize,
}

impl State {
    /// Whether the worker rests though nobody parks it.
    fn rests(&self) -> bool {
        self.undriven && self.present > 0 && !mutant("attendance_by_role")
    }
}

/// What the worker's count has to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Stays,
    Stirs,
    Rests,
}

impl Attendance {
    /// The worker waits for a thread from now on, or has found one. `apply` is told what follows, before anybody changes it again.
    pub(super) fn set_undriven(&self, undriven: bool, apply: &dyn Fn(Change)) {
        self.change(|state| state.undriven = undriven, apply);
    }

    /// A thread is in `block_on`.
    pub(super) fn arrive(&self, apply: &dyn Fn(Change)) {
        self.change(|state| state.present += 1, apply);
    }

    /// It is not any more.
    pub(super) fn depart(&self, apply: &dyn Fn(Change)) {
        self.change(|state| state.present -= 1, apply);
    }

    fn change(&self, change: impl FnOnce(&mut State), apply: &dyn Fn(Change)) {
        let mut state = self.0.lock();
        let before = state.rests();
        change(&mut state);
        apply(match (before, state.rests()) {
            (false, true) => Change::Rests,
            (true, false) => Change::Stirs,
            _ => Change::Stays,
        });
    }
}
