//! Timers that a worker looks after itself: what of the user's runs on its thread meanwhile keeps no timer, and no task, from the other workers.

mod support;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::task::LocalSet;
use fusee::time::sleep;
use support::wakers::calling;
use support::{Latch, poll_once, watchdog, workers};

#[test]
fn a_hook_that_blocks_as_its_worker_goes_to_sleep_delays_no_timer() {
    watchdog(|| {
        let blocks: Arc<Mutex<Option<(ThreadId, Latch)>>> = Arc::default();
        let told = blocks.clone();
        let hook = move || {
            let latch = blocks.lock().unwrap().take_if(|(thread, _)| *thread == thread::current().id());
            latch.into_iter().for_each(|(_, slept)| slept.wait());
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).on_thread_park(hook).build().unwrap();
        for _ in 0..20 {
            let (slept, told) = (Latch::new(), told.clone());
            let sleeper = runtime.spawn(async move {
                *told.lock().unwrap() = Some((thread::current().id(), slept.clone()));
                sleep(Duration::from_millis(1)).await;
                slept.open();
            });
            runtime.block_on(sleeper).unwrap();
        }
    });
}

thread_local! {
    static LOCAL: RefCell<Option<Pin<Box<LocalSet>>>> = const { RefCell::new(None) };
}

#[test]
fn a_task_that_a_local_sets_waker_wakes_before_it_blocks_runs_elsewhere() {
    watchdog(|| {
        let runtime = workers(2);
        let (ran, waiting): (_, Arc<Mutex<Option<Waker>>>) = (Latch::new(), Arc::default());
        let (tell, has_come, come) = (waiting.clone(), ran.clone(), Latch::new());
        let (registered, woken) = (come.clone(), Latch::new());
        let is_woken = woken.clone();
        let task = runtime.spawn(poll_fn(move |context| {
            if is_woken.is_open() {
                has_come.open();
                return Poll::Ready(());
            }
            *tell.lock().unwrap() = Some(context.waker().clone());
            registered.open();
            Poll::Pending
        }));
        come.wait();
        let driven = runtime.spawn(async move {
            // Wakes the task, and then waits until it has run.
            let waker = calling(move || {
                woken.open();
                waiting.lock().unwrap().take().into_iter().for_each(Waker::wake);
                ran.wait();
            });
            LOCAL.with_borrow_mut(|local| {
                let set = local.insert(Box::pin(LocalSet::new()));
                drop(set.spawn_local(sleep(Duration::from_millis(1))));
                // The task registers its timer, and is left alone.
                assert!(poll_once(set, &waker).is_pending());
            });
        });
        runtime.block_on(async {
            driven.await.unwrap();
            task.await.unwrap();
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_a_task_starts_waits_as_any_thread_of_the_process() {
    fn slack() -> String {
        let thread = std::fs::read_link("/proc/thread-self").expect("procfs");
        let number = thread.file_name().expect("a thread's number").to_string_lossy();
        std::fs::read_to_string(format!("/proc/{number}/timerslack_ns")).expect("procfs")
    }
    watchdog(|| {
        let expected = slack();
        let runtime = workers(1);
        let task = runtime.spawn(async {
            for _ in 0..2 {
                sleep(Duration::from_millis(1)).await;
            }
            thread::spawn(slack).join().unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), expected);
    });
}
