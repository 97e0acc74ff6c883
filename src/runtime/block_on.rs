//! Driving a root future on the caller's thread.
//!
//! On a multi-thread runtime the thread polls the root future and parks in between ([`park_on`]). On a current-thread runtime one
//! thread in `block_on` works as the runtime's worker beside that ([`drive`]); others park until it gives the worker up.
//!
//! # Invariants (ordering labels)
//! - `root_woken`: what came before a wake of the root future is seen by the poll that follows. Pairs the waker's swap with the driver's.
//! - A root future that is polled or dropped, or was woken, keeps a paused clock where it is: by `time/clock/presence.rs`; here by counting from the
//!   wake, before it is seen (structural: `root_counts_late`), until the worker, which counts itself, takes it.
//! - A worked root's flag is set before a worker is notified (structural: `root_notify_before_flag`), as a task is queued before: a worker
//!   that parks asks for the flag where it asks for tasks (`scheduler/idle`).
//! - Its worker is woken by a notification alone, never past the idle protocol (structural: `root_unparks_unclaimed`): a token counts
//!   for one claim, and a worker that woke without one could leave the searchers before whoever claims it has entered it.
//! - A root future that is pending after it was told that nothing moves a paused clock any more panics (`time/clock/standstill.rs`).
//!
//! Checked by the models `block_on_foreign`, `block_on_driver`, `block_on_driver_vs_spawn`, `block_on_hand_over` and `driven_root_paused`.
//! Deliberately not here: how a worker finds tasks (`scheduler/worker/mod.rs`).

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use super::context;
use super::handle::Handle;
use super::patience::Patience;
use super::worker_slot::WorkerSlot;
use crate::duty;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{StdArc, mutant, ord};
use crate::park::{Parker, Unparker};
use crate::recorder::word::{self, Kind};
use crate::recorder::{Attached, Role};
use crate::scheduler::seat;
use crate::scheduler::worker::{self, Next, Worker};
use crate::task::coop;
use crate::time::clock::{Clock, Counted, Lent, Presence, WatchedRoot};

/// Polls `future` on this thread until it is ready, and parks in between.
#[track_caller]
pub(super) fn park_on<F: Future>(handle: &Handle, future: F) -> F::Output {
    handle.scheduler().assert_not_forked();
    let _blocked = context::enter_block_on();
    let _entered = context::enter(handle);
    // A closure cannot say whose call it is in a panic's message: without a wrapper there is none.
    match &handle.scheduler().thread_hooks().wrapper {
        Some(wrapper) => wrapper.around(|| park(handle, future)),
        None => park(handle, future),
    }
}

/// Polls `future` and parks in between, in the runtime and inside its wrapper.
#[track_caller]
fn park<F: Future>(handle: &Handle, future: F) -> F::Output {
    let parker = Parker::new();
    let root = ParkedRoot::new(handle, &parker);
    let _present = Present::new(&root);
    let waker = Waker::from(root.clone());
    let watched = WatchedRoot::new(root.clock(), &waker);
    let mut patience = Patience::new();
    let mut future = pin!(future);
    // SAFETY: the handle keeps the scheduler.
    let recorded = unsafe { handle.scheduler().record_thread(Role::BlockOn) };
    loop {
        record(recorded.as_ref(), Kind::Root);
        if let Poll::Ready(output) = poll(future.as_mut(), &waker) {
            record(recorded.as_ref(), Kind::Park);
            return output;
        }
        handle.scheduler().assert_not_forked();
        assert_clock_can_move(handle, &watched);
        record(recorded.as_ref(), Kind::Park);
        root.park(&parker, &mut patience);
    }
}

/// Notes what this thread does next, if it is recorded.
fn record(recorded: Option<&Attached>, kind: Kind) {
    if let Some(recorded) = recorded {
        recorded.note(word::of_numbers(kind, 0, 0));
    }
}

/// Polls `future` on this thread until it is ready, and works as the worker in `slot` beside that if no other thread does.
#[track_caller]
pub(super) fn drive_on<F: Future>(handle: &Handle, slot: &WorkerSlot, future: F) -> F::Output {
    handle.scheduler().assert_not_forked();
    let _blocked = context::enter_block_on();
    let _entered = context::enter(handle);
    match &handle.scheduler().thread_hooks().wrapper {
        Some(wrapper) => wrapper.around(|| drive_or_park(handle, slot, future)),
        None => drive_or_park(handle, slot, future),
    }
}

