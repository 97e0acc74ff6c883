//! Timers by the hundred thousand: a storm of them at one moment wakes few threads and holds up nobody, and the ones that are far away, cancelled or
//! of a blocked worker cost and delay nothing. (What they hold of the heap: `timer_memory.rs`.)

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;

use fusee::runtime::{Runtime, RuntimeMetrics};
use fusee::task::yield_now;
use fusee::time::{Instant, Sleep, sleep, sleep_until, timeout};
use futures::channel::oneshot;
use futures::executor;
use futures::future::join_all;
use support::{
    Latch, Random, current_thread, driven, is_current_thread, on_every_flavour, poll_once, until, until_within,
    watchdog, workers,
};

const HOUR: Duration = Duration::from_secs(3600);

/// 100,000, or ten times that in a deep run.
fn many() -> usize {
    if std::env::var_os("FUSEE_DEEP").is_some() { 1_000_000 } else { 100_000 }
}

/// Times that workers and the driver have been woken.
fn wakeups(metrics: &RuntimeMetrics) -> u64 {
    let unparks = |worker| metrics.worker_park_unpark_count(worker) / 2;
    (0..metrics.num_workers()).map(unparks).sum::<u64>() + metrics.driver_wake_count()
}

/// What the tasks of a storm share.
struct Storm {
    /// On this many threads.
    workers: usize,
    first: OnceLock<ThreadId>,
    elsewhere: AtomicBool,
    spread: Latch,
    done: AtomicUsize,
    all: Latch,
    size: usize,
    /// Tasks that are not of the storm, and were woken in the middle of it and done before its end.
    others: AtomicUsize,
}

/// Every so many tasks of a storm wake another one.
const OTHERS: usize = 1000;

impl Storm {
    fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            workers,
            first: OnceLock::new(),
            elsewhere: AtomicBool::new(false),
            spread: Latch::new(),
            done: AtomicUsize::new(0),
            all: Latch::new(),
            size: many(),
            others: AtomicUsize::new(0),
        })
    }

    /// What a task does when its time has come.
    fn strike(&self, other: Option<oneshot::Sender<()>>) {
        let here = thread::current().id();
        if self.first.set(here).is_ok() && self.workers > 1 {
            // The first of all blocks its worker until one has run on another: none ever would if they were not shared.
            self.spread.wait();
        } else if self.first.get() != Some(&here) && !self.elsewhere.swap(true, Ordering::SeqCst) {
            self.spread.open();
        }
        if let Some(other) = other {
            other.send(()).unwrap();
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(2) {}
        if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.size {
            self.all.open();
        }
    }

    /// Spawns tasks that are to run at one moment. False if that came before all of them slept.
    fn gather(self: &Arc<Self>, runtime: &Runtime, delay: Duration) -> bool {
        let deadline = Instant::now() + delay;
        for n in 0..self.size {
            let other = (n % OTHERS == 0).then(|| {
                let (wake, woken) = oneshot::channel();
                let storm = self.clone();
                drop(runtime.spawn(async move {
                    woken.await.unwrap();
                    if storm.done.load(Ordering::SeqCst) < storm.size {
                        storm.others.fetch_add(1, Ordering::SeqCst);
                    }
                }));
                wake
            });
            let storm = self.clone();
            drop(runtime.spawn(async move {
                sleep_until(deadline).await;
                storm.strike(other);
            }));
        }
        let metrics = runtime.metrics();
        let all = || metrics.timers_live() == self.size || Instant::now() >= deadline;
        if is_current_thread(runtime) {
            until_within(runtime, "all sleep", all);
        } else {
            until("all sleep", all);
        }
        metrics.timers_registered_count() == self.size as u64 && metrics.timers_fired_count() == 0
    }
}

/// A runtime in which a storm is about to break.
fn gathered(build: impl Fn() -> Runtime, workers: usize) -> (Runtime, Arc<Storm>) {
    // On a machine that is slow or busy it takes longer.
    for seconds in [1, 4, 16, 64] {
        let (runtime, storm) = (build(), Storm::new(workers));
        if storm.gather(&runtime, Duration::from_secs(seconds)) {
            return (runtime, storm);
        }
        // A task that blocks would keep the runtime from ending.
        storm.spread.open();
    }
    panic!("{} tasks take more than a minute to sleep", many())
}

