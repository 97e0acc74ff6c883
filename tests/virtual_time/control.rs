//! Pausing, advancing and resuming by hand.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::task::unconstrained;
use fusee::time::{self, Instant, sleep, sleep_until};
use futures::executor;
use futures::future::join_all;

use super::support::wakers::counting;
use super::support::{Random, driven, message, poll_once, until, until_within, watchdog};
use super::{HOUR, on_paused_runtimes};

#[test]
fn advancing_fires_what_is_due_on_the_way_and_nothing_else() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut pauses: Vec<_> = (1..=10).map(|n| sleep(n * Duration::from_millis(300))).collect();
            let counts: Vec<_> = pauses
                .iter_mut()
                .map(|pause| {
                    let (count, waker) = counting();
                    assert!(poll_once(pause, &waker).is_pending());
                    count
                })
                .collect();
            for (step, due) in [(299, 0), (1, 1), (600, 3), (0, 3), (299, 3), (2, 4)] {
                time::advance(Duration::from_millis(step)).await;
                assert_eq!(counts.iter().map(|count| count.get()).sum::<usize>(), due);
                assert_eq!(pauses.iter().filter(|pause| pause.is_elapsed()).count(), due);
            }
            assert_eq!(start.elapsed(), Duration::from_millis(1201));
            time::advance(Duration::from_nanos(7)).await;
            assert_eq!(start.elapsed(), Duration::from_millis(1201) + Duration::from_nanos(7));
            // In a task, and twice at a time.
            let twice = [1, 2].map(|n| fusee::spawn(time::advance(n * HOUR)));
            join_all(twice).await.into_iter().for_each(|outcome| outcome.unwrap());
            assert!(counts.iter().all(|count| count.get() == 1));
            assert_eq!(start.elapsed(), 3 * HOUR + Duration::from_millis(1201) + Duration::from_nanos(7));
        });
    });
}

#[test]
fn an_advance_that_is_dropped_has_advanced() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut advance = Box::pin(time::advance(HOUR));
            let polled = std::future::poll_fn(|context| Poll::Ready(advance.as_mut().poll(context))).await;
            drop(advance);
            assert!(polled.is_pending());
            assert_eq!(start.elapsed(), HOUR);
            // The clock is not held up by it.
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), 2 * HOUR);
        });
    });
}

#[test]
fn an_advance_that_a_resume_overtakes_returns_when_what_was_due_has_been_fired() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(unconstrained(async {
            for _ in 0..20 {
                let (count, waker) = counting();
                let mut pauses: Vec<_> = (0..1000).map(|_| sleep(HOUR)).collect();
                assert!(pauses.iter_mut().all(|pause| poll_once(pause, &waker).is_pending()));
                let mut advance = Box::pin(time::advance(HOUR));
                assert!(poll_fn(|context| Poll::Ready(advance.as_mut().poll(context))).await.is_pending());
                time::resume();
                advance.await;
                assert_eq!(count.get(), 1000);
                time::pause();
            }
        }));
    });
}

#[test]
fn a_clock_is_paused_and_let_run_again() {
    watchdog(|| {
        let runtimes = [Builder::new_current_thread().build(), Builder::new_multi_thread().worker_threads(2).build()];
        for runtime in runtimes.map(Result::unwrap) {
            runtime.block_on(async {
                let start = Instant::now();
                let early = fusee::spawn(async {
                    let pause = sleep(HOUR);
                    let deadline = pause.deadline();
                    pause.await;
                    Instant::now().duration_since(deadline)
                });
                sleep(Duration::from_millis(1)).await;
                time::pause();
                let paused = Instant::now();
                assert!(paused.duration_since(start) >= Duration::from_millis(1));
                let late = early.await.unwrap();
                assert!(late <= Duration::from_nanos(4096), "a timer from before keeps its tick: {late:?}");
                let stands = Instant::now();
                assert_eq!(Instant::now(), stands);
                let mut held = sleep(Duration::from_millis(2));
                assert!(poll_once(&mut held, std::task::Waker::noop()).is_pending());
                time::resume();
                held.await;
                assert!(
                    stands.elapsed() >= Duration::from_millis(2),
                    "a timer of paused time fires on a running clock"
                );
                let mut counted = sleep(Duration::from_millis(1));
                (&mut counted).await;
                assert!(Instant::now() >= counted.deadline());
                assert!(start.elapsed() < 2 * HOUR);
                time::pause();
                time::advance(HOUR).await;
                time::resume();
                assert!(start.elapsed() >= 2 * HOUR);
            });
        }
    });
}

