//! Resetting a sleep: earlier, later, before it was polled, while it waits, after it fired, while it fires.

mod support;

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use fusee::time::{Instant, interval, sleep, sleep_until};
use support::wakers::{calling, counting};
use support::{Latch, Random, on_every_flavour, poll_once, until, until_within};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn earlier_while_it_waits_it_fires_at_the_new_time() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        for delay in [0, 1, 100, 3000] {
            let mut pause = sleep(HOUR);
            let done = Latch::new();
            let open = done.clone();
            assert!(poll_once(&mut pause, &calling(move || open.open())).is_pending());
            let deadline = Instant::now() + Duration::from_micros(delay);
            pause.reset(deadline);
            assert_eq!(pause.deadline(), deadline);
            done.wait();
            assert!(Instant::now() >= deadline);
            assert!(poll_once(&mut pause, Waker::noop()).is_ready());
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn to_the_past_while_it_waits_it_fires_at_once() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let past = Instant::now();
        let mut pause = sleep(HOUR);
        let done = Latch::new();
        let open = done.clone();
        assert!(poll_once(&mut pause, &calling(move || open.open())).is_pending());
        pause.reset(past);
        done.wait();
        assert!(poll_once(&mut pause, Waker::noop()).is_ready());
    });
}

#[test]
fn to_the_past_while_it_waits_its_waker_is_woken_within_the_call() {
    fn reset() {
        let past = Instant::now();
        let mut pause = sleep(HOUR);
        let (count, waker) = counting();
        assert!(poll_once(&mut pause, &waker).is_pending());
        pause.reset(past);
        assert_eq!(count.get(), 1, "it is woken when the call returns");
        assert!(pause.is_elapsed());
        pause.reset(past);
        assert_eq!(count.get(), 1, "it has fired, and is not woken again");
        pause.reset(Instant::now() + HOUR);
        assert!(!pause.is_elapsed());
        assert!(poll_once(&mut pause, &waker).is_pending());
        pause.reset(past);
        assert_eq!(count.get(), 2);
        assert!(poll_once(&mut pause, &waker).is_ready());
    }
    on_every_flavour(|runtime| {
        let entered = runtime.enter();
        reset();
        drop(entered);
        runtime.block_on(async { reset() });
        runtime.block_on(runtime.spawn(async { reset() })).unwrap();
        let metrics = runtime.metrics();
        assert_eq!((metrics.timers_live(), metrics.timers_fired_count(), metrics.timers_cancelled_count()), (0, 6, 0));
    });
}

#[test]
fn to_the_past_while_another_task_awaits_it_that_task_goes_on() {
    on_every_flavour(|runtime| {
        let entered = runtime.enter();
        let pause = Arc::new(Mutex::new(sleep(HOUR)));
        drop(entered);
        let waits = Latch::new();
        let task = runtime.spawn({
            let (pause, waits) = (pause.clone(), waits.clone());
            std::future::poll_fn(move |context| {
                let answer = poll_once(&mut *pause.lock().unwrap(), context.waker());
                waits.open();
                answer
            })
        });
        until_within(&runtime, "it waits", || waits.is_open());
        // Under the lock that the woken task takes first: a waker queues its task, and runs nothing.
        let mut locked = pause.lock().unwrap();
        locked.reset(Instant::now());
        drop(locked);
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn to_the_past_while_it_waits_it_is_ready_on_the_next_poll() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let past = Instant::now();
        for later in [HOUR, Duration::from_millis(50)] {
            for _ in 0..100 {
                let mut pause = sleep(later);
                assert!(poll_once(&mut pause, Waker::noop()).is_pending());
                pause.reset(past);
                assert!(poll_once(&mut pause, Waker::noop()).is_ready(), "a deadline that has passed waits for nobody");
                assert!(pause.is_elapsed());
                assert!(poll_once(&mut pause, Waker::noop()).is_ready());
            }
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn from_the_past_to_a_later_time_that_has_passed_too_it_is_ready_on_the_next_poll() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let (past, later) = (Instant::now(), Instant::now() + Duration::from_nanos(1));
        until("both have passed", || Instant::now() > later);
        for _ in 0..100 {
            let mut pause = sleep(HOUR);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            pause.reset(past);
            pause.reset(later);
            assert!(poll_once(&mut pause, Waker::noop()).is_ready());
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn to_the_past_and_to_the_future_again_it_waits() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let past = Instant::now();
        for _ in 0..100 {
            let mut pause = sleep(HOUR);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            pause.reset(past);
            pause.reset(Instant::now() + HOUR);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            pause.reset(past);
        }
        assert_eq!(runtime.metrics().timers_live(), 0, "nor does one that is dropped before its poll leave anything");
    });
}

#[test]
fn later_while_it_waits_it_does_not_fire_at_the_old_time() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(HOUR);
        let (mut count, waker) = counting();
        assert!(poll_once(&mut pause, &waker).is_pending());
        let mut old;
        loop {
            old = Instant::now() + Duration::from_millis(3);
            pause.reset(old);
            pause.reset(Instant::now() + HOUR);
            if Instant::now() < old {
                break;
            }
            // Too late to tell: it may have fired rightly.
            let again = counting();
            count = again.0;
            assert!(poll_once(&mut pause, &again.1).is_pending());
        }
        // A sleep that ends after the old deadline ends: the driver has passed it.
        runtime.block_on(sleep_until(old + Duration::from_millis(3)));
        assert_eq!(count.get(), 0);
        assert!(poll_once(&mut pause, &waker).is_pending());
        assert!(!pause.is_elapsed());
        assert_eq!(runtime.metrics().timers_live(), 1);
        pause.reset(Instant::now() + Duration::from_millis(1));
        runtime.block_on(&mut pause);
        assert!(pause.is_elapsed());
    });
}

