//! Models of `src/time/clock`: what is awake, and the clock that moves only when nothing is.
//!
//! The time that tasks see is a cell which the driver writes while it holds the word: whoever reads it beside that is a race.

use std::future::poll_fn;
use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::runtime::{POLICY, for_model, seed};
use super::stage::{CountingWaker, Register};
use crate::facade::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::facade::{Arc, RawInstant, UnsafeCell, clock};
use crate::harness::{Model, join, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::runtime::{Builder, Handle};
use crate::scheduler::idle::{Idle, Park};
use crate::scheduler::worker::{self, Seed};
use crate::scheduler::{self, Membership, Shard};
use crate::task::meta::Origin;
use crate::task::waker::wake_quietly;
use crate::time::clock::awake::Awake;
use crate::time::clock::{Clock, Presence, Step};
use crate::time::driver::Timers;

struct Cell(UnsafeCell<u64>);

// SAFETY: loom runs one thread at a time, and checks that accesses are ordered: that they are is what the models are about.
unsafe impl Sync for Cell {}

/// One worker and its tasks, a counter, with a driver that moves the time.
struct Scene {
    awake: Awake,
    idle: Idle,
    tasks: AtomicUsize,
    done: AtomicUsize,
    time: Cell,
    worker: Unparker,
    driver: Unparker,
}

impl Scene {
    /// The scene, the worker's parker and the driver's.
    fn new() -> (StdArc<Self>, Parker, Parker) {
        let (worker, driver) = (Parker::new(), Parker::new());
        let scene = Self {
            awake: Awake::new(1, true),
            idle: Idle::new(1),
            tasks: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            time: Cell(UnsafeCell::new(0)),
            worker: worker.unparker(),
            driver: driver.unparker(),
        };
        (StdArc::new(scene), worker, driver)
    }

    /// Makes a task visible and wakes the worker, as `Scheduler::inject` does.
    fn wake(&self) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        if self.idle.notify(|| None).is_some() {
            self.awake.stir();
            self.worker.unpark();
        }
    }

    fn has_work(&self) -> bool {
        self.tasks.load(Ordering::Relaxed) > 0
    }

    /// The time, which nobody may move while it is read.
    fn time(&self) -> u64 {
        self.time.0.with(|time| {
            // SAFETY: loom checks that nobody writes meanwhile.
            unsafe { *time }
        })
    }

    fn rest(&self) {
        if self.awake.rest() {
            self.driver.unpark();
        }
    }

    /// The worker runs `count` tasks, in each of which time stands still, and rests for good.
    fn work(&self, parker: &Parker, count: usize) {
        while self.done.load(Ordering::Relaxed) < count {
            if self.has_work() {
                self.tasks.fetch_sub(1, Ordering::Relaxed);
                let time = self.time();
                witness(if time == 0 { "before" } else { "after" });
                self.done.fetch_add(1, Ordering::Relaxed);
                assert_eq!(self.time(), time);
            } else if self.idle.prepare_park(0, false, || self.has_work()) == Park::Block {
                self.rest();
                parker.park();
                if self.idle.finish_park(0) {
                    self.awake.stir();
                }
                // Claimed, it counts as searching; it has no one to hand on to.
                let _ = self.idle.stop_searching(|| false, || None);
            } else {
                let _ = self.idle.stop_searching(|| false, || None);
            }
        }
        self.rest();
    }

    /// The driver moves the time once, when it may. `check` runs while it may.
    fn advance(&self, parker: &Parker, check: impl Fn()) {
        loop {
            let advance = || {
                check();
                self.time.0.with_mut(|time| {
                    // SAFETY: as above.
                    unsafe { *time += 1 }
                });
            };
            if self.awake.hold(|| self.has_work(), advance).is_ok() {
                return;
            }
            parker.park();
        }
    }
}

/// A task is woken while its worker goes to rest, and the driver to move the time: it moves before the task runs or after, never beside it.
///
/// Mutants: `awake_skips_gate`, `awake_hold`, `awake_rest`.
#[test]
fn awake_wake_vs_advance() {
    let model = Model::new("awake_wake_vs_advance", 900).preemptions(3).witnesses(&["before", "after"]);
    model.check(|| {
        let (scene, worker, driver) = Scene::new();
        let (working, advancing) = (scene.clone(), scene.clone());
        let working = spawn(move || working.work(&worker, 1));
        let advancing = spawn(move || advancing.advance(&driver, || ()));
        scene.wake();
        join([working, advancing]);
    });
}

