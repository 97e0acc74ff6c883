//! Pausing, advancing and resuming by hand.

use std::task::Poll;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::time::{self, Instant, sleep};
use futures::future::join_all;

use super::support::wakers::counting;
use super::support::{message, poll_once, watchdog};
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
                futures::executor::block_on(time::advance(HOUR));
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
        let advance = || futures::executor::block_on(time::advance(HOUR));
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
                assert!(pause.is_elapsed());
                pause.reset(Instant::now() + HOUR);
                assert!(!pause.is_elapsed() && poll_once(&mut pause, &waker).is_pending());
                pause.reset(deadline);
                assert!(poll_once(&mut pause, &waker).is_ready());
                assert_eq!((metrics.timers_live(), count.get()), (0, 0));
                // Whoever awaits it without a poll is woken all the same.
                let mut awaited = sleep(HOUR);
                assert!(poll_once(&mut awaited, &waker).is_pending());
                awaited.reset(deadline);
                time::advance(Duration::ZERO).await;
                assert_eq!(count.get(), 1);
            }
        });
    });
}
