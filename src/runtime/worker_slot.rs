//! Where the one worker of a current-thread runtime waits for a thread that works as it: one in `block_on`.
//!
//! Of several threads in `block_on` the first takes the worker, and drives tasks beside its own future; the others park. When it
//! is done, or its future panics, it gives the worker back, and all others look who takes it next.
//!
//! # Invariants
//! - Who finds the slot empty is in `waiting`, under the same lock; who gives the worker back unparks all who are.
//!   `slot_skip_unpark` (structural): that it does.
//!
//! Checked by the model `block_on_hand_over`.
//! Deliberately not here: what the thread does with the worker (`block_on.rs`).

use crate::facade::{Mutex, mutant};
use crate::park::Unparker;
use crate::scheduler::worker::Worker;

/// Holds the worker while no thread works as it.
pub(super) struct WorkerSlot(Mutex<State>);

struct State {
    worker: Option<Box<Worker>>,
    waiting: Vec<Unparker>,
}

impl WorkerSlot {
    pub(super) fn new(worker: Box<Worker>) -> Self {
        worker.clock().worker_waits();
        Self(Mutex::new(State { worker: Some(worker), waiting: Vec::new() }))
    }

    /// Takes the worker.
    pub(super) fn take(&self) -> Option<Box<Worker>> {
        let worker = self.0.lock().worker.take()?;
        worker.clock().worker_is_driven();
        Some(worker)
    }

    /// Takes the worker; `unparker` is used when there is none now and it is given back.
    pub(super) fn take_or_wait(&self, unparker: &Unparker) -> Option<Box<Worker>> {
        let mut state = self.0.lock();
        let worker = state.worker.take();
        if worker.is_none() && !state.waiting.iter().any(|waiting| waiting.same_thread(unparker)) {
            state.waiting.push(unparker.clone());
        }
        drop(state);
        worker.inspect(|worker| worker.clock().worker_is_driven())
    }

    /// Ends the wait of `unparker`'s thread, which needs the worker no more.
    pub(super) fn leave(&self, unparker: &Unparker) {
        self.0.lock().waiting.retain(|waiting| !waiting.same_thread(unparker));
    }

    pub(super) fn give_back(&self, worker: Box<Worker>) {
        worker.clock().worker_waits();
        let mut state = self.0.lock();
        debug_assert!(state.worker.is_none(), "there is one worker");
        state.worker = Some(worker);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        if !mutant("slot_skip_unpark") {
            waiting.iter().for_each(Unparker::unpark);
        }
    }
}