#[test]
fn before_its_first_poll_only_the_new_time_counts() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(HOUR);
        pause.reset(Instant::now());
        assert!(poll_once(&mut pause, Waker::noop()).is_ready());
        let mut pause = sleep(Duration::ZERO);
        pause.reset(Instant::now() + HOUR);
        assert!(poll_once(&mut pause, Waker::noop()).is_pending());
        assert_eq!(runtime.metrics().timers_live(), 1);
    });
}

#[test]
fn after_it_ended_it_starts_again() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut pause = sleep(Duration::from_micros(100));
            for _ in 0..50 {
                (&mut pause).await;
                assert!(pause.is_elapsed());
                let deadline = Instant::now() + Duration::from_micros(100);
                pause.reset(deadline);
                assert!(!pause.is_elapsed());
                (&mut pause).await;
                assert!(Instant::now() >= deadline);
            }
        });
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn after_it_fired_and_before_it_was_polled_it_waits_for_the_new_time() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(HOUR);
        let (count, waker) = counting();
        assert!(poll_once(&mut pause, &waker).is_pending());
        pause.reset(Instant::now() + Duration::from_millis(1));
        until("it has fired", || count.get() == 1);
        pause.reset(Instant::now() + HOUR);
        assert!(poll_once(&mut pause, &waker).is_pending());
        assert_eq!(runtime.metrics().timers_live(), 1);
        pause.reset(Instant::now() + Duration::from_millis(1));
        until("it has fired again", || count.get() == 2);
        assert!(poll_once(&mut pause, &waker).is_ready());
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn while_it_fires_the_task_that_awaits_it_never_hangs_and_never_wakes_early() {
    on_every_flavour(|runtime| {
        let tasks: Vec<_> = (0..8)
            .map(|seed| {
                runtime.spawn(async move {
                    let mut random = Random::new(seed);
                    let mut pause = sleep(Duration::from_micros(50));
                    for _ in 0..300 {
                        std::future::poll_fn(|context| {
                            // Registered, and then moved around its own expiry.
                            let _ = poll_once(&mut pause, context.waker());
                            random.spin(3000);
                            pause.reset(Instant::now() + Duration::from_nanos(random.below(150_000)));
                            random.spin(300);
                            std::task::Poll::Ready(())
                        })
                        .await;
                        let deadline = pause.deadline();
                        (&mut pause).await;
                        assert!(Instant::now() >= deadline);
                    }
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        assert_eq!(runtime.metrics().timers_live(), 0);
    });
}

#[test]
fn a_hundred_thousand_resets_grow_nothing() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut random = Random::new(3);
        let mut pauses: Vec<_> = (0..100).map(|_| sleep(HOUR)).collect();
        assert!(pauses.iter_mut().all(|pause| poll_once(pause, Waker::noop()).is_pending()));
        for _ in 0..100_000 {
            let at = random.below(100) as usize;
            pauses[at].reset(Instant::now() + Duration::from_secs(60 + random.below(1 << 30)));
        }
        assert_eq!(runtime.metrics().timers_live(), 100);
        assert_eq!(runtime.metrics().timers_fired_count(), 0);
    });
}

#[test]
fn after_the_runtime_has_ended_it_is_moved_anywhere_and_is_not_over() {
    on_every_flavour(|runtime| {
        let (past, mut ticks) = (Instant::now(), runtime.block_on(async { interval(HOUR) }));
        let mut pause = {
            let _entered = runtime.enter();
            let mut pause = sleep(HOUR);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_ready());
            assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_pending());
            pause
        };
        drop(runtime);
        for deadline in [past, past + HOUR, past] {
            pause.reset(deadline);
            assert!(!pause.is_elapsed());
        }
        ticks.reset_immediately();
        ticks.reset_at(past);
    });
}

#[test]
fn from_one_passed_time_to_a_later_passed_one_its_waker_is_woken_within_the_call() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (count, waker) = counting();
            // While this poll goes on the worker fires nothing; the driver may come first.
            let mut pause = sleep(Duration::from_micros(300));
            if poll_once(&mut pause, &waker).is_pending() {
                let passed = pause.deadline() + Duration::from_micros(10);
                while Instant::now() <= passed {}
                pause.reset(passed);
                assert_eq!(count.get(), 1);
            }
            assert!(poll_once(&mut pause, Waker::noop()).is_ready());
        });
    });
}