/// Two wake, one of which relies on the other's claim of the worker, and then becomes the driver: its own task has run before time moves.
///
/// Mutants: `awake_skips_queues`.
#[test]
fn awake_claimed_by_another() {
    let model = Model::new("awake_claimed_by_another", 1_000).preemptions(2).witnesses(&["before", "after"]);
    model.check(|| {
        let (scene, worker, driver) = Scene::new();
        let (working, other) = (scene.clone(), scene.clone());
        let working = spawn(move || working.work(&worker, 2));
        let other = spawn(move || other.wake());
        scene.wake();
        scene.advance(&driver, || assert!(scene.done.load(Ordering::Relaxed) > 0, "a task waits in the queue"));
        join([working, other]);
    });
}

/// A worker's part of the clock: the last thing awake rests while the clock is paused from outside. The driver learns of it.
///
/// Mutants: `clock_calls_before_pausing`.
#[test]
fn clock_pause_vs_rest() {
    Model::new("clock_pause_vs_rest", 100).preemptions(3).witnesses(&["called"]).check(|| {
        let driver = Parker::new();
        let clock = StdArc::new(Clock::of_runtime(false, 1, driver.unparker()));
        let (resting, pausing) = (clock.clone(), clock.clone());
        let resting = spawn(move || resting.rest());
        let pausing = spawn(move || assert!(pausing.pause()));
        while clock.step(|| false, || Some(7), || true) != Step::Due {
            witness("called");
            driver.park();
        }
        join([resting, pausing]);
    });
}

/// Time passes, and the clock is paused, while a third thread reads it twice.
///
/// Mutants: `clock_touched`, `clock_skips_second_look`.
#[test]
fn clock_never_goes_back() {
    Model::new("clock_never_goes_back", 300).preemptions(3).witnesses(&["ran", "stood"]).check(|| {
        let driver = Parker::new();
        let clock = StdArc::new(Clock::of_runtime(false, 1, driver.unparker()));
        let until = RawInstant::now() + Duration::from_nanos(5);
        let pausing = clock.clone();
        let passing = spawn(move || clock::advance_to(until));
        let pausing = spawn(move || assert!(pausing.pause()));
        let first = clock.now();
        let second = clock.now();
        assert!(first <= second, "{first}, then {second}");
        witness(if second == 0 { "stood" } else { "ran" });
        join([passing, pausing]);
    });
}

/// A thread in `block_on` is woken twice, from two threads; what the second has to say must be seen by a poll before time moves on.
///
/// Mutants: `presence_woken`, `presence_stirs_late`.
#[test]
fn presence_wakes() {
    let model = Model::new("presence_wakes", 1_000).preemptions(2).branches(2_000).witnesses(&["at once", "woken"]);
    model.check(|| {
        let (root, driver) = (Parker::new(), Parker::new());
        let clock = StdArc::new(Clock::of_runtime(true, 0, driver.unparker()));
        let presence = StdArc::new(Presence::new(&clock));
        let shared = StdArc::new([(); 3].map(|()| AtomicBool::new(false)));
        let wake = |says: bool| {
            let (clock, presence, shared, unparker) =
                (clock.clone(), presence.clone(), shared.clone(), root.unparker());
            spawn(move || {
                let [data, returned, _] = &*shared;
                if says {
                    data.store(true, Ordering::Relaxed);
                }
                presence.wake(&clock);
                if says {
                    returned.store(true, Ordering::Release);
                }
                unparker.unpark();
            })
        };
        let wakers = [wake(false), wake(true)];
        let (moving, seen_by) = (clock.clone(), shared.clone());
        let moving = spawn(move || {
            let [_, returned, seen] = &*seen_by;
            let look = || {
                let returned = returned.load(Ordering::Acquire);
                assert!(!returned || seen.load(Ordering::Relaxed), "time moves while a root future waits to be polled");
                Some(1)
            };
            while moving.step(|| false, look, || true) != Step::Due {
                driver.park();
            }
        });
        let [data, _, seen] = &*shared;
        let mut polls = 0;
        while !data.load(Ordering::Relaxed) {
            polls += 1;
            presence.park(&clock);
            root.park();
            presence.unpark(&clock);
        }
        witness(if polls == 0 { "at once" } else { "woken" });
        seen.store(true, Ordering::Relaxed);
        presence.end(&clock);
        join(wakers);
        join([moving]);
    });
}

/// Counts as awake again what it wakes.
pub(super) struct Stirring(StdArc<(Arc<Timers>, Unparker)>);

impl Stirring {
    pub(super) fn waker(timers: &Arc<Timers>, parker: &Parker) -> Waker {
        StdArc::new(Self(StdArc::new((timers.clone(), parker.unparker())))).into()
    }
}

impl Wake for Stirring {
    fn wake(self: StdArc<Self>) {
        let (timers, unparker) = &*self.0;
        timers.clock().stir();
        unparker.unpark();
    }
}

