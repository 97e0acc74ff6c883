//! Blocking in the middle of a task: the other tasks of the worker go on.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::task::{block_in_place, yield_now};
use fusee::time::sleep;
use support::proc::threads_named;
use support::wakers::calling;
use support::{
    Latch, message, on_1_2_and_4_workers, on_drop, on_every_flavour, poll_once, quiet_panic, until, watchdog, workers,
};

#[test]
fn tasks_behind_one_that_blocks_go_on() {
    on_1_2_and_4_workers(|runtime| {
        let count = 8;
        let (send, receive) = mpsc::channel();
        let latch = Latch::new();
        let blocked: Vec<_> = (0..count)
            .map(|_| {
                let (latch, send) = (latch.clone(), send.clone());
                runtime.spawn(async move {
                    let behind = fusee::spawn(async move { send.send(()).unwrap() });
                    block_in_place(|| latch.wait());
                    behind.await.unwrap();
                })
            })
            .collect();
        for _ in 0..count {
            receive.recv().unwrap();
        }
        latch.open();
        for task in blocked {
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn what_it_returns_and_borrows_comes_through_and_the_task_goes_on_afterwards() {
    on_1_2_and_4_workers(|runtime| {
        let answer = runtime.block_on(async {
            let task = fusee::spawn(async {
                let text = String::from("borrowed");
                let mut sum = 0;
                for _ in 0..20 {
                    sum += block_in_place(|| text.len());
                    yield_now().await;
                    sleep(Duration::from_micros(100)).await;
                    sum += fusee::spawn(async { 1 }).await.unwrap();
                }
                sum
            });
            task.await.unwrap()
        });
        assert_eq!(answer, 180);
    });
}

#[test]
fn within_it_block_on_is_allowed_and_after_it_refused_again() {
    on_1_2_and_4_workers(|runtime| {
        runtime.block_on(async {
            let task = fusee::spawn(async {
                let inner =
                    block_in_place(|| Handle::current().block_on(async { fusee::spawn(async { 7 }).await.unwrap() }));
                assert_eq!(inner, 7);
                let refused = std::panic::catch_unwind(|| Handle::current().block_on(async {}));
                assert!(message(&*refused.unwrap_err()).contains("`block_on` was called on a thread"));
            });
            task.await.unwrap();
        });
    });
}

#[test]
fn nested_and_outside_of_a_worker_it_calls_the_closure() {
    watchdog(|| {
        assert_eq!(block_in_place(|| 1), 1);
        let runtime = workers(1);
        let sum = runtime.block_on(async {
            let root = block_in_place(|| 1);
            let task = fusee::spawn(async { block_in_place(|| block_in_place(|| 2)) }).await.unwrap();
            let job = fusee::task::spawn_blocking(|| block_in_place(|| 3)).await.unwrap();
            root + task + job
        });
        assert_eq!(sum, 6);
    });
}

#[test]
fn a_panic_in_it_ends_the_task_alone() {
    on_1_2_and_4_workers(|runtime| {
        for _ in 0..20 {
            let task = runtime.spawn(async { block_in_place(|| quiet_panic("blocked")) });
            assert!(runtime.block_on(task).unwrap_err().is_panic());
        }
        assert_eq!(runtime.block_on(async { fusee::spawn(async { 1 }).await.unwrap() }), 1);
    });
}

#[test]
fn on_a_current_thread_runtime_it_says_what_to_do_instead() {
    watchdog(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn(async { block_in_place(|| ()) });
        let error = runtime.block_on(task).unwrap_err();
        assert!(message(&*error.into_panic()).contains("use `spawn_blocking`"));
        // Within another runtime's `block_in_place` it is refused too, and there allowed again.
        let outer = workers(2);
        outer.block_on(async move {
            let task = fusee::spawn(async move {
                block_in_place(|| runtime.block_on(async { fusee::spawn(async { 5 }).await.unwrap() }))
            });
            assert_eq!(task.await.unwrap(), 5);
        });
    });
}

#[test]
fn threads_are_used_again() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("bip-again").build().unwrap();
        let metrics = runtime.metrics();
        for _ in 0..100 {
            runtime.block_on(runtime.spawn(async { block_in_place(|| ()) })).unwrap();
            // The thread that has lost its worker waits to take one over.
            until("a thread is idle", || metrics.num_idle_blocking_threads() > 0);
        }
        let threads = threads_named("bip-again");
        assert!(threads <= 2, "100 rounds have left {threads} threads");
        drop(runtime);
        until("the threads have ended", || threads_named("bip-again") == 0);
    });
}

#[test]
fn the_runtime_shuts_down_around_it() {
    for count in [1, 2, 4] {
        watchdog(move || {
            let runtime = workers(count);
            let (inside, leave) = (Latch::new(), Latch::new());
            let task = {
                let (inside, leave) = (inside.clone(), leave.clone());
                runtime.spawn(async move {
                    block_in_place(|| {
                        inside.open();
                        leave.wait();
                    });
                    std::future::pending::<()>().await;
                })
            };
            inside.wait();
            let dropping = thread::spawn(move || drop(runtime));
            leave.open();
            dropping.join().unwrap();
            assert!(futures::executor::block_on(task).unwrap_err().is_cancelled());
        });
    }
}