#[test]
fn a_clock_that_runs_again_goes_on_from_where_it_stood_at_the_machines_pace() {
    on_paused_runtimes(|runtime| {
        let _entered = runtime.enter();
        for round in 0..20 {
            // On a clock that was advanced, and on one that was not.
            runtime.block_on(time::advance(round % 2 * HOUR));
            let (stood, machine) = (Instant::now(), std::time::Instant::now());
            time::resume();
            let shown = stood.elapsed();
            assert!(shown <= machine.elapsed(), "{shown:?}: the time that it stood still is not made up for");
            runtime.block_on(sleep(Duration::from_micros(500)));
            let machine = std::time::Instant::now();
            let running = Instant::now();
            time::pause();
            let shown = running.elapsed();
            assert!(shown <= machine.elapsed() && Instant::now() >= stood + Duration::from_micros(500));
        }
    });
}

#[test]
fn a_clock_is_paused_advanced_and_resumed_from_any_thread_that_has_entered_the_runtime() {
    watchdog(|| {
        let runtimes = [Builder::new_current_thread().build(), Builder::new_multi_thread().worker_threads(2).build()];
        for runtime in runtimes.map(Result::unwrap) {
            let start = Instant::now();
            let entered = runtime.handle().clone();
            let by_a_thread = std::thread::spawn(move || {
                let _entered = entered.enter();
                time::pause();
                executor::block_on(time::advance(HOUR));
                start.elapsed()
            });
            assert!(by_a_thread.join().unwrap() >= HOUR);
            let by_a_task = runtime.spawn(async move {
                time::advance(HOUR).await;
                time::resume();
                time::pause();
                let stood = Instant::now();
                sleep(HOUR).await;
                assert_eq!(stood.elapsed(), HOUR);
                time::resume();
            });
            runtime.block_on(by_a_task).unwrap();
            let by_a_job = runtime.spawn_blocking(move || {
                time::pause();
                start.elapsed()
            });
            let elapsed = runtime.block_on(by_a_job).unwrap();
            assert!(elapsed >= 3 * HOUR);
            assert_eq!(runtime.block_on(async { start.elapsed() }), elapsed);
        }
    });
}

#[test]
fn while_a_clock_is_paused_and_resumed_again_and_again_no_timer_is_lost_and_none_is_early() {
    watchdog(|| {
        for count in [0, 1, 2, 4] {
            let mut builder = if count == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.worker_threads(count.max(1)).build().unwrap();
            let tasks = (0..8).map(|seed| {
                runtime.spawn(async move {
                    let (mut random, mut last) = (Random::new(seed), Instant::now());
                    let mut moved = sleep(HOUR);
                    for _ in 0..200 {
                        let most = 1 << (8 + random.below(13));
                        let deadline = Instant::now() + Duration::from_nanos(random.below(most));
                        if random.below(2) == 0 {
                            sleep_until(deadline).await;
                        } else {
                            let _ = poll_fn(|context| Poll::Ready(poll_once(&mut moved, context.waker()))).await;
                            moved.reset(deadline);
                            (&mut moved).await;
                        }
                        let now = Instant::now();
                        assert!(now >= deadline && now >= last);
                        last = now;
                    }
                })
            });
            let all = runtime.spawn(join_all(tasks.collect::<Vec<_>>()));
            driven(&runtime, || {
                let _entered = runtime.enter();
                let mut random = Random::new(count as u64);
                while !all.is_finished() {
                    time::pause();
                    for _ in 0..random.below(3) {
                        random.jitter(12);
                        executor::block_on(time::advance(Duration::from_nanos(random.below(1 << 16))));
                    }
                    random.jitter(12);
                    time::resume();
                    random.jitter(12);
                }
            });
            runtime.block_on(all).unwrap().into_iter().for_each(|outcome| outcome.unwrap());
        }
    });
}