/// Polls `future` in the runtime and inside its wrapper, and works as its worker if no other thread does.
#[track_caller]
fn drive_or_park<F: Future>(handle: &Handle, slot: &WorkerSlot, future: F) -> F::Output {
    let dropping = Dropping::new(handle.timers().clock());
    let mut future = pin!(future);
    if let Some(worker) = slot.take() {
        return drive(handle, worker, slot, &dropping, future);
    }
    let parker = Parker::new();
    let waiting = Waiting { slot, unparker: parker.unparker() };
    let root = ParkedRoot::new(handle, &parker);
    let present = Present::new(&root);
    let _ends = dropping.at_the_end();
    let waker = Waker::from(root.clone());
    let watched = WatchedRoot::new(root.clock(), &waker);
    let mut patience = Patience::new();
    loop {
        if let Some(worker) = slot.take_or_wait(&waiting.unparker) {
            drop(waiting);
            // The worker counts for this thread from now on.
            drop(present);
            watched.end();
            return drive(handle, worker, slot, &dropping, future);
        }
        if let Poll::Ready(output) = poll(future.as_mut(), &waker) {
            return output;
        }
        handle.scheduler().assert_not_forked();
        assert_clock_can_move(handle, &watched);
        root.park(&parker, &mut patience);
    }
}

/// Works as `worker`, and polls `future` first and whenever it was woken.
#[track_caller]
fn drive<F: Future>(
    handle: &Handle,
    worker: Box<Worker>,
    slot: &WorkerSlot,
    dropping: &Dropping<'_>,
    mut future: Pin<&mut F>,
) -> F::Output {
    let root = DrivenRoot::new(handle);
    let _driven = Driven(&root);
    let waker = Waker::from(root.clone());
    let watched = WatchedRoot::new(handle.timers().clock(), &waker);
    let interval = handle.scheduler().event_interval();
    let mut rest = handle.scheduler().thread_hooks().rest();
    // What is made on this thread is the worker's, as on a worker's own thread: its timers above all.
    let own = Handle::new(worker.shard().clone());
    let _entered = context::enter(&own);
    let _duty = duty::poll_for_both();
    seat::sit(worker);
    let _seated = Seated(slot);
    // The worker counts for this thread, until it is given back.
    let _lent = Lent::by(handle.timers().clock());
    let _ends = dropping.at_the_end();
    loop {
        if root.take_woken() {
            // The poll may take any time.
            worker::pause();
            worker::busy(&mut rest);
            seat::with(|worker| worker.polls_root(&waker));
            let budget = coop::Grant::task();
            let answer = future.as_mut().poll(&mut Context::from_waker(&waker));
            worker::account(budget);
            if let Poll::Ready(output) = answer {
                return output;
            }
            assert_clock_can_move(handle, &watched);
        }
        for _ in 0..interval {
            match worker::next(&mut rest) {
                Some(Next::Run(task)) => worker::poll(task),
                Some(Next::Park) => {
                    worker::park(&mut rest, || root.is_woken());
                    break;
                }
                Some(Next::Fire) => unreachable!("`next` has fired"),
                Some(Next::Exit) | None => {
                    handle.scheduler().assert_not_forked();
                    unreachable!("the runtime is borrowed: neither is it closed nor does its worker leave");
                }
            }
        }
    }
}

/// Panics if a root future that is pending was told that it waits for ever.
#[track_caller]
#[cfg_attr(not(feature = "test-util"), expect(unused_variables, reason = "a clock that always runs moves"))]
fn assert_clock_can_move(handle: &Handle, watched: &WatchedRoot<'_>) {
    #[cfg(feature = "test-util")]
    if watched.is_told() {
        panic!("{}", handle.scheduler().standstill_message());
    }
}

/// Polls a root future on a thread that does nothing else.
#[track_caller]
fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    let _budget = coop::Grant::root();
    future.poll(&mut Context::from_waker(waker))
}

/// Counts a root future as awake while it is dropped, after its thread has given up what it counted by: until this is dropped, which is made before
/// the future is pinned.
struct Dropping<'a> {
    clock: &'a Clock,
    has_begun: Cell<bool>,
}

