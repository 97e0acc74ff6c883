//! A runtime is dropped: every future is dropped once, every handle resolves, every thread ends. From wherever it is dropped.

mod support;

use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task::{JoinHandle, yield_now};
use fusee::time::{Instant, sleep, sleep_until};
use futures::channel::oneshot;
use futures::executor;
use support::proc::threads_named;
use support::wakers::calling;
use support::{
    Drops, Latch, holding, is_current_thread, linger, on_1_2_and_4_workers, on_drop, on_every_flavour, poll_once,
    until, until_within, watchdog,
};

/// A runtime with two workers of that name. A thread names itself: both have.
fn named(name: &str) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(2).thread_name(name).build().expect("a runtime");
    until("both workers run", || threads_named(name) == 2);
    runtime
}

fn assert_cancelled<T: std::fmt::Debug>(handle: JoinHandle<T>) {
    assert!(executor::block_on(handle).unwrap_err().is_cancelled());
}

async fn wait_for_ever() {
    std::future::pending::<()>().await;
}

#[test]
fn sleeping_waiting_and_queued_futures_are_dropped_once_and_their_handles_resolve() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let mut handles = Vec::new();
        for _ in 0..100 {
            let (sleeps, waits, yields) = (drops.token(), drops.token(), drops.token());
            handles.push(runtime.spawn(async move {
                let _token = sleeps;
                sleep(Duration::from_secs(3600)).await;
            }));
            handles.push(runtime.spawn(async move {
                let _token = waits;
                std::future::pending::<()>().await;
            }));
            handles.push(runtime.spawn(async move {
                let _token = yields;
                loop {
                    yield_now().await;
                }
            }));
        }
        until_within(&runtime, "some of them sleep", || runtime.metrics().timers_live() > 0);
        drop(runtime);
        assert_eq!(drops.count(), 300);
        for handle in handles {
            executor::block_on(handle).unwrap_err();
        }
        assert_eq!(drops.count(), 300);
    });
}

#[test]
fn futures_never_polled_are_dropped_once() {
    on_every_flavour(|runtime| {
        let (go, drops) = (Latch::new(), Drops::new());
        // Nobody is in `block_on` of a current-thread runtime.
        let count = if is_current_thread(&runtime) { 0 } else { runtime.metrics().num_workers() };
        for _ in 0..count {
            let open = go.clone();
            drop(runtime.spawn(async move { open.wait() }));
        }
        until("every worker is busy", || {
            (0..count).map(|n| runtime.metrics().worker_poll_count(n)).sum::<u64>() >= count as u64
        });
        let handles: Vec<_> = (0..1000)
            .map(|_| {
                let token = drops.token();
                runtime.spawn(async move { drop(token) })
            })
            .collect();
        let handle = runtime.handle().clone();
        let closer = thread::spawn(move || drop(runtime));
        // A task that is refused tells that the shutdown has begun; what was spawned before was never polled.
        go.open();
        closer.join().unwrap();
        assert_eq!(drops.count(), 1000);
        assert_cancelled(handle.spawn(async {}));
        for handle in handles {
            if let Err(error) = executor::block_on(handle) {
                assert!(error.is_cancelled());
            }
        }
    });
}

#[test]
fn a_future_that_runs_is_dropped_at_its_next_suspension_and_the_shutdown_waits_for_it() {
    on_1_2_and_4_workers(|runtime| {
        let (started, go, drops) = (Latch::new(), Latch::new(), Drops::new());
        let (tell, open, token) = (started.clone(), go.clone(), drops.token());
        let running = runtime.spawn(async move {
            let _token = token;
            tell.open();
            open.wait();
            yield_now().await;
            unreachable!("its runtime has shut down");
        });
        let finishes = {
            let (tell, open, token) = (Latch::new(), go.clone(), drops.token());
            let started = tell.clone();
            let handle = runtime.spawn(async move {
                let _token = token;
                tell.open();
                open.wait();
                linger();
                42
            });
            (handle, started)
        };
        started.wait();
        if runtime.metrics().num_workers() > 1 {
            finishes.1.wait();
        }
        let many = runtime.metrics().num_workers() > 1;
        let closer = thread::spawn(move || drop(runtime));
        assert!(!closer.is_finished() && !running.is_finished());
        let handle = finishes.0;
        go.open();
        closer.join().unwrap();
        assert_eq!(drops.count(), 2);
        // Opened before the closing or after it: the first may have been polled on.
        let outcome = executor::block_on(running);
        assert!(outcome.is_err());
        match executor::block_on(handle) {
            Ok(output) => assert_eq!(output, 42),
            Err(error) => assert!(!many && error.is_cancelled(), "a poll that ends in an output is not cancelled"),
        }
    });
}

#[test]
fn all_threads_are_gone() {
    watchdog(|| {
        for _ in 0..20 {
            let runtime = named("gone-at-once");
            let task = runtime.spawn(wait_for_ever());
            drop(runtime);
            until("both threads are gone", || threads_named("gone-at-once") == 0);
            assert_cancelled(task);
        }
    });
}

#[test]
fn dropped_inside_its_own_task_it_detaches() {
    watchdog(|| {
        for _ in 0..20 {
            let drops = Drops::new();
            let runtime = named("own-task");
            let handle = runtime.handle().clone();
            let (token, other) = (drops.token(), drops.token());
            let waiting = handle.spawn(async move {
                let _token = other;
                wait_for_ever().await;
            });
            let task = handle.spawn(async move {
                let _token = token;
                drop(runtime);
                // The task goes on until it suspends.
                drop(fusee::spawn(async { unreachable!("its runtime has shut down") }));
                42
            });
            assert_eq!(executor::block_on(task).unwrap(), 42);
            assert_cancelled(waiting);
            assert_eq!(drops.count(), 2);
            until("its threads are gone", || threads_named("own-task") == 0);
        }
    });
}

