//! Models of `src/time/shard.rs` and `src/time/driver/`: the driver thread as it ships, on the virtual clock.

use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use super::stage::{CountingWaker, Register};
use crate::facade::{Arc, RawInstant, clock};
use crate::harness::{Model, spawn, witness};
use crate::park::{Parker, Unparker};
use crate::task::waker::wake_quietly;
use crate::time::clock::Clock;
use crate::time::driver::{Ticket, Timers};
use crate::time::shard::{Closed, NEVER, TimerShard};
use crate::time::wheel::TICK_SHIFT;

/// A tick of the wheel, in nanoseconds.
pub(super) const TICK: u64 = 1 << TICK_SHIFT;

/// Wakes the thread that polls.
pub(super) struct UnparkOnWake(pub(super) Unparker);

impl Wake for UnparkOnWake {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

/// A driver thread, and the thread of the model as the one that polls timers.
struct Scene {
    timers: Arc<Timers>,
    parker: Parker,
    waker: Waker,
    start: RawInstant,
    driver: Option<Parker>,
}

impl Scene {
    fn new() -> Self {
        let driver = Parker::new();
        let timers = Arc::new(Timers::new(Clock::new(), 2, driver.unparker()));
        let parker = Parker::new();
        let waker = Waker::from(StdArc::new(UnparkOnWake(parker.unparker())));
        Self { timers, parker, waker, start: RawInstant::now(), driver: Some(driver) }
    }

    /// Starts the driver thread.
    fn drive(&mut self) -> loom::thread::JoinHandle<()> {
        let (timers, parker) = (self.timers.clone(), self.driver.take().expect("it is started once"));
        spawn(move || timers.drive(&parker, || false, || None, || None, |due| due.drain(..).for_each(wake_quietly)))
    }

    /// Starts a thread that lets time pass until `tick`.
    fn pass_until(&self, tick: u64) {
        let until = self.start + Duration::from_nanos(tick * TICK);
        spawn(move || clock::advance_to(until));
    }

    fn register(&self, shard: usize, tick: u64) -> Ticket {
        self.timers.register(shard, tick * TICK, self.waker.clone()).expect("the timers are open")
    }

    /// Waits until the timer has fired. If it never does, the thread blocks for ever.
    fn wait(&self, shard: usize, key: Ticket) {
        while self.timers.poll(shard, key, &self.waker).is_pending() {
            witness("waited");
            self.parker.park();
        }
    }

