//! Models of `src/time/driver/keeping.rs` and `src/scheduler/worker/timing.rs`: a worker that looks after its own timers, and the driver behind it.

use std::future::{Future, poll_fn, ready};
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::runtime::{POLICY, for_model, seed};
use super::stage::{CountingWaker, Register};
use super::timer::{TICK, UnparkOnWake};
use crate::facade::{Arc, RawInstant, clock};
use crate::harness::{Model, join, spawn};
use crate::park::{Parker, Unparker};
use crate::scheduler::worker::{self, Seed, timing};
use crate::scheduler::{self, Membership, Shard};
use crate::task::meta::Origin;
use crate::task::waker::wake_quietly;
use crate::time::clock::Clock;
use crate::time::driver::{Ticket, Timers};

/// When the timer of a model is due, and how far its clock goes: past what the driver is patient for.
const DUE: u64 = 10 * TICK;
const END: Duration = Duration::from_millis(3);

/// Starts a thread that lets time pass.
fn pass_time() {
    let until = RawInstant::now() + END;
    spawn(move || clock::advance_to(until));
}

fn timers(shards: usize) -> (Parker, Timers) {
    let driver = Parker::new();
    let timers = Timers::new(Clock::new(), shards, driver.unparker());
    (driver, timers)
}

fn drive(timers: &Timers, parker: &Parker) {
    timers.drive(parker, || false, || None, || None, |due| due.drain(..).for_each(wake_quietly));
}

/// A waker that unparks the thread of `parker`.
fn waker_of(parker: &Parker) -> Waker {
    Waker::from(StdArc::new(UnparkOnWake(parker.unparker())))
}

/// Waits until a timer of the first shard has fired. If it never does, the thread blocks for ever.
fn wait(timers: &Timers, ticket: Ticket, parker: &Parker) {
    let waker = waker_of(parker);
    while timers.poll(0, ticket, &waker).is_pending() {
        parker.park();
    }
}

/// A worker goes to sleep until a far timer of its shard while a thread registers an earlier one there: the worker sees it, or the driver is
/// told, who takes over.
///
/// Mutants: `timer_keep`, `timer_taken_over`, `timer_sleeper_alone`.
#[test]
fn keep_vs_earlier() {
    Model::new("keep_vs_earlier", 100).preemptions(1).branches(10_000).check(|| {
        let (driver, timers) = timers(1);
        let timers = Arc::new(timers);
        let (_, far) = CountingWaker::pair();
        let far = timers.register(0, 1_000_000 * TICK, far).expect("the timers are open");
        timers.attend(0);
        let driving = timers.clone();
        let driving = spawn(move || drive(&driving, &driver));
        let asleep = Parker::new();
        let wake = asleep.unparker();
        let keeping = timers.clone();
        let keeping = spawn(move || {
            let alarm = keeping.keep(0).expect("there is a timer");
            if !asleep.park_until(alarm) {
                let mut due = Vec::new();
                keeping.expire(0, 8, &mut due);
                due.into_iter().for_each(wake_quietly);
            }
        });
        pass_time();
        let parker = Parker::new();
        let ticket = timers.register(0, DUE, waker_of(&parker)).expect("the timers are open");
        wait(&timers, ticket, &parker);
        wake.unpark();
        timers.close();
        join([keeping, driving]);
        timers.cancel(0, far);
    });
}

/// A worker that kept a timer to itself wakes, for another reason, and is stuck, while the driver goes to sleep: the driver fires the timer.
///
/// Mutants: `timer_wakes_untold`, `timer_publish`, `driver_rescan`.
#[test]
fn keep_vs_driver() {
    Model::new("keep_vs_driver", 100).preemptions(3).branches(10_000).check(|| {
        let (driver, timers) = timers(1);
        let timers = Arc::new(timers);
        let driving = timers.clone();
        let driving = spawn(move || drive(&driving, &driver));
        pass_time();
        let parker = Parker::new();
        let (ticket, untold) = timers.register_untold(0, DUE, waker_of(&parker)).expect("the timers are open");
        assert!(untold, "it is the first");
        // Nothing is kept if the driver has fired it already.
        timers.keep(0);
        timers.attend(0);
        wait(&timers, ticket, &parker);
        timers.close();
        join([driving]);
    });
}