#[test]
fn dropped_inside_a_waker_that_a_worker_calls_it_detaches() {
    watchdog(|| {
        let runtime = Arc::new(named("join-waker"));
        let go = Latch::new();
        let open = go.clone();
        let mut task = runtime.spawn(async move { open.wait() });
        let owned = runtime.clone();
        assert!(poll_once(&mut task, &calling(move || drop(owned))).is_pending());
        drop(runtime);
        go.open();
        until("its threads are gone", || threads_named("join-waker") == 0);
        executor::block_on(task).unwrap();
    });
}

#[test]
fn dropped_inside_a_waker_that_the_driver_calls_it_detaches() {
    watchdog(|| {
        let runtime = Arc::new(named("sleep-waker"));
        let entered = runtime.handle().clone();
        let _entered = entered.enter();
        let deadline = Instant::now() + Duration::from_millis(5);
        let mut pause = sleep_until(deadline);
        let owned = runtime.clone();
        assert!(poll_once(&mut pause, &calling(move || drop(owned))).is_pending());
        let drops = Drops::new();
        let token = drops.token();
        let waiting = runtime.spawn(async move {
            let _token = token;
            wait_for_ever().await;
        });
        drop(runtime);
        until("its threads are gone", || threads_named("sleep-waker") == 0);
        assert_cancelled(waiting);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn dropped_inside_the_drop_of_another_runtimes_future_it_shuts_down() {
    on_every_flavour(|outer| {
        let drops = Drops::new();
        let held = named("in-a-drop");
        let token = drops.token();
        let waiting = held.spawn(async move {
            let _token = token;
            wait_for_ever().await;
        });
        let token = drops.token();
        let holder = outer.spawn(holding((held, token), |_| Poll::<()>::Pending));
        drop(outer);
        until("its threads are gone", || threads_named("in-a-drop") == 0);
        assert_cancelled(holder);
        assert_cancelled(waiting);
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn dropped_inside_block_on_of_another_runtime_it_shuts_down() {
    on_every_flavour(|outer| {
        outer.block_on(async {
            let held = named("in-block-on");
            let waiting = held.spawn(wait_for_ever());
            drop(held);
            until("its threads are gone", || threads_named("in-block-on") == 0);
            assert!(waiting.await.unwrap_err().is_cancelled());
        });
        let held = named("in-block-on");
        let task = outer.spawn(async move { drop(held) });
        outer.block_on(task).unwrap();
        until("its threads are gone", || threads_named("in-block-on") == 0);
    });
}

#[test]
fn dropped_inside_block_on_of_its_own_handle_it_shuts_down() {
    on_every_flavour(|runtime| {
        let handle = runtime.handle().clone();
        handle.block_on(async move {
            let waiting = fusee::spawn(wait_for_ever());
            drop(runtime);
            assert!(waiting.await.unwrap_err().is_cancelled());
            assert!(fusee::spawn(async {}).await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn moved_to_another_thread_it_is_dropped_there() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(wait_for_ever());
        let entered = runtime.handle().clone();
        let _entered = entered.enter();
        thread::spawn(move || {
            assert_eq!(runtime.block_on(async { 42 }), 42);
            drop(runtime);
        })
        .join()
        .unwrap();
        assert_cancelled(task);
    });
}

#[test]
fn dropped_while_its_owner_panics_it_shuts_down() {
    watchdog(|| {
        let drops = Drops::new();
        let token = drops.token();
        let panicked = thread::spawn(move || {
            let runtime = named("unwinding");
            drop(runtime.spawn(holding(token, |_| Poll::<()>::Pending)));
            panic!("the owner's panic");
        });
        panicked.join().unwrap_err();
        assert_eq!(drops.count(), 1);
        until("its threads are gone", || threads_named("unwinding") == 0);
    });
}

#[test]
fn by_a_thread_that_has_entered_it_the_guard_outlives_it() {
    watchdog(|| {
        let ends: [fn(Runtime); 3] =
            [drop, Runtime::shutdown_background, |runtime| runtime.shutdown_timeout(Duration::from_secs(60))];
        for end in ends {
            let (runtime, other) = (named("entered"), Builder::new_current_thread().build().unwrap());
            let _other = other.enter();
            {
                let entered = runtime.handle().id();
                let _guard = runtime.enter();
                end(runtime);
                assert_eq!(Handle::current().id(), entered, "it is the current one still");
                assert_cancelled(fusee::spawn(async {}));
            }
            assert_eq!(Handle::current().id(), other.handle().id());
            until("its threads are gone", || threads_named("entered") == 0);
        }
    });
}

#[test]
fn a_drop_that_spawns_and_wakes_at_shutdown_leaves_nothing() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        for n in 0..100 {
            let (wake, woken) = oneshot::channel::<()>();
            let (handle, inner) = (runtime.handle().clone(), drops.clone());
            let at_end = on_drop(move || {
                // From the worker's own shard, and from that of foreign threads.
                let token = inner.token();
                drop(if n % 2 == 0 {
                    fusee::spawn(async move { drop(token) })
                } else {
                    handle.spawn(async move { drop(token) })
                });
                let _ = wake.send(());
            });
            drop(runtime.spawn(holding((at_end, drops.token()), |_| Poll::<()>::Pending)));
            let token = drops.token();
            drop(runtime.spawn(async move {
                let _token = token;
                let _ = woken.await;
                std::future::pending::<()>().await;
            }));
        }
        drop(runtime);
        assert_eq!(drops.count(), 300);
    });
}