#[test]
fn a_storm_is_shared_by_the_workers_wakes_few_threads_and_holds_up_no_other_task() {
    watchdog(|| {
        let on = |count: usize| {
            let build = move || if count == 0 { current_thread() } else { workers(count) };
            let (runtime, storm) = gathered(build, count.max(1));
            let metrics = runtime.metrics();
            let before = wakeups(&metrics);
            if count == 0 {
                driven(&runtime, || storm.all.wait());
            } else {
                storm.all.wait();
            }
            let woken = wakeups(&metrics) - before;
            assert_eq!(metrics.timers_fired_count(), storm.size as u64);
            // A thread waits again only when it has done all that the driver has fired so far. As a task takes longer than to fire one, the
            // driver is ahead of the workers but when the system lets it wait: some hundred times a second, and not once in ten tasks.
            assert!(woken < storm.size as u64 / 10, "{count} workers: {woken} wake-ups for {} tasks", storm.size);
            let polled = (0..metrics.num_workers()).filter(|&worker| metrics.worker_poll_count(worker) > 0).count();
            assert!(count < 2 || polled > 1);
            // One whose worker is held up between the wake and the next poll may come late; not half of them.
            let others = storm.others.load(Ordering::SeqCst);
            assert!(2 * others > storm.size / OTHERS, "{others} of {} other tasks ran meanwhile", storm.size / OTHERS);
        };
        [0, 1, 2, 4].into_iter().for_each(on);
    });
}

#[test]
fn cancelled_timers_are_gone_at_once() {
    on_every_flavour(|runtime| {
        let metrics = runtime.metrics();
        let entered = runtime.enter();
        let mut random = Random::new(1);
        let mut pauses: Vec<_> =
            (0..many()).map(|_| sleep(HOUR + Duration::from_nanos(random.below(1 << 40)))).collect();
        assert!(pauses.iter_mut().all(|pause| poll_once(pause, Waker::noop()).is_pending()));
        assert_eq!(metrics.timers_live(), many());
        random.shuffle(&mut pauses);
        pauses.truncate(many() / 2);
        assert_eq!(metrics.timers_live(), many() / 2);
        drop(pauses);
        assert_eq!(metrics.timers_live(), 0);
        drop(entered);
        // Those of tasks go with the tasks.
        let tasks: Vec<_> = (0..many() / 10).map(|_| runtime.spawn(sleep_in_task())).collect();
        until_within(&runtime, "all sleep", || metrics.timers_live() == tasks.len());
        tasks.iter().for_each(fusee::task::JoinHandle::abort);
        for outcome in runtime.block_on(join_all(tasks)) {
            assert!(outcome.unwrap_err().is_cancelled());
        }
        assert_eq!(metrics.timers_live(), 0);
        assert_eq!(
            (metrics.timers_fired_count(), metrics.timers_cancelled_count()),
            (0, (many() + many() / 10) as u64)
        );
    });
}

async fn sleep_in_task() {
    sleep(HOUR).await;
}

#[test]
fn limits_that_come_and_go_are_never_more_than_those_who_wait() {
    const TASKS: usize = 100;
    on_every_flavour(|runtime| {
        let metrics = runtime.metrics();
        let rounds = many() / TASKS;
        let most = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (metrics, most) = (metrics.clone(), most.clone());
                runtime.spawn(async move {
                    for round in 0..rounds {
                        timeout(Duration::from_secs(30), yield_now()).await.unwrap();
                        if round % 100 == 0 {
                            most.fetch_max(metrics.timers_live(), Ordering::SeqCst);
                        }
                    }
                })
            })
            .collect();
        runtime.block_on(join_all(tasks)).into_iter().for_each(|outcome| outcome.unwrap());
        let registered = metrics.timers_registered_count();
        assert!(registered > 0, "a yield is pending once");
        assert_eq!((metrics.timers_live(), metrics.timers_cancelled_count()), (0, registered));
        assert!(most.load(Ordering::SeqCst) <= TASKS);
        // The driver sleeps to the first limit of all, and none of those that follow is earlier.
        assert!(metrics.driver_wake_count() < registered / 10, "{} wake-ups", metrics.driver_wake_count());
    });
}

