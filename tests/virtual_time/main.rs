//! Paused clocks: time moves when everything waits, from timer to timer, and not a nanosecond further.
#![cfg(feature = "test-util")]

#[cfg(feature = "macros")]
mod attribute;
mod blocking;
mod control;
mod far;
mod idle;
mod many;
mod oracle;
mod shards;
mod sleeping_worker;
#[cfg(feature = "net")]
mod sockets;
mod standstill;
#[path = "../support/mod.rs"]
mod support;
mod undriven;

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::yield_now;
use fusee::time::{self, Instant, interval, sleep, sleep_until, timeout};
use futures::channel::oneshot;
use futures::future::join_all;
use support::{Latch, Random, poll_once, watchdog};

const HOUR: Duration = Duration::from_secs(3600);

fn paused(builder: &mut Builder) -> Runtime {
    builder.start_paused(true).build().expect("a runtime")
}

/// Runs `body` with a paused runtime of either flavour, and of 1, 2 and 4 workers.
#[track_caller]
fn on_paused_runtimes(body: impl Fn(Runtime) + Send + 'static) {
    on_paused_runtimes_with(|_| {}, body);
}

/// As [`on_paused_runtimes`], each after `set_up`.
fn on_paused_runtimes_with(set_up: impl Fn(&mut Builder) + Send + 'static, body: impl Fn(Runtime) + Send + 'static) {
    watchdog(move || {
        let mut current_thread = Builder::new_current_thread();
        set_up(&mut current_thread);
        body(paused(&mut current_thread));
        for count in [1, 2, 4] {
            let mut multi_thread = Builder::new_multi_thread();
            set_up(&mut multi_thread);
            body(paused(multi_thread.worker_threads(count)));
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
