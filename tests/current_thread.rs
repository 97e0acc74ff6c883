//! The current-thread flavour: tasks run on the thread in `block_on`, all of them, and on no other.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime, RuntimeFlavor};
use fusee::task::yield_now;
use fusee::time::{sleep, timeout};
use futures::channel::oneshot;
use support::{Drops, Latch, until, watchdog};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

#[test]
fn tasks_run_on_the_thread_in_block_on() {
    watchdog(|| {
        let runtime = current_thread();
        let here = thread::current().id();
        let threads = runtime.block_on(async {
            let tasks: Vec<_> = (0..100).map(|_| fusee::spawn(async { thread::current().id() })).collect();
            futures::future::join_all(tasks).await
        });
        assert!(threads.into_iter().all(|thread| thread.unwrap() == here));
        assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::CurrentThread);
        assert_eq!(runtime.metrics().num_workers(), 1);
    });
}

#[test]
fn tasks_wait_while_no_thread_is_in_block_on_and_go_on_in_the_next() {
    watchdog(|| {
        let runtime = current_thread();
        let steps = Arc::new(AtomicUsize::new(0));
        let task = {
            let steps = steps.clone();
            runtime.spawn(async move {
                for _ in 0..1000 {
                    steps.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            })
        };
        assert_eq!(steps.load(Ordering::SeqCst), 0);
        runtime.block_on(async {
            while steps.load(Ordering::SeqCst) < 3 {
                yield_now().await;
            }
        });
        assert!(!task.is_finished());
        let handle = runtime.handle().clone();
        let elsewhere = thread::spawn(move || runtime.block_on(task)).join().unwrap();
        elsewhere.unwrap();
        assert_eq!(steps.load(Ordering::SeqCst), 1000);
        assert!(futures::executor::block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    });
}

#[test]
fn sleeps_timeouts_and_wakes_from_other_threads_arrive() {
    watchdog(|| {
        let runtime = current_thread();
        runtime.block_on(async {
            sleep(Duration::from_millis(2)).await;
            assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
            fusee::spawn(async { sleep(Duration::from_millis(2)).await }).await.unwrap();
            for _ in 0..1000 {
                let (send, receive) = oneshot::channel();
                let (task_send, task_receive) = oneshot::channel();
                let task = fusee::spawn(task_receive);
                let thread = thread::spawn(move || {
                    send.send(1).unwrap();
                    task_send.send(2).unwrap();
                });
                assert_eq!(receive.await.unwrap() + task.await.unwrap().unwrap(), 3);
                thread.join().unwrap();
            }
        });
    });
}

#[test]
fn a_hog_does_not_keep_the_root_future_waiting_nor_the_root_future_the_tasks() {
    watchdog(|| {
        let runtime = current_thread();
        runtime.block_on(async {
            let hog = fusee::spawn(async {
                loop {
                    yield_now().await;
                }
            });
            for _ in 0..100 {
                yield_now().await;
            }
            let (send, receive) = oneshot::channel();
            let other = fusee::spawn(async move { send.send(()).unwrap() });
            receive.await.unwrap();
            other.await.unwrap();
            hog.abort();
            assert!(hog.await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn several_threads_in_block_on_share_one_worker_and_hand_it_on() {
    watchdog(|| {
        let runtime = Arc::new(current_thread());
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let runtime = runtime.clone();
                thread::spawn(move || {
                    for round in 0..500 {
                        let sum = runtime.block_on(async {
                            let task = fusee::spawn(async move {
                                yield_now().await;
                                round
                            });
                            task.await.unwrap() + n
                        });
                        assert_eq!(sum, round + n);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_root_future_that_waits_takes_the_worker_over_when_the_first_panics() {
    watchdog(|| {
        let runtime = Arc::new(current_thread());
        let (inside, waiting) = (Latch::new(), Latch::new());
        let (send, receive) = oneshot::channel::<()>();
        let first = {
            let (runtime, inside) = (runtime.clone(), inside.clone());
            thread::spawn(move || {
                runtime.block_on(async {
                    inside.open();
                    receive.await.unwrap();
                    support::quiet_panic("the first root future");
                })
            })
        };
        inside.wait();
        let second = {
            let (runtime, waiting) = (runtime.clone(), waiting.clone());
            thread::spawn(move || {
                runtime.block_on(async {
                    let task = fusee::spawn(async { sleep(Duration::from_millis(1)).await });
                    waiting.open();
                    task.await.unwrap();
                });
            })
        };
        waiting.wait();
        send.send(()).unwrap();
        assert!(first.join().is_err());
        second.join().unwrap();
    });
}

#[test]
fn a_handle_in_block_on_runs_no_tasks_and_is_served_by_who_does() {
    watchdog(|| {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let (send, receive) = mpsc::channel();
        let foreign = thread::spawn(move || {
            handle.block_on(async {
                let task = fusee::spawn(async { thread::current().id() });
                send.send(()).unwrap();
                task.await.unwrap()
            })
        });
        receive.recv().unwrap();
        assert_eq!(runtime.metrics().num_alive_tasks(), 1);
        let here = thread::current().id();
        runtime.block_on(async { until_finished(&foreign).await });
        assert_eq!(foreign.join().unwrap(), here);
    });
}

async fn until_finished<T>(thread: &thread::JoinHandle<T>) {
    while !thread.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn dropping_it_drops_its_tasks_here_and_ends_its_threads() {
    watchdog(|| {
        let drops = Drops::new();
        let runtime = Builder::new_current_thread().thread_name("ct-drop").build().unwrap();
        let here = thread::current().id();
        let handles: Vec<_> = (0..10)
            .map(|n| {
                let token = drops.token();
                let on_drop = support::on_drop(move || assert_eq!(thread::current().id(), here));
                runtime.spawn(async move {
                    let _held = (token, on_drop);
                    if n % 2 == 0 {
                        std::future::pending::<()>().await;
                    }
                    sleep(Duration::from_secs(3600)).await;
                })
            })
            .collect();
        runtime.block_on(yield_now());
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(drops.count(), 10);
        for task in handles {
            assert!(futures::executor::block_on(task).unwrap_err().is_cancelled());
        }
        assert_eq!(handle.metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn dropped_in_a_task_of_its_own_or_of_another_runtime_it_detaches() {
    watchdog(|| {
        let outer = support::workers(2);
        let drops = Drops::new();
        let inner = current_thread();
        let token = drops.token();
        drop(inner.spawn(async move {
            let _token = token;
            std::future::pending::<()>().await;
        }));
        outer.block_on(async move { fusee::spawn(async move { drop(inner) }).await.unwrap() });
        assert_eq!(drops.count(), 1);

        let runtime = Arc::new(current_thread());
        let held = runtime.clone();
        let task = runtime.spawn(async move { drop(held) });
        runtime.block_on(task).unwrap();
        drop(runtime);
    });
}

#[test]
fn a_foreign_executor_inside_a_task_works() {
    watchdog(|| {
        let runtime = current_thread();
        for n in 0..50 {
            let task = runtime.spawn(async move {
                futures::executor::block_on(async move {
                    sleep(Duration::from_micros(20)).await;
                    let job = fusee::task::spawn_blocking(move || n).await.unwrap();
                    let (tell, told) = oneshot::channel();
                    let thread = thread::spawn(move || tell.send(job).unwrap());
                    let told = told.await.unwrap();
                    thread.join().unwrap();
                    told
                })
            });
            assert_eq!(runtime.block_on(task).unwrap(), n);
        }
    });
}

#[test]
fn its_block_on_refuses_to_be_nested() {
    watchdog(|| {
        let runtime = Arc::new(current_thread());
        let again = runtime.clone();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async { again.block_on(async {}) });
        }));
        let payload = caught.unwrap_err();
        assert!(support::message(&*payload).contains("`block_on` was called on a thread that runs asynchronous tasks"));
        assert_eq!(runtime.block_on(async { 1 }), 1, "the worker was given back");
    });
}

#[test]
fn in_a_thread_local_that_is_destroyed_it_shuts_down() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Runtime>> = const { std::cell::RefCell::new(None) };
    }
    for build in [Builder::new_current_thread, Builder::new_multi_thread] {
        let drops = Drops::new();
        let token = drops.token();
        watchdog(move || {
            thread::spawn(move || {
                KEPT.with(|kept| {
                    let runtime = build().build().unwrap();
                    drop(runtime.spawn(async move {
                        let _token = token;
                        std::future::pending::<()>().await;
                    }));
                    *kept.borrow_mut() = Some(runtime);
                });
            })
            .join()
            .unwrap();
        });
        until("the task is dropped", || drops.count() == 1);
    }
}