/// The root future is about to be dropped, when this is.
struct Ends<'a>(&'a Dropping<'a>);

impl<'a> Dropping<'a> {
    fn new(clock: &'a Clock) -> Self {
        Self { clock, has_begun: Cell::new(false) }
    }

    fn at_the_end(&self) -> Ends<'_> {
        Ends(self)
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if !self.0.has_begun.replace(true) {
            self.0.clock.stir();
        }
    }
}

impl Drop for Dropping<'_> {
    fn drop(&mut self) {
        if self.has_begun.get() {
            self.clock.rest();
        }
    }
}

/// Gives the worker back when its thread is done with it, also by a panic.
struct Seated<'a>(&'a WorkerSlot);

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        worker::pause();
        if let Some(worker) = seat::stand() {
            self.0.give_back(worker);
        }
    }
}

/// Waits for the worker until it is dropped.
struct Waiting<'a> {
    slot: &'a WorkerSlot,
    unparker: Unparker,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.slot.leave(&self.unparker);
    }
}

/// The waker of a root future whose thread does nothing else.
struct ParkedRoot {
    handle: Handle,
    unparker: Unparker,
    presence: Presence,
}

/// Says that the thread is done with its root future, when it is dropped.
struct Present<'a> {
    root: &'a ParkedRoot,
    _counted: Counted,
}

impl<'a> Present<'a> {
    fn new(root: &'a ParkedRoot) -> Self {
        Self { root, _counted: Counted::by(root.clock()) }
    }
}

impl ParkedRoot {
    fn new(handle: &Handle, parker: &Parker) -> StdArc<Self> {
        let presence = Presence::new(handle.timers().clock());
        StdArc::new(Self { handle: handle.clone(), unparker: parker.unparker(), presence })
    }

    fn clock(&self) -> &Clock {
        self.handle.timers().clock()
    }

    fn park(&self, parker: &Parker, patience: &mut Patience) {
        self.presence.park(self.clock());
        patience.park(parker, self.handle.scheduler().lookers());
        self.presence.unpark(self.clock());
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.root.presence.end(self.root.clock());
    }
}

impl Wake for ParkedRoot {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.presence.wake(self.clock());
        self.unparker.unpark();
    }
}

/// The waker of a root future whose thread is a worker too.
struct DrivenRoot {
    handle: Handle,
    /// While it is set the root counts as awake.
    woken: AtomicBool,
}

/// Lets the root count no more, when it is dropped.
struct Driven<'a>(&'a DrivenRoot);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        // Counter only: nothing is polled any more. The flag stays set: later wakes take back what they count.
        if self.0.woken.swap(true, Ordering::Relaxed) {
            self.0.handle.timers().clock().rest();
        }
    }
}

impl DrivenRoot {
    fn new(handle: &Handle) -> StdArc<Self> {
        handle.timers().clock().stir();
        StdArc::new(Self { handle: handle.clone(), woken: AtomicBool::new(true) })
    }

    fn is_woken(&self) -> bool {
        // ORDERING(root_woken): relaxed, a hint; before a park the fence `idle_recheck` orders it, as it does the queues.
        self.woken.load(Ordering::Relaxed)
    }

    fn take_woken(&self) -> bool {
        // ORDERING(root_woken): acquire; pairs with `wake_by_ref`. Relaxed, if there is nothing to take.
        let taken = self.is_woken() && self.woken.swap(false, ord("root_woken", Ordering::Acquire));
        if taken {
            self.handle.timers().clock().rest();
        }
        taken
    }
}

impl Wake for DrivenRoot {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if mutant("root_notify_before_flag") {
            self.handle.scheduler().notify();
        }
        if !mutant("root_counts_late") {
            self.handle.timers().clock().stir();
        }
        // ORDERING(root_woken): release, for the poll that follows. A swap even if the flag is set already: the poll about to start
        // must see what came before this wake too.
        let before = self.woken.swap(true, ord("root_woken", Ordering::Release));
        if mutant("root_counts_late") {
            self.handle.timers().clock().stir();
        }
        if before {
            self.handle.timers().clock().rest();
        }
        if mutant("root_unparks_unclaimed") {
            return self.handle.scheduler().unpark_all();
        }
        if !mutant("root_notify_before_flag") {
            self.handle.scheduler().notify();
        }
    }
}
