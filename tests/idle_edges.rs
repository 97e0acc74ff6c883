//! Wakes and timers at the very moment at which a worker, the driver, a job's thread or a thread in `block_on` goes to sleep. A lost one
//! hangs. Each source of wakes gets as many rounds as a deep run has time for.

mod support;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::runtime::Runtime;
use fusee::task::{LocalSet, spawn_blocking};
use fusee::time::{Instant, sleep, sleep_until};
use futures::StreamExt;
use futures::channel::mpsc;
use futures::executor;
use futures::task::AtomicWaker;
use support::{Random, driven, on_every_flavour, poll_once, rounds, watchdog, workers};

/// A thread hands a ball to a task and back, after short random spins.
fn hand_back_and_forth(runtime: &Runtime, rounds: u64) {
    let (to_task, mut from_thread) = mpsc::unbounded::<u64>();
    let (to_thread, from_task) = std_mpsc::channel();
    let task = runtime.spawn(async move {
        while let Some(ball) = from_thread.next().await {
            to_thread.send(ball).unwrap();
        }
    });
    let mut random = Random::new(rounds);
    for ball in 0..rounds {
        random.jitter(12);
        to_task.unbounded_send(ball).unwrap();
        random.jitter(8);
        assert_eq!(from_task.recv().unwrap(), ball);
    }
    drop(to_task);
    executor::block_on(task).unwrap();
}

#[test]
fn a_wake_from_a_thread_at_every_edge_of_going_idle() {
    on_every_flavour(|runtime| driven(&runtime, || hand_back_and_forth(&runtime, rounds(10_000))));
}

#[test]
fn wakes_from_two_threads_at_once_at_every_edge_of_going_idle() {
    on_every_flavour(|runtime| {
        driven(&runtime, || {
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| hand_back_and_forth(&runtime, rounds(4000)));
                }
            });
        });
    });
}

#[test]
fn a_spawn_from_a_thread_at_every_edge_of_going_idle() {
    on_every_flavour(|runtime| {
        driven(&runtime, || {
            let mut random = Random::new(5);
            for n in 0..rounds(10_000) {
                let task = runtime.spawn(async move { n });
                random.jitter(12);
                assert_eq!(executor::block_on(task).unwrap(), n);
            }
        });
    });
}

#[test]
fn tasks_on_two_workers_wake_each_other_at_every_edge_of_going_idle() {
    on_every_flavour(|runtime| {
        let player = |mut incoming: mpsc::UnboundedReceiver<u64>, outgoing: mpsc::UnboundedSender<u64>, seed| {
            runtime.spawn(async move {
                let mut random = Random::new(seed);
                while let Some(ball) = incoming.next().await {
                    random.jitter(10);
                    if ball == 0 || outgoing.unbounded_send(ball - 1).is_err() {
                        break;
                    }
                }
            })
        };
        let (to_two, from_one) = mpsc::unbounded();
        let (to_one, from_two) = mpsc::unbounded();
        to_two.unbounded_send(rounds(10_000)).unwrap();
        let (one, two) = (player(from_two, to_two, 1), player(from_one, to_one, 2));
        runtime.block_on(async { (one.await.unwrap(), two.await.unwrap()) });
    });
}

#[test]
fn a_wake_by_a_task_at_every_edge_of_block_on_parking() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut random = Random::new(6);
            for n in 0..rounds(8000) {
                let task = fusee::spawn(async move { n });
                random.jitter(12);
                assert_eq!(task.await.unwrap(), n);
            }
        });
    });
}

/// Wakes whoever awaits it on a thread of its own, after short random spins.
struct Bell {
    waker: Arc<AtomicWaker>,
    rung: Arc<AtomicUsize>,
    ask: std_mpsc::Sender<()>,
    heard: usize,
    thread: thread::JoinHandle<()>,
}

impl Bell {
    fn new(seed: u64) -> Self {
        let (waker, rung) = (Arc::new(AtomicWaker::new()), Arc::new(AtomicUsize::new(0)));
        let (ask, asked) = std_mpsc::channel();
        let (wake, ring) = (waker.clone(), rung.clone());
        let thread = thread::spawn(move || {
            let mut random = Random::new(seed);
            for () in asked {
                random.jitter(13);
                ring.fetch_add(1, Ordering::SeqCst);
                wake.wake();
            }
        });
        Self { waker, rung, ask, heard: 0, thread }
    }

    /// Asks for one ring, and waits for it.
    async fn ring(&mut self) {
        self.ask.send(()).unwrap();
        self.heard += 1;
        poll_fn(|context| {
            self.waker.register(context.waker());
            if self.rung.load(Ordering::SeqCst) == self.heard { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn join(self) {
        drop(self.ask);
        self.thread.join().unwrap();
    }
}

#[test]
fn a_wake_from_a_thread_at_every_edge_of_block_on_parking() {
    on_every_flavour(|runtime| {
        let mut bell = Bell::new(9);
        runtime.block_on(async {
            for _ in 0..rounds(10_000) {
                bell.ring().await;
            }
        });
        // Of a handle's `block_on` too, which only parks.
        runtime.handle().block_on(async {
            for _ in 0..rounds(5000) {
                bell.ring().await;
            }
        });
        bell.join();
    });
}

#[test]
fn a_wake_from_a_thread_at_every_edge_of_a_local_set_going_idle() {
    on_every_flavour(|runtime| {
        let local = LocalSet::new();
        let ringing = local.spawn_local(async {
            let mut bell = Bell::new(10);
            for _ in 0..rounds(10_000) {
                bell.ring().await;
            }
            bell.join();
        });
        local.block_on(&runtime, ringing).unwrap();
    });
}

#[test]
fn a_job_that_completes_at_every_edge_of_going_idle() {
    on_every_flavour(|runtime| {
        let jobs = |seed, rounds| async move {
            let mut random = Random::new(seed);
            for n in 0..rounds {
                let spin = random.below(2000);
                let job = spawn_blocking(move || {
                    (0..spin).for_each(|_| std::hint::spin_loop());
                    n
                });
                random.jitter(11);
                assert_eq!(job.await.unwrap(), n);
            }
        };
        // Of the pool's thread, of a worker and of the thread in `block_on`.
        let task = runtime.spawn(jobs(11, rounds(5000)));
        runtime.block_on(jobs(12, rounds(5000)));
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn one_timer_at_a_time_at_every_edge_of_the_drivers_sleep() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut random = Random::new(8);
            for _ in 0..rounds(4000) {
                let deadline = Instant::now() + Duration::from_nanos(random.below(150_000));
                random.jitter(14);
                sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
            }
        });
    });
}

#[test]
fn earlier_timers_from_several_threads_at_every_edge_of_the_drivers_sleep() {
    watchdog(|| {
        let runtime = workers(2);
        let done = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for seed in 0..3 {
                let (runtime, done) = (&runtime, done.clone());
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    let _entered = runtime.enter();
                    for n in 0..rounds(1500) {
                        // A far timer that comes and goes leaves the driver a stale expiry.
                        let mut far = sleep(Duration::from_millis(1 + random.below(50)));
                        let _ = poll_once(&mut far, std::task::Waker::noop());
                        if n % 3 == 0 {
                            drop(far);
                        }
                        random.jitter(12);
                        let near = Duration::from_nanos(random.below(200_000));
                        if n % 2 == 0 {
                            runtime.block_on(sleep(near));
                        } else {
                            // In a worker's shard.
                            executor::block_on(runtime.spawn(async move { sleep(near).await })).unwrap();
                        }
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 3);
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}
