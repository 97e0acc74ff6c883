//! One worker and a hog: every other task still runs, after a bounded number of the hog's polls. Counted in polls, not in time.

mod support;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task::yield_now;
use fusee::time::sleep;
use futures::task::AtomicWaker;
use support::{on_every_flavour, on_one_worker, until, until_within, watchdog};

/// The builder's default: a worker looks for tasks from outside at least that often.
const GLOBAL_QUEUE_INTERVAL: usize = 61;

/// A task wakes itself for ever, and calls `each` with the number of each poll until that says that all is done.
fn hog(runtime: &Runtime, mut each: impl FnMut(usize) -> bool + Send + Unpin + 'static) -> fusee::task::JoinHandle<()> {
    let mut polls = 0;
    runtime.spawn(poll_fn(move |context| {
        polls += 1;
        if each(polls) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// Becomes true once; tells after how many polls of the hog.
#[derive(Clone, Default)]
struct Ran(Arc<AtomicBool>);

impl Ran {
    fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn yield_now_lets_every_task_run_that_waits() {
    on_one_worker(|runtime| {
        let task = runtime.spawn(async {
            for _ in 0..100 {
                let ran = Arc::new(AtomicUsize::new(0));
                for _ in 0..50 {
                    let ran = ran.clone();
                    drop(fusee::spawn(async move { ran.fetch_add(1, Ordering::SeqCst) }));
                }
                yield_now().await;
                assert_eq!(ran.load(Ordering::SeqCst), 50);
            }
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_hog_delays_a_task_that_it_spawned_by_one_poll() {
    on_one_worker(|runtime| {
        let ran = Ran::default();
        let task = hog(&runtime, move |polls| {
            if polls == 1 {
                let ran = ran.clone();
                drop(fusee::spawn(async move { ran.set() }));
                return false;
            }
            assert!(ran.get(), "the task waits behind the hog");
            true
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_hog_delays_a_task_from_another_thread_by_a_bounded_number_of_polls() {
    on_one_worker(|runtime| {
        let handle = runtime.handle().clone();
        let (ask, asked) = mpsc::channel::<Ran>();
        let (injected, answer) = mpsc::channel();
        let foreign = thread::spawn(move || {
            for ran in asked {
                drop(handle.spawn(async move { ran.set() }));
                injected.send(()).unwrap();
            }
        });
        let (mut ran, mut since, mut rounds) = (Ran::default(), 0, 0);
        let task = hog(&runtime, move |polls| {
            if rounds == 0 || ran.get() {
                rounds += 1;
                (ran, since) = (Ran::default(), polls);
                ask.send(ran.clone()).unwrap();
                answer.recv().unwrap();
            }
            assert!(polls - since <= GLOBAL_QUEUE_INTERVAL, "the task waits for {} polls already", polls - since);
            rounds == 100
        });
        runtime.block_on(task).unwrap();
        foreign.join().unwrap();
    });
}

#[test]
fn a_hog_delays_a_timer_that_is_due_by_a_bounded_number_of_polls() {
    on_one_worker(|runtime| {
        let metrics = runtime.metrics();
        let (mut ran, mut since, mut rounds) = (Ran::default(), 0, 0);
        let mut sleeping = false;
        let task = hog(&runtime, move |polls| {
            if rounds == 0 || ran.get() {
                rounds += 1;
                (ran, since, sleeping) = (Ran::default(), polls, true);
                let ran = ran.clone();
                drop(fusee::spawn(async move {
                    sleep(Duration::from_micros(100)).await;
                    ran.set();
                }));
            } else if sleeping && !ran.get() {
                // It has been polled, behind this task. Now the driver wakes it, into the injector; or has done so while it
                // was polled: then it is in the worker's own queue.
                let queued = || metrics.global_queue_depth() + metrics.worker_local_queue_depth(0) > 0;
                until("the timer has fired", || ran.get() || queued());
                (since, sleeping) = (polls, false);
            }
            assert!(polls - since <= GLOBAL_QUEUE_INTERVAL, "the sleeper waits for {} polls already", polls - since);
            rounds == 100
        });
        runtime.block_on(task).unwrap();
    });
}

/// Polls of one of two tasks that wake each other for ever.
struct PingPong {
    own: Arc<AtomicWaker>,
    other: Arc<AtomicWaker>,
    polls: Arc<AtomicUsize>,
}

impl Future for PingPong {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.own.register(context.waker());
        self.other.wake();
        self.polls.fetch_add(1, Ordering::SeqCst);
        Poll::Pending
    }
}

fn ping_pong(runtime: &Runtime) -> Arc<AtomicUsize> {
    let polls = Arc::new(AtomicUsize::new(0));
    let (one, two) = (Arc::new(AtomicWaker::new()), Arc::new(AtomicWaker::new()));
    drop(runtime.spawn(PingPong { own: one.clone(), other: two.clone(), polls: polls.clone() }));
    drop(runtime.spawn(PingPong { own: two, other: one, polls: polls.clone() }));
    until_within(runtime, "the pair plays", || polls.load(Ordering::SeqCst) > 100);
    polls
}

#[test]
fn a_pair_that_wakes_each_other_starves_nobody() {
    on_one_worker(|runtime| {
        let polls = ping_pong(&runtime);
        // Local: the pair wakes each other into the slot for the task woken last, which wins three times before the queue has its turn. Then it waits there for one
        // poll of the other task.
        let counted = polls.clone();
        let local = runtime.spawn(async move {
            let before = counted.load(Ordering::SeqCst);
            for _ in 0..1000 {
                yield_now().await;
            }
            counted.load(Ordering::SeqCst) - before
        });
        let played = runtime.block_on(local).unwrap();
        assert!(played <= 4 * 1000 + 4, "{played} polls of the pair while another yielded 1,000 times");
        // From outside, and by the timer.
        for _ in 0..100 {
            runtime.block_on(runtime.spawn(async {})).unwrap();
            let asleep = runtime.spawn(async { sleep(Duration::from_micros(10)).await });
            runtime.block_on(asleep).unwrap();
        }
        let before = polls.load(Ordering::SeqCst);
        until_within(&runtime, "the pair still plays", || polls.load(Ordering::SeqCst) > before);
    });
}

#[test]
fn a_storm_of_spawns_starves_nobody() {
    /// Spawns its successor, for ever.
    fn storm(handle: Handle, count: Arc<AtomicUsize>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            count.fetch_add(1, Ordering::SeqCst);
            drop(handle.spawn(storm(handle.clone(), count)));
        })
    }
    on_every_flavour(|runtime| {
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..8 {
            drop(runtime.spawn(storm(runtime.handle().clone(), count.clone())));
        }
        until_within(&runtime, "the storm has begun", || count.load(Ordering::SeqCst) > 100);
        for _ in 0..100 {
            runtime.block_on(runtime.spawn(async {})).unwrap();
            let asleep = runtime.spawn(async { sleep(Duration::from_micros(10)).await });
            runtime.block_on(asleep).unwrap();
        }
    });
}

#[test]
fn a_root_future_that_wakes_itself_starves_nobody() {
    on_every_flavour(|runtime| {
        let ran = Ran::default();
        let set = ran.clone();
        drop(runtime.spawn(async move {
            sleep(Duration::from_micros(100)).await;
            set.set();
        }));
        runtime.block_on(async {
            while !ran.get() {
                yield_now().await;
            }
        });
    });
}

#[test]
fn many_hogs_share_the_worker_fairly() {
    on_one_worker(|runtime| {
        let polls: Arc<Vec<AtomicUsize>> = Arc::new((0..10).map(|_| AtomicUsize::new(0)).collect());
        let (go, started) = (Ran::default(), Arc::new(AtomicUsize::new(0)));
        for n in 0..10 {
            let (polls, go, started) = (polls.clone(), go.clone(), started.clone());
            drop(runtime.spawn(async move {
                started.fetch_add(1, Ordering::SeqCst);
                while !go.get() {
                    yield_now().await;
                }
                loop {
                    polls[n].fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            }));
        }
        until_within(&runtime, "all hogs are in the queue", || started.load(Ordering::SeqCst) == 10);
        go.set();
        let judge = runtime.spawn(async move {
            for _ in 0..1000 {
                yield_now().await;
                let counts: Vec<_> = polls.iter().map(|count| count.load(Ordering::SeqCst)).collect();
                let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                assert!(most - least <= 1, "turn by turn: {counts:?}");
            }
        });
        runtime.block_on(judge).unwrap();
    });
}

#[test]
fn a_small_interval_favours_tasks_from_outside() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let runtime = build().worker_threads(1).global_queue_interval(1).build().unwrap();
            let ran = Ran::default();
            let handle = runtime.handle().clone();
            let task = hog(&runtime, move |polls| {
                if polls == 1 {
                    let (ran, handle) = (ran.clone(), handle.clone());
                    thread::spawn(move || drop(handle.spawn(async move { ran.set() }))).join().unwrap();
                    return false;
                }
                assert!(ran.get(), "the task from outside comes first");
                true
            });
            runtime.block_on(task).unwrap();
        }
    });
}