/// The driver as it ships, on a paused clock: it moves from one timer to the next when all rests, and takes in a timer that a thread
/// registers about which nobody counts.
///
/// Mutants: `driver_skip_rescan`.
#[test]
fn driver_paused() {
    Model::new("driver_paused", 1_000).preemptions(2).branches(5_000).witnesses(&["later", "beside"]).check(|| {
        let (parker, driver) = (Parker::new(), Parker::new());
        let timers = Timers::new(Clock::of_runtime(true, 1, driver.unparker()), 1, driver.unparker());
        let timers = Arc::new(timers);
        let waker = Stirring::waker(&timers, &parker);
        let driving = timers.clone();
        let driving = spawn(move || {
            driving.drive(&driver, || false, || None, || None, |due| due.drain(..).for_each(wake_quietly));
        });
        let outside = timers.clone();
        let outside = spawn(move || outside.register(0, 7, waker).expect("the timers are open"));
        // Rests until the timer that nobody has counted wakes it.
        timers.clock().rest();
        parker.park();
        assert_eq!(timers.clock().now(), 7);
        let (wakes, counting) = CountingWaker::pair();
        let second = timers.register(0, 9, counting).expect("the timers are open");
        assert_eq!((timers.clock().now(), wakes.wakes()), (7, 0), "time stands still while something is awake");
        let first = outside.join().unwrap();
        timers.cancel(0, first);
        timers.clock().rest();
        witness(if timers.clock().now() == 7 { "beside" } else { "later" });
        timers.close();
        driving.join().unwrap();
        timers.cancel(0, second);
        assert_eq!(timers.counts().live, 0);
    });
}

/// A worker as it ships, which goes to rest while a task is spawned from outside and a timer waits for time to move: the task sees one time.
///
/// Mutants: `awake_stirs_late`.
#[test]
fn paused_worker() {
    let model = Model::new("paused_worker", 4_000).preemptions(2).branches(10_000).witnesses(&["before", "after"]);
    model.check(|| {
        let seed = seed();
        let driver = Parker::new();
        let timers = Timers::new(Clock::of_runtime(true, 1, driver.unparker()), 2, driver.unparker());
        let (_, waker) = CountingWaker::pair();
        let timer = timers.register(0, 7, waker).expect("the timers are open");
        let scheduler = for_model(Box::new([seed.remote()]), timers, POLICY);
        let worker = seed.into_worker(Shard::new(scheduler.clone(), 0));
        let foreign = Shard::new(scheduler.clone(), 1);
        let driving = scheduler.clone();
        let driving = spawn(move || {
            let has_work = || driving.has_work();
            driving.timers().drive(&driver, has_work, || None, || None, |due| due.drain(..).for_each(wake_quietly));
        });
        let seen = scheduler.clone();
        let spawning = spawn(move || {
            let task = async move {
                let clock = seen.timers().clock();
                let time = clock.now();
                witness(if time == 0 { "before" } else { "after" });
                assert_eq!(clock.now(), time, "time stands still while a task runs");
                seen.close();
            };
            drop(scheduler::spawn(Membership::new(&foreign), task, Origin::here()));
        });
        // On this thread, which runs first: it rests before there is a task.
        worker::run(worker);
        join([driving, spawning]);
        scheduler.timers().cancel(0, timer);
    });
}

/// A root future on a thread that works as the worker, woken from outside while a timer waits for time to move: time stands still while it is
/// polled, and from the wake's return until then.
///
/// Mutants: `root_counts_late`.
#[test]
fn driven_root_paused() {
    let model =
        Model::new("driven_root_paused", 80_000).preemptions(3).branches(10_000).witnesses(&["at once", "woken"]);
    model.check(|| {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let (_, counting) = CountingWaker::pair();
        let timer = runtime.handle().timers().register(0, 7, counting).expect("the timers are open");
        let said = StdArc::new(AtomicBool::new(false));
        let mut speaking = None;
        let polled_at = runtime.block_on(poll_fn(|context| {
            let handle = Handle::current();
            let time = handle.timers().clock().now();
            let first = speaking.is_none();
            if first {
                let (said, waker, handle) = (said.clone(), context.waker().clone(), handle.clone());
                speaking = Some(spawn(move || {
                    said.store(true, Ordering::Relaxed);
                    waker.wake();
                    handle.timers().clock().now()
                }));
            }
            let ready = said.load(Ordering::Relaxed);
            assert_eq!(handle.timers().clock().now(), time, "time stands still while a root future is polled");
            if ready {
                witness(if first { "at once" } else { "woken" });
                return Poll::Ready(time);
            }
            Poll::Pending
        }));
        let returned_at = speaking.expect("the first poll starts it").join().unwrap();
        assert!(polled_at <= returned_at, "time moves while a root future waits to be polled");
        runtime.handle().timers().cancel(0, timer);
    });
}
