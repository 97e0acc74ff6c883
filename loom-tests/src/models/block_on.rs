//! Models of `src/runtime/`: `block_on.rs` and `worker_slot.rs`, on a current-thread runtime with its timer driver; `block_in_place.rs`.

use std::future::{Future, poll_fn, ready};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use super::runtime::{POLICY, for_model, seed};
use crate::facade::Mutex;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::harness::{Model, spawn, witness};
use crate::park::Parker;
use crate::runtime::{Builder, Runtime, block_in_place};
use crate::scheduler::worker::{self, Seed};
use crate::scheduler::{self, Membership, Shard};
use crate::task::meta::Origin;
use crate::time::clock::Clock;
use crate::time::driver::Timers;

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Pending until another thread, which its first poll starts, has set a flag, relaxed, and woken it. That thread then wakes it `late` times
/// more: maybe when all is over.
fn woken(late: usize) -> impl Future<Output = ()> {
    let flag = StdArc::new(AtomicBool::new(false));
    let mut polls = 0;
    poll_fn(move |context| {
        polls += 1;
        if polls == 1 {
            let (flag, waker) = (flag.clone(), context.waker().clone());
            spawn(move || {
                flag.store(true, Ordering::Relaxed);
                (0..=late).for_each(|_| waker.wake_by_ref());
            });
        }
        if flag.load(Ordering::Relaxed) {
            witness(if polls == 1 { "at once" } else { "woken" });
            return Poll::Ready(());
        }
        Poll::Pending
    })
}

/// A root future whose thread parks in between is polled again after a wake, and that poll sees what the waker wrote. A wake that comes
/// too late does no harm.
///
/// Mutants: `parker_token`.
#[test]
fn block_on_foreign() {
    Model::new("block_on_foreign", 50).preemptions(2).branches(10_000).witnesses(&["at once", "woken"]).check(|| {
        current_thread().handle().block_on(woken(1));
    });
}

/// The same of a root future whose thread works as the runtime's worker, and has nothing to run.
///
/// Mutants: `root_notify_before_flag`.
#[test]
fn block_on_driver() {
    Model::new("block_on_driver", 50).preemptions(2).branches(10_000).witnesses(&["at once", "woken"]).check(|| {
        current_thread().block_on(woken(0));
    });
}

/// The same of one that has just run a task, and looks no further before it polls its root future: it passes no fence in between.
///
/// Mutants: `root_woken`.
#[test]
fn block_on_busy_driver() {
    let model = Model::new("block_on_busy_driver", 50).preemptions(2).branches(10_000);
    model.witnesses(&["at once", "woken"]).check(|| {
        let runtime = Builder::new_current_thread().event_interval(1).build().unwrap();
        drop(runtime.spawn(ready(())));
        runtime.block_on(woken(0));
    });
}

/// The worker sleeps, and is wanted by two at once: by a wake of its root future, which is not ready, and by a task from outside. Whoever wakes it,
/// it leaves the searchers as one of them, and the task runs.
///
/// Mutants: `root_unparks_unclaimed`.
#[test]
fn block_on_driver_vs_spawn() {
    Model::new("block_on_driver_vs_spawn", 50).preemptions(1).branches(10_000).check(|| {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let event = StdArc::new(Mutex::new((false, None)));
        let mut polled = false;
        runtime.block_on(poll_fn(|context| {
            if !std::mem::replace(&mut polled, true) {
                let waker = context.waker().clone();
                spawn(move || waker.wake());
                let (handle, event) = (handle.clone(), event.clone());
                spawn(move || drop(handle.spawn(async move { tell(&event) })));
            }
            wait(&event, context)
        }));
    });
}

/// Two threads in `block_on`, each with a task that must run: whichever works as the worker runs both tasks, or leaves one to the other.
///
/// Mutants: `slot_skip_unpark`.
#[test]
fn block_on_hand_over() {
    Model::new("block_on_hand_over", 50).preemptions(1).branches(10_000).check(|| {
        let runtime = StdArc::new(current_thread());
        let other = runtime.clone();
        let other = spawn(move || {
            let task = other.spawn(ready(1));
            assert_eq!(other.block_on(task).unwrap(), 1);
        });
        let task = runtime.spawn(ready(2));
        assert_eq!(runtime.block_on(task).unwrap(), 2);
        other.join().unwrap();
    });
}

/// A thread leaves `block_on`, and with it the worker, while another is in there until a task has run that a third spawns from outside.
///
/// Mutants: `slot_skip_unpark`.
#[test]
fn block_on_give_back() {
    Model::new("block_on_give_back", 50).preemptions(1).branches(10_000).check(|| {
        let runtime = StdArc::new(current_thread());
        let (other, handle) = (runtime.clone(), runtime.handle().clone());
        let event = StdArc::new(Mutex::new((false, None)));
        let told = event.clone();
        let other = spawn(move || other.block_on(poll_fn(move |context| wait(&told, context))));
        let spawning = spawn(move || drop(handle.spawn(async move { tell(&event) })));
        runtime.block_on(ready(()));
        spawning.join().unwrap();
        other.join().unwrap();
    });
}

type Event = Mutex<(bool, Option<Waker>)>;

fn wait(event: &Event, context: &mut Context<'_>) -> Poll<()> {
    let mut event = event.lock();
    event.1 = Some(context.waker().clone());
    if event.0 { Poll::Ready(()) } else { Poll::Pending }
}

fn tell(event: &Event) {
    let mut event = event.lock();
    event.0 = true;
    let waker = event.1.take();
    drop(event);
    waker.into_iter().for_each(Waker::wake);
}

/// A task blocks in place until another, behind it in the queue of the only worker, has run: the worker goes on, on a thread of the
/// blocking pool.
///
/// Mutants: `block_in_place_keeps`.
#[test]
fn block_in_place_hands_on() {
    Model::new("block_in_place_hands_on", 50).preemptions(2).branches(10_000).check(|| {
        let seed = seed();
        let timers = Timers::new(Clock::new(), 2, Parker::new().unparker());
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 1);
        let blocked = Parker::new();
        let unparker = blocked.unparker();
        let close = scheduler.clone();
        let blocking = async move {
            block_in_place(|| blocked.park());
            close.close();
        };
        drop(scheduler::spawn(Membership::new(&foreign), blocking, Origin::here()));
        drop(scheduler::spawn(Membership::new(&foreign), async move { unparker.unpark() }, Origin::here()));
        worker::run(seed.into_worker(Shard::new(scheduler.clone(), 0)));
        scheduler.close_blocking(|_| unreachable!("nothing is owed"));
        assert!(scheduler.blocking().wait(None));
    });
}
