//! Blocking in the middle of a task: the worker goes on, on another thread.
//!
//! The calling thread takes its worker off its seat and hands it, with its queue, to a thread of the blocking pool; then it runs the closure and
//! finishes the poll that it is in, without a worker: what it wakes or spawns goes through the injector. After that poll
//! `worker::run` ends on it, and it becomes a thread of the pool ([`Pool::adopt`](crate::blocking::Pool::adopt)), the next to take a worker over.
//!
//! If no thread can be had the worker waits beside the closure, as its tasks would have without all this.
//!
//! # Invariants
//! - Who takes a worker off its seat runs it, hands it on, or seats it again, also past a panic of the closure.
//! - While the closure blocks another thread runs the worker (structural: `block_in_place_keeps`), unless none can be had.
//! - Where others wait behind the thread and there is nothing to hand on, in a hook of a worker's and on the timer driver's thread, `block_on` stays
//!   refused (`src/duty.rs`).
//!
//! Checked by the models `block_in_place_hands_on` and `blocking_hand_on`.
//! Deliberately not here: the pool, and how a worker is run.

use super::context;
use super::handle::Handle;
use super::pool_thread;
use crate::duty;
use crate::facade::{Mutex, StdArc, mutant};
use crate::scheduler::RuntimeFlavor;
use crate::scheduler::seat;
use crate::scheduler::worker::{self, Worker};
use crate::task::coop;
use crate::time::clock::Counted;

/// Runs `f`, which may block, on this thread.
#[track_caller]
pub(crate) fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    let flavor = seat::with(|worker| worker.shard().scheduler().flavor());
    assert!(
        flavor != Some(RuntimeFlavor::CurrentThread),
        "`block_in_place` was called on a current-thread runtime, where no other thread can run its tasks meanwhile: use `spawn_blocking`"
    );
    let worker = seat::stand();
    let had_worker = worker.is_some();
    // Handed on or not: one count stays with this thread.
    let counted = worker.as_ref().map(|worker| Counted::by(worker.shard().scheduler().timers().clock()));
    let kept = Kept(worker.and_then(hand_on));
    let _counted = if kept.0.is_some() {
        counted
    } else {
        // Until the end of the poll, for another closure that blocks in it: `worker::run` restores what was before.
        counted.into_iter().for_each(Counted::stay);
        None
    };
    if had_worker && kept.0.is_none() {
        duty::is_relieved();
    }
    let _blocking = if kept.0.is_some() { duty::block_regardless() } else { duty::block() };
    let _unlimited = coop::Grant::unlimited();
    f()
}

/// A worker that no other thread took: it is seated again in the end.
struct Kept(Option<Box<Worker>>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(seat::sit);
    }
}

/// Runs `worker` on the calling thread, one of the blocking pool, until the scheduler closes or the worker is handed on again.
fn carry(worker: Box<Worker>) {
    let _polling = duty::poll_for_others();
    let handle = Handle::new(worker.shard().clone());
    let _entered = context::enter(&handle);
    worker::run(worker);
}

/// Hands `worker` to another thread. The worker, if none can be had.
fn hand_on(worker: Box<Worker>) -> Option<Box<Worker>> {
    if mutant("block_in_place_keeps") {
        return Some(worker);
    }
    let scheduler = worker.shard().scheduler().clone();
    // Shared, for the pool gives a refused work back as what it is: a closure.
    let worker = StdArc::new(Mutex::new(Some(worker)));
    let handed = worker.clone();
    // This thread finishes the poll that it is in, and counts until then: `worker::run` takes it out.
    scheduler.timers().clock().stir();
    scheduler.stay();
    let work = Box::new(move || {
        let worker = handed.lock().take();
        if let Some(worker) = worker {
            carry(worker);
        }
    });
    match scheduler.blocking().submit_now(work, |ticket| pool_thread::start(&scheduler, ticket)) {
        Ok(()) => None,
        Err(_) => {
            scheduler.timers().clock().rest();
            scheduler.leave();
            worker.lock().take()
        }
    }
}
