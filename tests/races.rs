//! Two things at once, thousands of times: spawn, wake, abort, completion, handles dropped, shutdown. Each future is dropped once.

mod support;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Handle, Runtime};
use fusee::task::{JoinHandle, JoinSet};
use fusee::time::sleep;
use futures::channel::oneshot;
use futures::executor;
use support::{Drops, Random, current_thread, driven, holding, on_every_flavour, poll_once, rounds, watchdog, workers};

/// Calls `f` on a thread for each number below `count`, and gives it the rounds as they are sent.
struct Crew<T> {
    rounds: Vec<std::sync::mpsc::Sender<T>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl<T: Send + 'static> Crew<T> {
    fn new(count: u64, f: impl Fn(&mut Random, T) + Send + Clone + 'static) -> Self {
        let (mut rounds, mut threads) = (Vec::new(), Vec::new());
        for n in 0..count {
            let (send, receive) = std::sync::mpsc::channel();
            let f = f.clone();
            rounds.push(send);
            threads.push(thread::spawn(move || {
                let mut random = Random::new(n);
                receive.into_iter().for_each(|round| f(&mut random, round));
            }));
        }
        Self { rounds, threads }
    }

    /// Lets every thread do a round of its own.
    fn start(&self, mut round: impl FnMut() -> T) {
        self.rounds.iter().for_each(|thread| thread.send(round()).expect("the thread lives"));
    }

    fn join(self) {
        drop(self.rounds);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// Runtimes of both flavours in turn.
fn in_turn(round: u64) -> Runtime {
    if round % 3 == 2 { current_thread() } else { workers(1 + round as usize % 3) }
}

/// Runs `rounds` of two threads that spawn while a third shuts down. `spawn` answers how many tokens it has had dropped, in the end.
fn spawning_against_shutdown(rounds: u64, spawn: impl Fn(&Handle, &Drops) -> usize + Send + Clone + 'static) {
    watchdog(move || {
        let tokens = Arc::new(AtomicUsize::new(0));
        let crew = {
            let tokens = tokens.clone();
            Crew::new(2, move |random, (handle, drops, start): (Handle, Drops, Arc<Barrier>)| {
                start.wait();
                random.spin(20_000);
                tokens.fetch_add(spawn(&handle, &drops), Ordering::SeqCst);
            })
        };
        let mut random = Random::new(99);
        let drops = Drops::new();
        for round in 0..rounds {
            let runtime = in_turn(round);
            let start = Arc::new(Barrier::new(3));
            crew.start(|| (runtime.handle().clone(), drops.clone(), start.clone()));
            start.wait();
            let way = random.below(3);
            random.spin(20_000);
            match way {
                0 => runtime.shutdown_background(),
                1 => runtime.shutdown_timeout(Duration::from_micros(50)),
                _ => drop(runtime),
            }
        }
        crew.join();
        assert_eq!(drops.count(), tokens.load(Ordering::SeqCst), "each is dropped once");
    });
}

/// Awaits a handle that resolves one way or the other.
fn resolve<T>(handle: JoinHandle<T>) {
    if let Err(error) = executor::block_on(handle) {
        assert!(error.is_cancelled());
    }
}

#[test]
fn spawn_against_shutdown() {
    spawning_against_shutdown(1500, |handle, drops| {
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let token = drops.token();
                handle.spawn(async move {
                    let _token = token;
                    if n % 2 == 0 {
                        fusee::task::yield_now().await;
                    }
                })
            })
            .collect();
        tasks.into_iter().map(resolve).count()
    });
}

#[test]
fn jobs_against_shutdown() {
    spawning_against_shutdown(1000, |handle, drops| {
        let jobs: Vec<_> = (0..4)
            .map(|_| {
                let (token, inner) = (drops.token(), drops.token());
                handle.spawn_blocking(move || {
                    let _token = token;
                    // From inside, while the runtime closes or has closed.
                    resolve(fusee::task::spawn_blocking(move || drop(inner)));
                })
            })
            .collect();
        2 * jobs.into_iter().map(resolve).count()
    });
}

#[test]
fn a_set_that_is_filled_against_shutdown() {
    spawning_against_shutdown(1000, |handle, drops| {
        let mut set = JoinSet::new();
        for _ in 0..5 {
            let (task, job) = (drops.token(), drops.token());
            set.spawn_on(async move { drop(task) }, handle);
            set.spawn_blocking_on(move || drop(job), handle);
        }
        let mut joined = 0;
        while let Some(outcome) = executor::block_on(set.join_next()) {
            assert!(outcome.map_or_else(|error| error.is_cancelled(), |()| true));
            joined += 1;
        }
        assert_eq!(joined, 10);
        joined
    });
}

#[test]
fn wake_against_shutdown() {
    watchdog(|| {
        let crew = Crew::new(2, |random, (wakes, start): (Vec<oneshot::Sender<()>>, Arc<Barrier>)| {
            start.wait();
            random.spin(20_000);
            for wake in wakes {
                let _ = wake.send(());
            }
        });
        let mut random = Random::new(98);
        for round in 0..1500 {
            let runtime = in_turn(round);
            let (drops, start) = (Drops::new(), Arc::new(Barrier::new(3)));
            let mut tasks = Vec::new();
            crew.start(|| {
                let wakes = (0..10).map(|_| {
                    let (wake, woken) = oneshot::channel();
                    let token = drops.token();
                    tasks.push(runtime.spawn(async move {
                        let _token = token;
                        woken.await.unwrap();
                    }));
                    wake
                });
                (wakes.collect(), start.clone())
            });
            start.wait();
            random.spin(20_000);
            drop(runtime);
            assert_eq!(drops.count(), 20);
            for task in tasks {
                if let Err(error) = executor::block_on(task) {
                    assert!(error.is_cancelled());
                }
            }
        }
        crew.join();
    });
}