    fn close(self, driver: loom::thread::JoinHandle<()>) {
        self.timers.close();
        driver.join().unwrap();
        assert_eq!(self.timers.counts().live, 0, "every entry was freed");
    }
}

/// A timer is registered while the driver starts, sleeps or wakes: it fires, and whoever polls is woken.
///
/// Mutants: `driver_skip_rescan`.
#[test]
fn timer_fire_poll() {
    Model::new("timer_fire_poll", 50).preemptions(3).witnesses(&["waited", "fired at once"]).check(|| {
        let mut scene = Scene::new();
        let driver = scene.drive();
        scene.pass_until(10);
        let key = scene.register(0, 10);
        if scene.timers.counts().fired > 0 {
            witness("fired at once");
        }
        scene.wait(0, key);
        scene.close(driver);
    });
}

/// An earlier timer, in another shard, while the driver goes to sleep until a later one. The later one's time never comes.
///
/// Mutants: `timer_publish`, `driver_rescan`, `driver_skip_rescan`.
#[test]
fn driver_earlier_deadline() {
    Model::new("driver_earlier_deadline", 50).preemptions(3).witnesses(&["waited"]).check(|| {
        let mut scene = Scene::new();
        let late = scene.register(0, 100);
        let driver = scene.drive();
        scene.pass_until(10);
        let early = scene.register(1, 10);
        scene.wait(1, early);
        scene.timers.cancel(0, late);
        scene.close(driver);
    });
}

/// A timer is registered in a shard while the driver fires another there and works out what is next.
///
/// Mutants: `timer_publish_after_unlock`.
#[test]
fn driver_expires_beside_registrar() {
    Model::new("driver_expires_beside_registrar", 50).preemptions(3).witnesses(&["waited"]).check(|| {
        let mut scene = Scene::new();
        let (_, waker) = CountingWaker::pair();
        let first = scene.timers.register(0, TICK, waker).expect("the timers are open");
        clock::advance_to(scene.start + Duration::from_nanos(10 * TICK));
        let driver = scene.drive();
        let second = scene.register(0, 10);
        scene.wait(0, second);
        scene.timers.cancel(0, first);
        scene.close(driver);
    });
}

/// A timer is moved to an earlier time while the driver goes to sleep until the old one, which never comes.
///
/// Mutants: `timer_reset_skips_driver`, `driver_skip_rescan`.
#[test]
fn driver_reset_earlier() {
    Model::new("driver_reset_earlier", 50).preemptions(3).witnesses(&["waited"]).check(|| {
        let mut scene = Scene::new();
        let key = scene.register(0, 100);
        let driver = scene.drive();
        scene.pass_until(10);
        assert!(scene.timers.reset(0, key, 10 * TICK), "its old time does not come");
        scene.wait(0, key);
        scene.close(driver);
    });
}

/// The timers close while the driver sleeps or is about to, and while a timer is registered: the driver ends, and the sleeper
/// learns of it, from its registration or by being woken.
///
/// Mutants: `driver_unpark_before_flag`, `timer_register_ignores_closed`, `timer_cancel_ignores_closed`, `timer_fire_ignores_closed`.
#[test]
fn driver_shutdown() {
    let model = Model::new("driver_shutdown", 50).preemptions(3).witnesses(&["refused", "woken"]);
    model.check(|| {
        let mut scene = Scene::new();
        let driver = scene.drive();
        let timers = scene.timers.clone();
        let closer = spawn(move || timers.close());
        match scene.timers.register(0, 10 * TICK, scene.waker.clone()) {
            Err(Closed) => witness("refused"),
            Ok(key) => {
                witness("woken");
                scene.parker.park();
                assert_eq!(scene.timers.poll(0, key, &scene.waker), Poll::Ready(Err(Closed)));
                assert!(scene.timers.fire(0, key).is_none(), "nobody waits any more");
                scene.timers.cancel(0, key);
            }
        }
        closer.join().unwrap();
        scene.close(driver);
    });
}

/// What the driver does to one shard whose timer is due.
pub(super) fn fire(shard: &TimerShard) {
    let mut due = Vec::new();
    while shard.expire(10 * TICK, 8, &mut due) {}
    due.into_iter().for_each(wake_quietly);
}

/// A timer is dropped while it fires: its entry is freed once, whoever is first.
///
/// Mutants: `timer_cancel_leaves_fired`.
#[test]
fn timer_fire_cancel() {
    Model::new("timer_fire_cancel", 3).witnesses(&["fired", "cancelled"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let (wakes, waker) = CountingWaker::pair();
        let key = shard.register(10 * TICK, waker).expect("the shard is open").key;
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        shard.cancel(key);
        firing.join().unwrap();
        witness(if wakes.wakes() == 1 { "fired" } else { "cancelled" });
        assert_eq!(shard.counts().live, 0, "the entry is freed");
    });
}

/// A timer is polled with another waker while it fires: the poll is ready, or the other waker is woken.
///
/// Mutants: `timer_poll_skips_second_look`, `timer_keeps_waker`.
#[test]
fn timer_fire_reregister() {
    Model::new("timer_fire_reregister", 5).witnesses(&["ready", "second woken"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let (_, first) = CountingWaker::pair();
        let (wakes, second) = CountingWaker::pair();
        let key = shard.register(10 * TICK, first).expect("the shard is open").key;
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        let polled = shard.poll(key, &second);
        firing.join().unwrap();
        if polled.is_ready() {
            witness("ready");
        } else {
            witness("second woken");
            assert_eq!(wakes.wakes(), 1, "the latest waker is woken");
            shard.cancel(key);
        }
        assert_eq!(shard.counts().live, 0, "the entry is freed");
    });
}

/// A timer is moved to a later time while it fires: it says that it has fired, or it fires then and not before.
///
/// Mutants: `timer_reset_ignores_fired`.
#[test]
fn timer_fire_reset() {
    Model::new("timer_fire_reset", 3).witnesses(&["had fired", "moved"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let (wakes, waker) = CountingWaker::pair();
        let key = shard.register(10 * TICK, waker.clone()).expect("the shard is open").key;
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        let (is_pending, _) = shard.reset(key, 20 * TICK);
        firing.join().unwrap();
        if is_pending {
            witness("moved");
            assert_eq!(wakes.wakes(), 0, "it fires at its new time");
            assert!(!shard.expire(20 * TICK, 8, &mut Vec::new()));
        } else {
            witness("had fired");
            assert_eq!(wakes.wakes(), 1);
        }
        assert!(shard.poll(key, &waker).is_ready(), "it has fired");
        assert_eq!(shard.counts().live, 0, "the entry is freed");
    });
}

/// A timer that fires is moved to the past, which fires it too: it is woken once, whoever is first, and has been when both are through.
#[test]
fn timer_fire_reset_to_past() {
    Model::new("timer_fire_reset_to_past", 3).witnesses(&["had fired", "fired here"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let (wakes, waker) = CountingWaker::pair();
        let key = shard.register(10 * TICK, waker.clone()).expect("the shard is open").key;
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        let fired = shard.fire(key);
        witness(if fired.is_some() { "fired here" } else { "had fired" });
        fired.into_iter().for_each(wake_quietly);
        assert!(shard.poll(key, &waker).is_ready(), "it has fired");
        firing.join().unwrap();
        assert_eq!(wakes.wakes(), 1, "it is woken once");
        assert_eq!((shard.counts().fired, shard.counts().live), (1, 0));
    });
}

/// A timer is dropped while the driver moves a slot's timers down a level, one under each hold of the lock: wherever it is then, it is
/// unlinked from there, and the other one fires.
#[test]
fn timer_cascade_cancel() {
    Model::new("timer_cascade_cancel", 5).witnesses(&["fired", "cancelled"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let register = |tick| {
            let (wakes, waker) = CountingWaker::pair();
            (wakes, shard.register(tick * TICK, waker).expect("the shard is open").key)
        };
        let (first, second) = (register(1_000), register(1_001));
        let driving = shard.clone();
        let driver = spawn(move || {
            let mut due = Vec::new();
            while driving.expire(2_000 * TICK, 1, &mut due) {}
            due.into_iter().for_each(wake_quietly);
        });
        shard.cancel(first.1);
        driver.join().unwrap();
        witness(if first.0.wakes() == 1 { "fired" } else { "cancelled" });
        assert_eq!(second.0.wakes(), 1, "the other timer fires");
        assert_eq!(shard.next(), NEVER, "nothing is due");
        shard.cancel(second.1);
        assert_eq!(shard.counts().live, 0, "nothing is left in the wheel");
    });
}

/// A timer is registered and dropped at once, beside a driver that expires the shard: nothing of it stays in the wheel.
///
/// Mutants: `timer_cancel_leaves_fired`.
#[test]
fn timer_insert_cancel() {
    Model::new("timer_insert_cancel", 5).witnesses(&["fired", "cancelled"]).check(|| {
        let shard = Arc::new(TimerShard::new());
        let firing = shard.clone();
        let firing = spawn(move || fire(&firing));
        let (wakes, waker) = CountingWaker::pair();
        let key = shard.register(10 * TICK, waker).expect("the shard is open").key;
        shard.cancel(key);
        firing.join().unwrap();
        witness(if wakes.wakes() == 1 { "fired" } else { "cancelled" });
        assert_eq!(shard.counts().live, 0, "nothing is left in the wheel");
    });
}