#[test]
fn misuse_panics_and_says_why() {
    fn panics(body: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(body).expect_err("it panics");
        message(&*payload).to_owned()
    }
    on_paused_runtimes(|runtime| {
        let block_on = |future: futures::future::BoxFuture<'static, ()>| {
            panics(std::panic::AssertUnwindSafe(|| runtime.block_on(future)))
        };
        assert!(block_on(Box::pin(async { time::pause() })).contains("paused already"));
        assert!(block_on(Box::pin(time::advance(Duration::MAX))).contains("so far away"));
        // Neither leaves the clock held up.
        runtime.block_on(async { sleep(HOUR).await });
        runtime.block_on(async { time::resume() });
        assert!(block_on(Box::pin(async { time::resume() })).contains("not paused"));
        assert!(block_on(Box::pin(time::advance(HOUR))).contains("not paused"));
        let advance = || executor::block_on(time::advance(HOUR));
        for outside in [panics(time::pause), panics(time::resume), panics(advance)] {
            assert!(outside.contains("no current fusee runtime"), "{outside}");
        }
    });
}

#[test]
fn a_sleep_that_is_moved_to_the_past_is_over_before_the_driver_sees_it() {
    on_paused_runtimes(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(async {
            let start = Instant::now();
            time::advance(HOUR).await;
            for deadline in [start, Instant::now()] {
                let (count, waker) = counting();
                let mut pause = sleep(HOUR);
                assert!(poll_once(&mut pause, &waker).is_pending());
                pause.reset(deadline);
                // Nothing rests: the driver fires nothing.
                assert!(pause.is_elapsed() && count.get() == 1);
                pause.reset(Instant::now() + HOUR);
                assert!(!pause.is_elapsed() && poll_once(&mut pause, &waker).is_pending());
                pause.reset(deadline);
                assert!(poll_once(&mut pause, &waker).is_ready());
                assert_eq!((metrics.timers_live(), count.get()), (0, 2));
            }
        });
    });
}

#[test]
fn timers_that_an_advance_brings_near_come_when_they_are_due_on_the_clock_that_runs_again() {
    watchdog(|| {
        for count in [0, 1, 2, 4] {
            let mut builder = if count == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.worker_threads(count.max(1)).build().unwrap();
            let metrics = runtime.metrics();
            let tasks = (0..8).map(|_| runtime.spawn(async { sleep(2 * HOUR).await })).collect::<Vec<_>>();
            until_within(&runtime, "all sleep", || metrics.timers_live() == tasks.len());
            let due = driven(&runtime, || {
                // The threads wait for the timers by the machine's clock.
                let parked = |worker| metrics.worker_park_unpark_count(worker) % 2 == 1;
                until("the workers are parked", || (0..metrics.num_workers()).all(parked));
                runtime.block_on(async {
                    // A poll that has not ended keeps the clock where it is put.
                    time::pause();
                    let mut advance = Box::pin(time::advance(2 * HOUR - Duration::from_millis(100)));
                    assert!(poll_fn(|context| Poll::Ready(advance.as_mut().poll(context))).await.is_pending());
                    time::resume();
                    assert_eq!(metrics.timers_fired_count(), 0);
                    advance.await;
                    Instant::now() + Duration::from_millis(100)
                })
            });
            runtime.block_on(join_all(tasks)).into_iter().for_each(|outcome| outcome.unwrap());
            assert!(runtime.block_on(async { Instant::now() }) < due + HOUR);
        }
    });
}