#[test]
fn a_task_that_sleeps_after_it_while_the_runtime_closes_is_cancelled() {
    watchdog(|| {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        let (inside, leave) = (Latch::new(), Latch::new());
        let task = {
            let (inside, leave) = (inside.clone(), leave.clone());
            runtime.spawn(async move {
                block_in_place(|| {
                    inside.open();
                    leave.wait();
                });
                sleep(Duration::from_secs(3600)).await;
            })
        };
        inside.wait();
        let dropping = thread::spawn(move || drop(runtime));
        // The thread that has taken the worker over was the last to run it.
        until("the worker has exited", || metrics.num_blocking_threads() == 0);
        leave.open();
        dropping.join().unwrap();
        assert!(futures::executor::block_on(task).unwrap_err().is_cancelled(), "its sleep finds the timers open");
    });
}

#[test]
fn the_last_runtime_dropped_within_it_detaches() {
    for count in [1, 2, 4] {
        watchdog(move || {
            let runtime = Arc::new(workers(count));
            let inner = runtime.clone();
            let (send, receive) = mpsc::channel();
            drop(runtime.spawn(async move {
                block_in_place(|| drop(inner));
                send.send(()).unwrap();
            }));
            drop(runtime);
            receive.recv().unwrap();
        });
    }
}

#[test]
fn hooks_that_block_in_place_hand_nothing_on_and_the_runtime_rests_and_ends() {
    watchdog(|| {
        for _ in 0..50 {
            let hook = || block_in_place(|| ());
            let runtime = Builder::new_multi_thread()
                .worker_threads(4)
                .on_thread_start(hook)
                .on_thread_park(hook)
                .on_thread_unpark(hook)
                .on_thread_stop(hook)
                .build()
                .unwrap();
            runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
            assert_eq!(runtime.metrics().num_blocking_threads(), 0);
            drop(runtime);
        }
    });
}

/// What `block_on` answers within `block_in_place` on this thread: whether it was refused.
fn is_block_on_refused_within(handle: &Handle) -> bool {
    let blocks = || block_in_place(|| handle.block_on(async { sleep(Duration::from_micros(1)).await }));
    match catch_unwind(AssertUnwindSafe(blocks)) {
        Ok(()) => false,
        Err(payload) => {
            assert!(message(&*payload).contains("`block_on` was called on a thread"), "{}", message(&*payload));
            true
        }
    }
}

#[test]
fn in_a_foreign_waker_on_the_drivers_thread_it_lifts_no_ban() {
    on_every_flavour(|runtime| {
        let (tell, told) = mpsc::channel();
        let handle = runtime.handle().clone();
        let waker = calling(move || tell.send(is_block_on_refused_within(&handle)).unwrap());
        let _entered = runtime.enter();
        let mut pause = sleep(Duration::from_millis(1));
        assert!(poll_once(&mut pause, &waker).is_pending());
        assert!(told.recv().unwrap());
        // The driver goes on.
        let (tell, told) = mpsc::channel();
        let mut pause = sleep(Duration::from_millis(1));
        assert!(poll_once(&mut pause, &calling(move || tell.send(()).unwrap())).is_pending());
        told.recv().unwrap();
    });
}

#[test]
fn in_a_hook_of_a_worker_it_lifts_no_ban() {
    watchdog(|| {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let (tell, told) = mpsc::channel();
            let current: Arc<OnceLock<Handle>> = Arc::default();
            // The workers': a thread in `block_on` on a multi-thread runtime, and one of the pool, have no such hooks.
            for set in [Builder::on_thread_park::<Box<dyn Fn() + Send + Sync>>, Builder::on_thread_unpark] {
                let (tell, current) = (tell.clone(), current.clone());
                set(
                    &mut builder,
                    Box::new(move || {
                        let refused = current.get().map(is_block_on_refused_within);
                        // Nobody may listen any more.
                        refused.map(|refused| tell.send(refused)).into_iter().for_each(drop);
                    }),
                );
            }
            let runtime = builder.worker_threads(1).build().unwrap();
            current.set(runtime.handle().clone()).unwrap();
            let heard = runtime.spawn(async move {
                for _ in 0..4 {
                    let mut refused = None;
                    while refused.is_none() {
                        sleep(Duration::from_millis(1)).await;
                        refused = told.try_recv().ok();
                    }
                    assert_eq!(refused, Some(true));
                }
            });
            runtime.block_on(heard).unwrap();
        }
    });
}

#[test]
fn once_the_worker_is_handed_on_it_lifts_the_ban_again_and_again() {
    on_1_2_and_4_workers(|runtime| {
        let task = runtime.spawn(async {
            let handle = Handle::current();
            for _ in 0..3 {
                assert!(!is_block_on_refused_within(&handle));
                assert!(catch_unwind(AssertUnwindSafe(|| handle.block_on(async {}))).is_err());
            }
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn in_a_drop_at_shutdown_it_lifts_the_ban() {
    on_1_2_and_4_workers(|runtime| {
        let (tell, told) = mpsc::channel();
        let handle = runtime.handle().clone();
        let guard = on_drop(move || tell.send(is_block_on_refused_within(&handle)).unwrap());
        let started = Latch::new();
        let tell_started = started.clone();
        drop(runtime.spawn(async move {
            let _guard = guard;
            tell_started.open();
            std::future::pending::<()>().await;
        }));
        started.wait();
        drop(runtime);
        assert!(!told.recv().unwrap());
    });
}
