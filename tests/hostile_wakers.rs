//! Wakers that do what they should not, whenever they are woken, cloned or dropped: drop timers of the shard that they are in, spawn, abort, panic,
//! shut the runtime down. Whoever holds one calls it under no lock, so that all of it is allowed.

mod support;

use std::cell::Cell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusee::runtime::{Handle, Runtime};
use fusee::task::{JoinSet, LocalSet};
use fusee::time::{Instant, Sleep, sleep};
use support::wakers::hooked;
use support::{
    Latch, current_thread, holding, is_current_thread, poll_once, quiet_panic, until, until_within, watchdog, workers,
};

const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    DropsSleeps,
    Spawns,
    Panics,
    ShutsDown,
}

const ACTIONS: [Action; 4] = [Action::DropsSleeps, Action::Spawns, Action::Panics, Action::ShutsDown];

thread_local! {
    /// The waker that is dropped on this thread is the test's own.
    static CALM: Cell<bool> = const { Cell::new(false) };
}

/// A hostile waker that its test keeps, and drops in peace: only what it gives away acts.
struct Calm(Waker);

impl Deref for Calm {
    type Target = Waker;

    fn deref(&self) -> &Waker {
        &self.0
    }
}

impl Drop for Calm {
    fn drop(&mut self) {
        CALM.set(true);
        self.0 = Waker::noop().clone();
        CALM.set(false);
    }
}

/// What a hostile waker does its mischief with.
struct Mischief {
    action: Action,
    handle: Handle,
    /// Sleeps in the shard of foreign threads.
    sleeps: Mutex<Vec<Sleep>>,
    /// Sleeps that outlive the runtime.
    survivors: Mutex<Vec<Sleep>>,
    /// The runtime, for a waker that shuts it down.
    runtime: Mutex<Option<Runtime>>,
    done: AtomicUsize,
}

impl Mischief {
    fn new(action: Action, handle: &Handle) -> Arc<Self> {
        let _entered = handle.enter();
        let mut sleeps: Vec<_> = (0..20).map(|_| sleep(HOUR)).collect();
        sleeps.iter_mut().for_each(|pause| assert!(poll_once(pause, Waker::noop()).is_pending()));
        let (sleeps, survivors, runtime) = (Mutex::new(sleeps), Mutex::default(), Mutex::new(None));
        Arc::new(Self { action, handle: handle.clone(), sleeps, survivors, runtime, done: AtomicUsize::new(0) })
    }

    fn act(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
        match self.action {
            Action::DropsSleeps => {
                let one = self.sleeps.lock().unwrap().pop();
                let another = self.sleeps.lock().unwrap().pop();
                let _entered = self.handle.enter();
                let mut other = sleep(HOUR);
                // Closed already, if the runtime shuts down.
                let _ = catch_unwind(AssertUnwindSafe(|| poll_once(&mut other, Waker::noop())));
                other.reset(Instant::now() + HOUR);
                drop((one, another));
            }
            Action::Spawns => {
                let task = self.handle.spawn(std::future::pending::<()>());
                drop(self.handle.spawn_blocking(|| ()));
                task.abort();
            }
            Action::Panics => quiet_panic("a waker's"),
            Action::ShutsDown => {
                let runtime = self.runtime.lock().unwrap().take();
                drop(runtime);
            }
        }
    }

    /// A waker that acts. One that panics or shuts down lets itself be cloned in peace.
    fn waker(self: &Arc<Self>) -> Waker {
        let (cloned, dropped) = (self.clone(), self.clone());
        let calm = matches!(self.action, Action::Panics | Action::ShutsDown);
        hooked(
            move || {
                if !calm {
                    cloned.act();
                }
            },
            move || {
                if !CALM.get() {
                    dropped.act();
                }
            },
        )
    }
}

/// Polls a sleep with hostile wakers, and lets it fire.
fn a_timer_fires(mischief: &Arc<Mischief>) {
    let _entered = mischief.handle.enter();
    let waker = Calm(mischief.waker());
    let mut pause = sleep(HOUR);
    assert!(poll_once(&mut pause, &waker).is_pending());
    let before = mischief.done.load(Ordering::SeqCst);
    // By the driver; and a reset to what has passed wakes on its own thread.
    pause.reset(Instant::now() + Duration::from_millis(20));
    until("the driver has woken it", || mischief.done.load(Ordering::SeqCst) > before);
}

/// Has a timer fire on the thread that moves it to the past.
fn a_timer_is_moved_to_the_past(mischief: &Arc<Mischief>) {
    let _entered = mischief.handle.enter();
    let waker = Calm(mischief.waker());
    let mut pause = sleep(HOUR);
    assert!(poll_once(&mut pause, &waker).is_pending());
    pause.reset(Instant::now());
    // Whoever was woken may have shut the runtime down.
    pause.reset(Instant::now());
    assert!(pause.is_elapsed() || mischief.action == Action::ShutsDown);
}

