//! The runtime for futures that are not `Send`.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Handle, LocalOptions, LocalRuntime};
use fusee::task::{spawn_local, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;
use support::{on_drop, quiet_panic, watchdog};

#[test]
fn local_tasks_share_what_is_not_send_and_stay_on_the_thread() {
    watchdog(|| {
        let runtime = LocalRuntime::new().unwrap();
        let here = thread::current().id();
        let total = runtime.block_on(async {
            let total = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (1..=100)
                .map(|n| {
                    let total = total.clone();
                    spawn_local(async move {
                        sleep(Duration::from_micros(n % 7)).await;
                        total.set(total.get() + n);
                        (Rc::new(n), thread::current().id())
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap().1, here);
            }
            total.get()
        });
        assert_eq!(total, 5050);
    });
}

#[test]
fn every_task_can_spawn_local_ones_wherever_it_was_spawned() {
    watchdog(|| {
        let runtime = LocalRuntime::new().unwrap();
        let handle = runtime.handle().clone();
        let (send, receive) = oneshot::channel();
        let thread = thread::spawn(move || {
            let task = handle.spawn(async { spawn_local(async { *Rc::new(3) }).await });
            send.send(task).unwrap();
        });
        let sum = runtime.block_on(async {
            let one = fusee::spawn(async { spawn_local(async { *Rc::new(1) }).await.unwrap() });
            let two = spawn_local(async { *spawn_local(async { Rc::new(2) }).await.unwrap() });
            let three = receive.await.unwrap().await.unwrap().unwrap();
            one.await.unwrap() + two.await.unwrap() + three
        });
        thread.join().unwrap();
        assert_eq!(sum, 6);
    });
}

#[test]
fn tasks_wait_between_two_block_ons_and_are_seen_under_enter() {
    watchdog(|| {
        let runtime = LocalRuntime::new().unwrap();
        let log = Rc::new(RefCell::new(Vec::new()));
        let told = log.clone();
        let early = runtime.spawn_local(async move { told.borrow_mut().push("early") });
        let entered = {
            let _entered = runtime.enter();
            assert!(Handle::try_current().is_ok());
            let told = log.clone();
            spawn_local(async move { told.borrow_mut().push("entered") })
        };
        assert!(log.borrow().is_empty());
        runtime.block_on(early).unwrap();
        runtime.block_on(entered).unwrap();
        assert_eq!(*log.borrow(), ["early", "entered"]);
        assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 5)).unwrap(), 5);
    });
}

#[test]
fn a_hog_keeps_neither_kind_of_task_nor_the_root_future_waiting() {
    watchdog(|| {
        let runtime = LocalRuntime::new().unwrap();
        runtime.block_on(async {
            let hogs = [
                spawn_local(async {
                    loop {
                        yield_now().await;
                    }
                }),
                fusee::spawn(async {
                    loop {
                        yield_now().await;
                    }
                }),
            ];
            for _ in 0..100 {
                yield_now().await;
                spawn_local(async {}).await.unwrap();
                fusee::spawn(async {}).await.unwrap();
            }
            hogs.iter().for_each(|hog| hog.abort());
            for hog in hogs {
                assert!(hog.await.unwrap_err().is_cancelled());
            }
        });
    });
}

#[test]
fn its_drop_drops_all_tasks_here_inside_the_runtime() {
    watchdog(|| {
        let here = thread::current().id();
        let drops = Arc::new(AtomicUsize::new(0));
        let watched = || {
            let drops = drops.clone();
            on_drop(move || {
                assert_eq!(thread::current().id(), here);
                assert!(Handle::try_current().is_ok());
                drop(spawn_local(async {}));
                drop(fusee::spawn(async {}));
                drops.fetch_add(1, Ordering::SeqCst);
            })
        };
        let runtime = LocalRuntime::new().unwrap();
        let local = {
            let held = (watched(), Rc::new(()));
            runtime.spawn_local(async move {
                sleep(Duration::from_secs(3600)).await;
                drop(held);
            })
        };
        runtime.block_on(yield_now());
        let panicking = runtime.spawn_local(async {
            let _held = on_drop(|| quiet_panic("a local task's drop"));
            std::future::pending::<()>().await;
        });
        runtime.block_on(yield_now());
        drop(runtime);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert!(futures::executor::block_on(local).unwrap_err().is_cancelled());
        assert!(futures::executor::block_on(panicking).unwrap_err().is_panic());
    });
}

#[test]
fn it_shuts_down_in_time_beside_a_job_that_does_not_return() {
    watchdog(|| {
        let runtime = LocalRuntime::new().unwrap();
        let (leave, wait) = mpsc::channel::<()>();
        let (started, seen) = mpsc::channel();
        drop(runtime.spawn_blocking(move || {
            started.send(()).unwrap();
            // Until the test has ended its wait.
            let _ = wait.recv();
        }));
        seen.recv().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(1));
        drop(leave);
        LocalRuntime::new().unwrap().shutdown_background();
    });
}

#[test]
fn hooks_are_told_of_local_tasks_and_a_multi_thread_builder_is_refused() {
    watchdog(|| {
        let (spawned, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (spawn_count, end_count) = (spawned.clone(), ended.clone());
        let runtime = Builder::new_current_thread()
            .on_task_spawn(move |_| {
                spawn_count.fetch_add(1, Ordering::SeqCst);
            })
            .on_task_terminate(move |_| {
                end_count.fetch_add(1, Ordering::SeqCst);
            })
            .build_local(LocalOptions::default())
            .unwrap();
        runtime.block_on(async { spawn_local(async {}).await.unwrap() });
        assert_eq!((spawned.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)), (1, 1));
        let refused = Builder::new_multi_thread().build_local(LocalOptions::default()).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    });
}
