//! The builder's settings for threads reach every thread that the runtime starts: its workers, its timer driver, and those of the blocking pool.
#![cfg(target_os = "linux")]

#[path = "support/child.rs"]
mod child;
mod support;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use child::in_child;
use fusee::runtime::{Builder, Handle};
use fusee::task::{block_in_place, yield_now};
use fusee::time::sleep;
use support::proc::threads_named;
use support::wakers::calling;
use support::{is_current_thread, poll_once, until, watchdog};

const MIB: usize = 1 << 20;

fn name() -> String {
    thread::current().name().expect("threads of a runtime have names").to_owned()
}

/// Uses so much of the stack.
fn dig(bytes: usize) -> usize {
    let room = black_box([1u8; 64 * 1024]);
    let deeper = bytes.checked_sub(room.len()).map_or(0, dig);
    deeper + usize::from(black_box(&room)[0])
}

/// What `f` answers where a foreign executor's waker is woken for a timer: on the driver's thread.
fn in_a_foreign_waker<R: Send + 'static>(handle: &Handle, f: impl FnOnce() -> R + Send + 'static) -> R {
    let (send, receive) = channel();
    let waker = calling(move || send.send(f()).unwrap());
    let _entered = handle.enter();
    let mut sleep = sleep(Duration::from_millis(1));
    assert!(poll_once(&mut sleep, &waker).is_pending());
    receive.recv().unwrap()
}

#[test]
fn the_stack_size_holds_on_every_thread() {
    in_child("the_stack_size_holds_on_every_thread", || {
        watchdog(|| {
            for build in [Builder::new_multi_thread, Builder::new_current_thread] {
                let runtime = build().worker_threads(1).thread_stack_size(16 * MIB).build().unwrap();
                let dig = || dig(6 * MIB);
                assert!(in_a_foreign_waker(runtime.handle(), dig) > 0);
                assert!(runtime.block_on(runtime.spawn_blocking(dig)).unwrap() > 0);
                if !is_current_thread(&runtime) {
                    assert!(runtime.block_on(runtime.spawn(async move { dig() })).unwrap() > 0);
                }
            }
        });
    });
}

#[test]
fn threads_have_names_of_their_own_unless_the_user_gives_one() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(12).build().unwrap();
        let workers: Vec<String> = (0..12).map(|index| format!("fusee-worker-{index}")).collect();
        // The kernel's, which debuggers show: they have room.
        until("all are there under their names", || workers.iter().all(|name| threads_named(name) == 1));
        assert!(workers.iter().all(|name| name.len() <= 15));
        let (worker, index) =
            runtime.block_on(runtime.spawn(async { (name(), fusee::runtime::worker_index().unwrap()) })).unwrap();
        assert_eq!(worker, workers[index]);
        assert_eq!(in_a_foreign_waker(runtime.handle(), name), "fusee-driver");
        let all = Arc::new(Barrier::new(3));
        let jobs: Vec<_> = (0..3)
            .map(|_| {
                let all = all.clone();
                runtime.spawn_blocking(move || {
                    all.wait();
                    name()
                })
            })
            .collect();
        let names: BTreeSet<String> = jobs.into_iter().map(|job| runtime.block_on(job).unwrap()).collect();
        assert!(names.into_iter().eq(["fusee-pool-0", "fusee-pool-1", "fusee-pool-2"]));
    });
}

#[test]
fn a_name_is_every_threads_and_tells_the_driver() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("mine").build().unwrap();
        assert_eq!(runtime.block_on(runtime.spawn(async { name() })).unwrap(), "mine");
        assert_eq!(runtime.block_on(runtime.spawn_blocking(name)).unwrap(), "mine");
        assert_eq!(in_a_foreign_waker(runtime.handle(), name), "mine-driver");
    });
}

#[test]
fn a_name_function_is_asked_for_each_thread_and_for_the_workers_first() {
    watchdog(|| {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let next = move || format!("mine-{}", count.fetch_add(1, Ordering::SeqCst));
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name_fn(next).build().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        assert_eq!(in_a_foreign_waker(runtime.handle(), name), "mine-2-driver");
        let worker = runtime.block_on(runtime.spawn(async { name() })).unwrap();
        assert!(["mine-0", "mine-1"].contains(&worker.as_str()), "{worker}");
        assert_eq!(runtime.block_on(runtime.spawn_blocking(name)).unwrap(), "mine-3");
    });
}

#[test]
fn a_bad_name_for_the_driver_is_an_error_of_build() {
    for build in [Builder::new_multi_thread, Builder::new_current_thread] {
        let next = AtomicUsize::new(0);
        let last = if is_current_thread(&build().build().unwrap()) { 0 } else { 2 };
        let name = move || if next.fetch_add(1, Ordering::SeqCst) == last { "nul\0byte" } else { "good" }.to_owned();
        let error = build().worker_threads(2).thread_name_fn(name).build().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[test]
fn every_thread_tells_the_hooks_of_its_start_and_its_end() {
    watchdog(|| {
        for build in [Builder::new_multi_thread, Builder::new_current_thread] {
            let (started, stopped) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
            let (starts, stops) = (started.clone(), stopped.clone());
            let runtime = build()
                .worker_threads(2)
                .on_thread_start(move || {
                    assert!(Handle::try_current().is_ok(), "the runtime is entered");
                    starts.lock().unwrap().push(name());
                })
                .on_thread_stop(move || stops.lock().unwrap().push(name()))
                .build()
                .unwrap();
            let workers = !is_current_thread(&runtime);
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
            // A worker is handed on, and its thread goes on in the pool: it is told of one start and one end.
            runtime
                .block_on(runtime.spawn(async move {
                    if workers {
                        block_in_place(|| ());
                    }
                    yield_now().await;
                }))
                .unwrap();
            let seen = started.clone();
            let of_timer = in_a_foreign_waker(runtime.handle(), move || seen.lock().unwrap().contains(&name()));
            assert!(of_timer, "the driver has told its start before it wakes anybody");
            drop(runtime);
            let sorted = |names: &Mutex<Vec<String>>| {
                let mut names = names.lock().unwrap().clone();
                names.sort_unstable();
                names
            };
            assert_eq!(sorted(&started), sorted(&stopped));
            let expected: &[&str] = if workers {
                &["fusee-driver", "fusee-pool-0", "fusee-worker-0", "fusee-worker-1"]
            } else {
                &["fusee-driver", "fusee-pool-0"]
            };
            assert_eq!(sorted(&started), expected);
        }
    });
}