fn a_sleep_is_dropped_or_polled_by_another(mischief: &Arc<Mischief>) {
    let _entered = mischief.handle.enter();
    let mut pauses = [sleep(HOUR), sleep(HOUR), sleep(HOUR)];
    for pause in &mut pauses {
        let waker = Calm(mischief.waker());
        // A waker before it may have shut the runtime down.
        let _ = catch_unwind(AssertUnwindSafe(|| poll_once(pause, &waker)));
    }
    let [mut replaced, again, dropped] = pauses;
    let _ = catch_unwind(AssertUnwindSafe(|| poll_once(&mut replaced, Waker::noop())));
    let _ = catch_unwind(AssertUnwindSafe(|| poll_once(&mut replaced, &mischief.waker())));
    drop(again);
    drop(dropped);
}

fn a_handle_is_dropped_or_polled_by_another(mischief: &Arc<Mischief>) {
    let mut tasks = [(); 3].map(|()| mischief.handle.spawn(holding((), |_| Poll::<()>::Pending)));
    for task in &mut tasks {
        let waker = Calm(mischief.waker());
        assert!(poll_once(task, &waker).is_pending());
    }
    let aborts = tasks.each_ref().map(fusee::task::JoinHandle::abort_handle);
    let [mut replaced, again, dropped] = tasks;
    // The one that is dropped may have shut the runtime down.
    let _ = poll_once(&mut replaced, Waker::noop());
    drop((again, dropped));
    aborts.into_iter().for_each(|abort| abort.abort());
}

fn tasks_end_whose_handles_and_sets_wait(mischief: &Arc<Mischief>) {
    let (mut set, go) = (JoinSet::new(), Latch::new());
    let (open, also_open) = (go.clone(), go.clone());
    let mut task = mischief.handle.spawn_blocking(move || open.wait());
    set.spawn_blocking_on(move || also_open.wait(), &mischief.handle);
    for _ in 0..2 {
        let waker = Calm(mischief.waker());
        if !task.is_finished() {
            let _ = poll_once(&mut task, &waker).map(drop);
        }
        let _ = set.poll_join_next(&mut Context::from_waker(&waker)).map(drop);
        // The second time round the wakers are replaced, or woken: whoever shuts the runtime down waits for the jobs.
        go.open();
    }
    until("the job has ended", || task.is_finished());
}

fn a_local_set_waits(mischief: &Arc<Mischief>) {
    let mut local = LocalSet::new();
    let task = local.spawn_local(std::future::pending::<()>());
    for _ in 0..2 {
        let waker = Calm(mischief.waker());
        assert!(poll_once(&mut local, &waker).is_pending());
    }
    let abort = task.abort_handle();
    std::thread::spawn(move || abort.abort()).join().unwrap();
    assert!(poll_once(&mut local, Waker::noop()).is_ready());
    assert!(task.is_finished());
    // Left registered when the set is dropped.
    let mut local = LocalSet::new();
    drop(local.spawn_local(std::future::pending::<()>()));
    let waker = Calm(mischief.waker());
    assert!(poll_once(&mut local, &waker).is_pending());
}

fn the_runtime_shuts_down_around_sleepers(mischief: &Arc<Mischief>) {
    let _entered = mischief.handle.enter();
    let mut pauses = [sleep(HOUR), sleep(HOUR), sleep(HOUR)];
    for pause in &mut pauses {
        let waker = Calm(mischief.waker());
        assert!(poll_once(pause, &waker).is_pending());
    }
    mischief.survivors.lock().unwrap().extend(pauses);
}

type Scene = fn(&Arc<Mischief>);

const SCENES: [Scene; 7] = [
    a_timer_fires,
    a_timer_is_moved_to_the_past,
    a_sleep_is_dropped_or_polled_by_another,
    a_handle_is_dropped_or_polled_by_another,
    tasks_end_whose_handles_and_sets_wait,
    a_local_set_waits,
    the_runtime_shuts_down_around_sleepers,
];

/// Plays every scene with wakers that do `action`.
fn play(action: Action, build: impl Fn() -> Runtime) {
    for (number, scene) in SCENES.into_iter().enumerate() {
        let runtime = build();
        let mischief = Mischief::new(action, runtime.handle());
        let mut kept = None;
        if action == Action::ShutsDown && !is_current_thread(&runtime) {
            *mischief.runtime.lock().unwrap() = Some(runtime);
        } else {
            kept = Some(runtime);
        }
        scene(&mischief);
        mischief.sleeps.lock().unwrap().clear();
        if let Some(runtime) = kept {
            assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42, "{action:?}, scene {number}");
            let metrics = runtime.metrics();
            until_within(&runtime, "all tasks have ended", || metrics.num_alive_tasks() == 0);
            // A waker may still be at it.
            let survivors = mischief.survivors.lock().unwrap().len();
            until_within(&runtime, "all timers are gone", || metrics.timers_live() == survivors);
            runtime.block_on(async { sleep(Duration::from_micros(10)).await });
            drop(runtime);
        } else {
            let runtime = mischief.runtime.lock().unwrap().take();
            drop(runtime);
        }
        mischief.survivors.lock().unwrap().clear();
        assert!(mischief.done.load(Ordering::SeqCst) > 0, "{action:?}, scene {number}: no waker has acted");
    }
}

#[test]
fn every_waker_may_do_as_it_likes_wherever_it_is_kept() {
    for action in ACTIONS {
        watchdog(move || {
            play(action, current_thread);
            for count in [1, 2, 4] {
                play(action, || workers(count));
            }
        });
    }
}