#[test]
fn a_sleep_of_seconds_wakes_the_driver_not_before_its_time() {
    on_every_flavour(|runtime| {
        let metrics = runtime.metrics();
        let task = runtime.spawn(async { sleep(Duration::from_secs(10)).await });
        until_within(&runtime, "the task sleeps", || metrics.timers_live() == 1);
        let entered = runtime.enter();
        let mut pause = sleep(Duration::from_secs(10));
        assert!(poll_once(&mut pause, Waker::noop()).is_pending());
        let before = metrics.driver_wake_count();
        // tidy: real time, because what is looked for is what happens while it passes.
        thread::sleep(Duration::from_millis(300));
        // It may have been on its way to sleep, for the second timer or for the first. A driver that looked each millisecond would have woken 300 times.
        let woken = metrics.driver_wake_count() - before;
        assert!(woken <= 2, "{woken} wake-ups");
        assert!(!task.is_finished());
        drop(entered);
    });
}

/// Sleeps that wait, in the shard of the calling thread.
fn registered(count: u64, random: &mut Random) -> Vec<Sleep> {
    let pauses = (0..count).map(|_| sleep(Duration::from_millis(5) + Duration::from_nanos(random.below(1 << 25))));
    pauses
        .map(|mut pause| {
            let _ = poll_once(&mut pause, Waker::noop());
            pause
        })
        .collect()
}

#[test]
fn timers_of_workers_that_are_blocked_come_for_everybody_else() {
    watchdog(|| {
        for (count, blocked) in [(1, 1), (2, 1), (2, 2), (4, 3), (4, 4)] {
            let runtime = workers(count);
            let (together, release) = (Arc::new(Barrier::new(count)), Latch::new());
            let (send, receive) = std::sync::mpsc::channel();
            let tasks: Vec<_> = (0..count)
                .map(|number| {
                    let (together, release, send) = (together.clone(), release.clone(), send.clone());
                    runtime.spawn(async move {
                        // Each on a worker of its own.
                        together.wait();
                        send.send(registered(2000, &mut Random::new(number as u64))).unwrap();
                        drop(send);
                        if number < blocked {
                            release.wait();
                        }
                    })
                })
                .collect();
            drop(send);
            let pauses: Vec<_> = receive.iter().flatten().collect();
            assert_eq!(pauses.len(), 2000 * count);
            let awaits = |pauses: Vec<Sleep>| async {
                for pause in pauses {
                    let deadline = pause.deadline();
                    pause.await;
                    assert!(Instant::now() >= deadline);
                }
            };
            if blocked < count {
                runtime.block_on(runtime.spawn(awaits(pauses))).unwrap();
            } else {
                executor::block_on(awaits(pauses));
            }
            assert_eq!(tasks.iter().filter(|task| !task.is_finished()).count(), blocked);
            assert_eq!(runtime.metrics().timers_live(), 0);
            release.open();
            runtime.block_on(join_all(tasks)).into_iter().for_each(|outcome| outcome.unwrap());
        }
    });
}

#[test]
fn timers_of_a_current_thread_runtime_come_while_its_thread_is_blocked() {
    watchdog(|| {
        let runtime = current_thread();
        let (release, send) = (Latch::new(), std::sync::mpsc::channel());
        let (blocked, send, receive) = (release.clone(), send.0, send.1);
        drop(runtime.spawn(async move {
            send.send(registered(2000, &mut Random::new(0))).unwrap();
            blocked.wait();
        }));
        driven(&runtime, || {
            executor::block_on(join_all(receive.recv().unwrap()));
            release.open();
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}
