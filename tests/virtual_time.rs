//! Paused clocks: time moves when everything waits, from timer to timer, and not a nanosecond further.

mod support;

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use fusee::task::{self, yield_now};
use fusee::time::{self, Instant, interval, sleep, sleep_until, timeout};
use futures::channel::oneshot;
use futures::future::join_all;
use support::wakers::counting;
use support::{Latch, Random, message, poll_once, watchdog};

const HOUR: Duration = Duration::from_secs(3600);

fn paused(builder: &mut Builder) -> Runtime {
    builder.start_paused(true).build().expect("a runtime")
}

/// Runs `body` with a paused runtime of either flavour, and of 1, 2 and 4 workers.
#[track_caller]
fn on_paused_runtimes(body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        body(paused(&mut Builder::new_current_thread()));
        for count in [1, 2, 4] {
            body(paused(Builder::new_multi_thread().worker_threads(count)));
        }
    });
}

#[test]
fn hours_of_sleep_pass_at_once_and_to_the_nanosecond() {
    on_paused_runtimes(|runtime| {
        let began = std::time::Instant::now();
        runtime.block_on(async {
            let start = Instant::now();
            for n in 1..=100u32 {
                let pause = HOUR + Duration::from_nanos(n.into());
                let before = Instant::now();
                sleep(pause).await;
                assert_eq!(before.elapsed(), pause);
            }
            assert_eq!(start.elapsed(), 100 * HOUR + Duration::from_nanos(5050));
            fusee::spawn(async move {
                sleep(HOUR).await;
                assert_eq!(start.elapsed(), 101 * HOUR + Duration::from_nanos(5050));
            })
            .await
            .unwrap();
        });
        assert!(began.elapsed() < HOUR);
    });
}

#[test]
fn timers_fire_in_order_of_deadline_and_equal_ones_as_registered() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut random = Random::new(3);
            let mut deadlines: Vec<u64> = (0..2000).map(|_| random.below(50) * random.below(1 << 40)).collect();
            // The wakers tell the order: tasks may run side by side.
            let fired = Arc::new(Mutex::new(Vec::new()));
            let sleeps: Vec<_> = deadlines
                .iter()
                .enumerate()
                .map(|(number, &deadline)| {
                    let mut pause = sleep_until(start + Duration::from_nanos(deadline));
                    let fired = fired.clone();
                    let waker = support::wakers::calling(move || fired.lock().unwrap().push((deadline, number)));
                    if poll_once(&mut pause, &waker).is_ready() {
                        waker.wake();
                    }
                    pause
                })
                .collect();
            deadlines.sort_unstable();
            sleep_until(start + Duration::from_nanos(deadlines[1999])).await;
            let fired = fired.lock().unwrap();
            assert_eq!(fired.len(), 2000);
            assert!(fired.is_sorted(), "by deadline, and by number");
            assert!(sleeps.iter().all(time::Sleep::is_elapsed));
        });
    });
}

#[test]
fn tasks_at_one_moment_all_see_it_and_run_before_the_next() {
    on_paused_runtimes(|runtime| {
        let woken = Arc::new(AtomicU64::new(0));
        runtime.block_on(async {
            let start = Instant::now();
            let tasks = (0..400u64).map(|n| {
                let woken = woken.clone();
                fusee::spawn(async move {
                    let moment = n / 20;
                    sleep_until(start + HOUR * (moment as u32 + 1)).await;
                    for _ in 0..5 {
                        yield_now().await;
                    }
                    assert_eq!(start.elapsed(), HOUR * (moment as u32 + 1), "time stands still while a task can run");
                    assert!(woken.fetch_add(1, Ordering::SeqCst) >= moment * 20, "all of an earlier moment have run");
                })
            });
            // All are spawned before this future waits: until then time stands still.
            join_all(tasks.collect::<Vec<_>>()).await.into_iter().for_each(|outcome| outcome.unwrap());
        });
        assert_eq!(woken.load(Ordering::SeqCst), 400);
    });
}

#[test]
fn time_stands_still_while_tasks_wake_each_other() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let guard = fusee::spawn(async move {
                sleep(Duration::from_nanos(1)).await;
                start.elapsed()
            });
            // Hops between tasks, each of which lets the other sleep.
            let hops = fusee::spawn(async move {
                for _ in 0..2000 {
                    fusee::spawn(async { yield_now().await }).await.unwrap();
                    assert!(start.elapsed() <= Duration::from_nanos(0), "a chain of wakes takes no time");
                }
            });
            hops.await.unwrap();
            assert_eq!(guard.await.unwrap(), Duration::from_nanos(1));
        });
    });
}

#[test]
fn sleeps_within_awaited_tasks_add_up() {
    on_paused_runtimes(|runtime| {
        fn chain(depth: u32) -> futures::future::BoxFuture<'static, u32> {
            Box::pin(async move {
                sleep(HOUR).await;
                if depth == 0 { 0 } else { 1 + fusee::spawn(chain(depth - 1)).await.unwrap() }
            })
        }
        runtime.block_on(async {
            let start = Instant::now();
            assert_eq!(fusee::spawn(chain(30)).await.unwrap(), 30);
            assert_eq!(start.elapsed(), 31 * HOUR);
        });
    });
}

#[test]
fn a_time_limit_and_an_interval_go_by_paused_time() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            assert!(timeout(HOUR, pending::<()>()).await.is_err());
            assert_eq!(start.elapsed(), HOUR);
            assert_eq!(timeout(HOUR, sleep(HOUR - Duration::from_nanos(1))).await, Ok(()));
            let start = Instant::now();
            let mut ticks = interval(Duration::from_secs(10));
            for n in 0..100 {
                assert_eq!(ticks.tick().await, start + n * Duration::from_secs(10));
                assert_eq!(start.elapsed(), n * Duration::from_secs(10));
            }
        });
    });
}