/// A worker goes to sleep until its timer is due while the clock is paused, advanced to just before that, and resumed: if what it sleeps until is long
/// past the timer's time now, the driver fires it.
///
/// Mutants: `timer_kept_through_pause`.
#[test]
fn keep_vs_pause() {
    Model::new("keep_vs_pause", 50).preemptions(1).branches(10_000).check(|| {
        let driver = Parker::new();
        let clock = Clock::of_runtime(false, 1, driver.unparker());
        let timers = Arc::new(Timers::new(clock, 1, driver.unparker()));
        let driving = timers.clone();
        let driving = spawn(move || drive(&driving, &driver));
        let parker = Parker::new();
        let far = 1_000_000 * TICK;
        let ticket = timers.register(0, far, waker_of(&parker)).expect("the timers are open");
        timers.attend(0);
        let asleep = Parker::new();
        let wake = asleep.unparker();
        let keeping = timers.clone();
        let keeping = spawn(move || match keeping.keep(0) {
            Some(alarm) if !asleep.park_until(alarm) => {
                let mut due = Vec::new();
                keeping.expire(0, 8, &mut due);
                due.into_iter().for_each(wake_quietly);
            }
            Some(_) => {}
            None => asleep.park(),
        });
        assert!(timers.clock().pause());
        let (_, answered) = CountingWaker::pair();
        timers.clock().advance(Duration::from_nanos(far - TICK), answered).expect("it is paused");
        assert!(timers.clock().resume());
        pass_time();
        wait(&timers, ticket, &parker);
        wake.unpark();
        timers.close();
        join([keeping, driving]);
    });
}

/// Sleeps by a timer that it looks at once in a poll, as tasks do, then wakes somebody.
fn sleeper(mut home: Arc<Shard>, wake: Unparker) -> impl Future<Output = ()> {
    let mut ticket = None;
    poll_fn(move |context| match ticket {
        None => {
            let registered = timing::register(&mut home, DUE, context.waker());
            ticket = Some(registered.expect("the timers close after the workers"));
            Poll::Pending
        }
        Some(ticket) => home.scheduler().poll_timer(home.index(), ticket, context.waker()).map(|answer| {
            assert_eq!(answer, Ok(()));
            wake.unpark();
        }),
    })
}

/// A task sleeps, and another behind it blocks its worker until the first has woken: another worker runs that. Whoever fires the timer, it
/// is not the blocked worker, unless it has gone to sleep before.
///
/// Mutants: `timing_forgets`.
#[test]
fn untold_vs_poll() {
    Model::new("untold_vs_poll", 100).preemptions(1).branches(10_000).check(|| {
        let (driver, timers) = timers(3);
        let seeds = [seed(), seed()];
        let scheduler = for_model(seeds.iter().map(Seed::remote).collect(), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 2);
        let blocked = Parker::new();
        drop(scheduler::spawn(Membership::new(&foreign), sleeper(foreign.clone(), blocked.unparker()), Origin::here()));
        let close = scheduler.clone();
        let blocking = async move {
            blocked.park();
            close.close();
        };
        drop(scheduler::spawn(Membership::new(&foreign), blocking, Origin::here()));
        let driving = scheduler.clone();
        let driving = spawn(move || drive(driving.timers(), &driver));
        pass_time();
        let [first, second] = seeds;
        let second = second.into_worker(Shard::new(scheduler.clone(), 1));
        let second = spawn(move || worker::run(second));
        worker::run(first.into_worker(Shard::new(scheduler.clone(), 0)));
        join([second, driving]);
    });
}

/// A worker's time to sleep is up just as a task from outside claims it: it takes the token that comes with the claim, and counts once.
///
/// Mutants: `worker_leaves_token`.
#[test]
fn alarm_vs_claim() {
    Model::new("alarm_vs_claim", 100).preemptions(2).branches(10_000).check(|| {
        let (_driver, timers) = timers(2);
        let seed = seed();
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let foreign = Shard::new(scheduler.clone(), 1);
        let (_, waker) = CountingWaker::pair();
        let ticket = scheduler.timers().register(0, DUE, waker).expect("the timers are open");
        pass_time();
        let close = scheduler.clone();
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        let spawning = spawn(move || {
            drop(scheduler::spawn(Membership::new(&foreign), ready(()), Origin::here()));
            drop(scheduler::spawn(Membership::new(&foreign), async move { close.close() }, Origin::here()));
        });
        worker::run(worker);
        join([spawning]);
        scheduler.timers().cancel(0, ticket);
    });
}
