//! When everything waits: what keeps the clock where it is, and what does not.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::task::{self, LocalSet, yield_now};
use fusee::time::{self, Instant, interval, sleep, timeout};
use futures::executor;

use super::support::{Latch, driven, poll_once, watchdog};
use super::{HOUR, on_paused_runtimes, paused};

#[test]
fn a_blocking_job_that_waits_for_a_thread_keeps_the_clock_where_it_is() {
    watchdog(|| {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            let runtime = paused(build().worker_threads(1).max_blocking_threads(1));
            runtime.block_on(async {
                let start = Instant::now();
                let hour = fusee::spawn(sleep(HOUR));
                // One thread for all of them: there are jobs that wait whenever one has ended.
                let jobs: Vec<_> = (0..50)
                    .map(|_| task::spawn_blocking(move || assert_eq!(start.elapsed(), Duration::ZERO)))
                    .collect();
                for job in jobs {
                    job.await.unwrap();
                    assert_eq!(start.elapsed(), Duration::ZERO);
                }
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
            });
        }
    });
}

#[test]
fn a_root_future_that_is_busy_keeps_the_clock_where_it_is_for_others_too() {
    on_paused_runtimes(|runtime| {
        let runtime = Arc::new(runtime);
        let (busy, go, released) = (Latch::new(), Latch::new(), Arc::new(AtomicBool::new(false)));
        let (opens, waits, over, busy_in) = (busy.clone(), go.clone(), released.clone(), runtime.clone());
        let other = thread::spawn(move || {
            busy_in.block_on(async {
                let start = Instant::now();
                opens.open();
                waits.wait();
                assert_eq!(start.elapsed(), Duration::ZERO);
                over.store(true, Ordering::SeqCst);
            });
        });
        busy.wait();
        let (sent, received) = mpsc::channel();
        let sleeper = runtime.spawn(async move {
            sent.send(()).unwrap();
            sleep(HOUR).await;
            assert!(released.load(Ordering::SeqCst), "the hour passes when both wait");
        });
        // On a current-thread runtime the busy thread works as the worker: the task runs afterwards.
        if runtime.handle().runtime_flavor() == fusee::runtime::RuntimeFlavor::MultiThread {
            received.recv().unwrap();
        }
        go.open();
        runtime.block_on(sleeper).unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_thread_of_ones_own_that_sleeps_on_the_runtime_lets_time_move() {
    on_paused_runtimes(|runtime| {
        let start = runtime.block_on(async { Instant::now() });
        driven(&runtime, || {
            let _entered = runtime.enter();
            for n in 1..=10 {
                executor::block_on(sleep(HOUR));
                assert_eq!(start.elapsed(), n * HOUR);
            }
        });
        assert_eq!(runtime.block_on(async { start.elapsed() }), 10 * HOUR);
    });
}

#[test]
fn the_clock_of_a_current_thread_runtime_waits_for_a_thread_in_block_on() {
    watchdog(|| {
        let runtime = paused(&mut Builder::new_current_thread());
        let _entered = runtime.enter();
        let (start, mut pause) = (Instant::now(), sleep(HOUR));
        assert!(poll_once(&mut pause, std::task::Waker::noop()).is_pending());
        let task = runtime.spawn(async move { start.elapsed() });
        for _ in 0..1000 {
            assert_eq!(start.elapsed(), Duration::ZERO);
            thread::yield_now();
        }
        // It can be advanced.
        executor::block_on(time::advance(Duration::from_secs(1)));
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert_eq!(runtime.block_on(task).unwrap(), Duration::from_secs(1), "nor has it missed anything");
        runtime.block_on(pause);
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn tasks_of_a_local_set_and_of_a_local_runtime_keep_the_clock_until_they_wait() {
    async fn local() {
        let start = Instant::now();
        let tasks: Vec<_> = (1..=20u32)
            .map(|n| {
                task::spawn_local(async move {
                    for _ in 0..10 {
                        yield_now().await;
                    }
                    assert_eq!(start.elapsed(), Duration::ZERO);
                    sleep(n * HOUR).await;
                    yield_now().await;
                    assert_eq!(start.elapsed(), n * HOUR);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(start.elapsed(), 20 * HOUR);
        let mut ticks = interval(HOUR);
        assert!(timeout(10 * HOUR, async { while ticks.tick().await < start + 100 * HOUR {} }).await.is_err());
        assert_eq!(start.elapsed(), 30 * HOUR);
    }
    on_paused_runtimes(|runtime| LocalSet::new().block_on(&runtime, local()));
    watchdog(|| {
        Builder::new_current_thread().start_paused(true).build_local(Default::default()).unwrap().block_on(local());
    });
}

#[test]
fn with_no_timer_left_the_clock_stands_still_until_somebody_makes_one() {
    on_paused_runtimes(|runtime| {
        let (send, receive) = futures::channel::oneshot::channel::<()>();
        let entered = runtime.handle().clone();
        let start = runtime.block_on(async { Instant::now() });
        let other = thread::spawn(move || {
            let _entered = entered.enter();
            // Everything waits by now, or will: for this thread, which no clock knows of.
            for _ in 0..1000 {
                assert_eq!(start.elapsed(), Duration::ZERO);
                thread::yield_now();
            }
            send.send(()).unwrap();
        });
        runtime.block_on(async move {
            let mut received = pin!(receive);
            received.as_mut().await.unwrap();
            assert_eq!(start.elapsed(), Duration::ZERO);
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
        });
        other.join().unwrap();
    });
}