#[test]
fn a_wake_from_another_thread_is_seen_before_time_moves_on() {
    on_paused_runtimes(|runtime| {
        for _ in 0..100 {
            let (send, receive) = oneshot::channel();
            let (ready, go) = (Latch::new(), Latch::new());
            let (opens, waits) = (ready.clone(), go.clone());
            let other = thread::spawn(move || {
                waits.wait();
                send.send(()).unwrap();
                opens.open();
            });
            runtime.block_on(async {
                let start = Instant::now();
                let task = fusee::spawn(async move {
                    receive.await.unwrap();
                    let woken = start.elapsed();
                    assert_eq!(start.elapsed(), woken, "it stands still within a poll");
                });
                sleep(Duration::from_secs(1)).await;
                go.open();
                // This thread is awake while it waits for the other.
                ready.wait();
                task.await.unwrap();
                assert_eq!(start.elapsed(), Duration::from_secs(1), "the task was woken: nothing waited since");
            });
            other.join().unwrap();
        }
    });
}

#[test]
fn a_blocking_job_keeps_the_clock_where_it_is() {
    on_paused_runtimes(|runtime| {
        runtime.block_on(async {
            for _ in 0..20 {
                let start = Instant::now();
                let hour = fusee::spawn(async { sleep(HOUR).await });
                let (waiting, go) = (Latch::new(), Latch::new());
                let (opens, waits) = (waiting.clone(), go.clone());
                let job = task::spawn_blocking(move || {
                    opens.open();
                    waits.wait();
                    assert_eq!(start.elapsed(), Duration::ZERO);
                });
                let other = thread::spawn(move || {
                    waiting.wait();
                    go.open();
                });
                job.await.unwrap();
                assert_eq!(start.elapsed(), Duration::ZERO, "it ends before time moves on");
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
                other.join().unwrap();
                // Nobody awaits this one: when it has ended time goes on all the same.
                drop(task::spawn_blocking(|| ()));
                sleep(HOUR).await;
            }
        });
    });
}

#[test]
fn whoever_waits_for_a_timer_while_it_blocks_lets_time_move() {
    on_paused_runtimes(|runtime| {
        let flavor = runtime.handle().runtime_flavor();
        let block = || {
            let start = Instant::now();
            Handle::current().block_on(async { sleep(HOUR).await });
            assert_eq!(start.elapsed(), HOUR);
        };
        runtime.block_on(async {
            task::spawn_blocking(block).await.unwrap();
            if flavor == RuntimeFlavor::MultiThread {
                fusee::spawn(async move { task::block_in_place(block) }).await.unwrap();
                // In the root future, too, and again in there.
                task::block_in_place(|| {
                    block();
                    Handle::current().block_on(async { task::block_in_place(block) });
                });
            }
            // Nothing counts twice or not at all after that.
            let start = Instant::now();
            task::spawn_blocking(move || assert_eq!(start.elapsed(), Duration::ZERO)).await.unwrap();
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
        });
    });
}

#[test]
fn a_task_that_blocks_in_place_keeps_the_clock_until_its_poll_has_ended() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = paused(Builder::new_multi_thread().worker_threads(count));
            runtime.block_on(async {
                let start = Instant::now();
                let hour = fusee::spawn(async { sleep(HOUR).await });
                let blocking = (0..20).map(|_| {
                    fusee::spawn(async move {
                        // The worker goes elsewhere, finds another task and rests.
                        task::block_in_place(|| drop(fusee::spawn(async {})));
                        for _ in 0..100 {
                            assert_eq!(start.elapsed(), Duration::ZERO);
                            thread::yield_now();
                        }
                    })
                });
                join_all(blocking.collect::<Vec<_>>()).await.into_iter().for_each(|outcome| outcome.unwrap());
                hour.await.unwrap();
                assert_eq!(start.elapsed(), HOUR);
            });
        }
    });
}

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
fn other_runtimes_and_threads_outside_keep_their_time() {
    watchdog(|| {
        let (one, other) = (paused(&mut Builder::new_multi_thread()), paused(&mut Builder::new_current_thread()));
        let real = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let before = Instant::now();
        let zero = other.block_on(async { Instant::now() });
        one.block_on(async { sleep(100 * HOUR).await });
        assert!(before.elapsed() < 100 * HOUR, "outside a runtime");
        assert!(real.block_on(async { before.elapsed() }) < 100 * HOUR);
        assert_eq!(other.block_on(async { zero.elapsed() }), Duration::ZERO);
        real.block_on(async {
            let start = Instant::now();
            sleep(Duration::from_millis(3)).await;
            assert!(start.elapsed() < HOUR);
        });
        // A task of one runtime awaits one of another: its own clock moves on to its timers.
        let far = other.handle().clone();
        let task = one.spawn(async move { far.spawn(async { sleep(HOUR).await }).await.unwrap() });
        other.block_on(task).unwrap();
        assert_eq!(other.block_on(async { zero.elapsed() }), HOUR);
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
        for outside in [panics(time::pause), panics(time::resume)] {
            assert!(outside.contains("no current fusee runtime"), "{outside}");
        }
    });
}

#[test]
fn a_paused_runtime_with_sleepers_shuts_down() {
    on_paused_runtimes(|runtime| {
        let drops = support::Drops::new();
        runtime.block_on(async {
            for _ in 0..50 {
                let token = drops.token();
                drop(fusee::spawn(async move {
                    let _token = token;
                    loop {
                        yield_now().await;
                        sleep(HOUR).await;
                    }
                }));
            }
            sleep(10 * HOUR).await;
        });
        drop(runtime);
        assert_eq!(drops.count(), 50);
    });
}