#[test]
fn sleep_against_shutdown() {
    watchdog(|| {
        let mut random = Random::new(97);
        for round in 0..1000u64 {
            let runtime = in_turn(round);
            let drops = Drops::new();
            for n in 0..20 {
                let token = drops.token();
                // Long enough that its deadline has not passed already when it is polled.
                let pause = Duration::from_nanos(20_000 + random.below(300_000));
                drop(runtime.spawn(async move {
                    let _token = token;
                    loop {
                        sleep(pause + Duration::from_nanos(n)).await;
                    }
                }));
            }
            random.spin(50_000);
            if round % 3 == 2 {
                // On a current-thread runtime the driver alone runs meanwhile, and the tasks have slept at most once.
                runtime.block_on(fusee::task::yield_now());
                random.spin(50_000);
            }
            drop(runtime);
            assert_eq!(drops.count(), 20);
        }
    });
}

/// Runs `some` rounds of `race`, more in a deep run, on a runtime of each flavour, whose tasks run elsewhere meanwhile.
fn on_shared_runtimes(some: u64, race: impl Fn(&Runtime, &mut Random, u64) + Send + 'static) {
    on_every_flavour(move |runtime| {
        driven(&runtime, || {
            let mut random = Random::new(runtime.metrics().num_workers() as u64);
            for round in 0..rounds(some) {
                race(&runtime, &mut random, round);
            }
            support::until("no task is left", || runtime.metrics().num_alive_tasks() == 0);
        });
    });
}

#[test]
fn abort_against_completion() {
    on_shared_runtimes(4000, |runtime, random, round| {
        let (futures, outputs) = (Drops::new(), Drops::new());
        let (token, output) = (futures.token(), outputs.clone());
        let mut left = round % 3;
        let task = runtime.spawn(holding(token, move |context| {
            if left == 0 {
                return Poll::Ready(output.token());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        random.spin(2000);
        task.abort();
        match executor::block_on(task) {
            Ok(output) => {
                assert_eq!(outputs.count(), 0);
                drop(output);
                assert_eq!(outputs.count(), 1);
            }
            Err(error) => {
                assert!(error.is_cancelled());
                assert_eq!(outputs.count(), 0);
            }
        }
        assert_eq!(futures.count(), 1);
    });
}

#[test]
fn a_handle_dropped_against_completion() {
    on_shared_runtimes(4000, |runtime, random, round| {
        let (futures, outputs) = (Drops::new(), Drops::new());
        let (token, output) = (futures.token(), outputs.token());
        let mut task = runtime.spawn(async move {
            let _token = token;
            output
        });
        if round % 2 == 0 {
            // With a waker in the slot.
            let _ = poll_once(&mut task, std::task::Waker::noop()).map(drop);
        } else {
            random.spin(2000);
        }
        let abort = (round % 3 == 0).then(|| task.abort_handle());
        drop(task);
        if let Some(abort) = abort {
            abort.abort();
        }
        support::until("future and output are dropped", || (futures.count(), outputs.count()) == (1, 1));
    });
}

#[test]
fn a_join_waker_replaced_against_completion() {
    on_shared_runtimes(4000, |runtime, random, _| {
        let mut task = runtime.spawn(async { 42 });
        let mut wakers = Vec::new();
        random.spin(500);
        let output = loop {
            let (count, waker) = support::wakers::counting();
            match poll_once(&mut task, &waker) {
                Poll::Ready(output) => break output.unwrap(),
                Poll::Pending => wakers.push(count),
            }
            random.spin(200);
        };
        assert_eq!(output, 42);
        // Whoever registered last was woken, unless it was replaced by the poll that found the output.
        let woken: usize = wakers.iter().map(|count| count.get()).sum();
        assert!(woken <= 1, "one waker at most is woken");
        assert!(wakers.iter().rev().skip(1).all(|count| count.get() == 0), "only the last");
    });
}

#[test]
fn wake_against_the_drop_of_the_last_reference() {
    on_shared_runtimes(2000, |runtime, random, round| {
        let drops = Drops::new();
        let (send, receive) = std::sync::mpsc::channel();
        let task = runtime.spawn(holding(drops.token(), move |context| {
            // The receiver may be gone: the task is polled again by the wakes below.
            let _ = send.send(context.waker().clone());
            Poll::<()>::Pending
        }));
        let waker: std::task::Waker = receive.recv().unwrap();
        let other = waker.clone();
        let abort = task.abort_handle();
        drop(task);
        let thread = runtime.spawn(async move {
            other.wake_by_ref();
            other.wake();
        });
        random.spin(1000);
        if round % 2 == 0 {
            abort.abort();
            waker.wake();
        } else {
            waker.wake();
            abort.abort();
        }
        executor::block_on(thread).unwrap();
        support::until("the future is dropped", || drops.count() == 1);
    });
}

#[test]
fn the_poll_of_a_handle_against_completion_loses_no_wake() {
    on_shared_runtimes(4000, |runtime, random, _| {
        let spin = random.below(1000);
        let inner = runtime.spawn(async move { (0..spin).for_each(|_| std::hint::spin_loop()) });
        let mut inner = inner;
        let outer = runtime.spawn(poll_fn(move |context| poll_once(&mut inner, context.waker())));
        executor::block_on(outer).unwrap().unwrap();
    });
}
