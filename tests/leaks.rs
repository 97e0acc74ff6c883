//! Dropping a runtime leaves no thread, no open file and no allocation, whatever was going on in it.
//!
//! One test alone, for it counts the bytes of the whole process.

#[path = "support/heap.rs"]
mod heap;
mod support;

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::task::{AbortOnDropHandle, JoinMap, JoinSet, LocalSet, TaskTracker};
use fusee::time::{StreamExt as _, sleep, timeout};
use futures::executor;
use futures::stream::{self, StreamExt as _};
use heap::live;
use support::proc::{Tight, open_files, thread_count};
use support::wakers::{calling, counting, panics_in_drop};
use support::{Latch, poll_once, until, watchdog, workers};

/// How often each scenario is repeated while the bytes are compared.
const CYCLES: usize = 30;

/// What a scenario may keep after all its cycles: crossbeam's epochs free what threads left behind a little later. A runtime is
/// 100 KiB, a task that is leaked keeps its runtime, and a leak in every cycle shows thirty times.
const TOLERANCE: isize = 64 * 1024;

/// More than enough for all that the threads of one measurement leave to the collector: one frees eight bags.
const COLLECTIONS: usize = 1000;

fn idle() {
    drop(workers(2));
}

fn tasks_of_every_kind() {
    let runtime = workers(2);
    let handle = runtime.handle().clone();
    let mut handles = Vec::new();
    for n in 0..30u64 {
        handles.push(runtime.spawn(async move { sleep(Duration::from_secs(3600 + n)).await }));
        handles.push(runtime.spawn(async move { sleep(Duration::from_micros(50 * n)).await }));
        handles.push(runtime.spawn(pending()));
        handles.push(
            runtime.spawn(async move { drop(timeout(Duration::from_secs(n), sleep(Duration::from_micros(n))).await) }),
        );
        handles.push(runtime.spawn(async { std::panic::resume_unwind(Box::new([0u8; 100])) }));
        drop(runtime.spawn(async { vec![0u8; 100] }));
        drop(runtime.spawn(async {
            let inner = fusee::spawn(pending::<()>());
            drop(inner.await);
        }));
    }
    handles.truncate(100);
    handles.iter().take(50).for_each(fusee::task::JoinHandle::abort);
    drop(runtime);
    drop(handle.spawn(async {}));
    for handle in handles {
        let _ = executor::block_on(handle);
    }
}

fn tasks_that_await_each_other_and_themselves() {
    let runtime = workers(2);
    let own = Arc::new(Mutex::new(None));
    let slot = own.clone();
    let task = runtime.spawn(poll_fn(move |context| match &mut *slot.lock().unwrap() {
        Some(handle) => poll_once(handle, context.waker()).map(drop),
        None => {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }
    }));
    *own.lock().unwrap() = Some(task);
    runtime.block_on(fusee::task::yield_now());
    drop(runtime);
    let handle = own.lock().unwrap().take();
    drop(handle);
}

fn wakers_that_outlive_the_runtime() {
    let runtime = workers(2);
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    for _ in 0..10 {
        let wakers = wakers.clone();
        drop(runtime.spawn(poll_fn(move |context| {
            wakers.lock().unwrap().push(context.waker().clone());
            Poll::<()>::Pending
        })));
    }
    until("all are polled", || wakers.lock().unwrap().len() == 10);
    let taken = std::mem::take(&mut *wakers.lock().unwrap());
    let mut sleeps = Vec::new();
    let entered = runtime.handle().clone();
    let _entered = entered.enter();
    for waker in &taken {
        // Timers of a foreign thread that hold wakers of tasks.
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, waker).is_pending());
        sleeps.push(pause);
    }
    drop(runtime);
    taken.iter().for_each(Waker::wake_by_ref);
}

fn dropped_on_its_own_threads() {
    let runtime = Arc::new(Builder::new_multi_thread().worker_threads(2).build().unwrap());
    let entered = runtime.handle().clone();
    let _entered = entered.enter();
    let mut pause = sleep(Duration::from_millis(1));
    let (owned, task_owned) = (runtime.clone(), runtime.clone());
    let _ = poll_once(&mut pause, &calling(move || drop(owned)));
    drop(runtime.spawn(async move {
        fusee::task::yield_now().await;
        drop(task_owned);
    }));
    drop(runtime);
}

fn an_abort_of_everything_in_every_state() {
    let runtime = workers(2);
    let handles: Vec<_> = (0..100)
        .map(|n| {
            runtime.spawn(async move {
                for _ in 0..n % 5 {
                    fusee::task::yield_now().await;
                }
            })
        })
        .collect();
    let aborts: Vec<_> = handles.iter().map(fusee::task::JoinHandle::abort_handle).collect();
    thread::scope(|scope| {
        scope.spawn(|| aborts.iter().for_each(fusee::task::AbortHandle::abort));
        drop(handles);
    });
}

fn handles_dropped_with_a_waker_registered() {
    let runtime = workers(2);
    for _ in 0..10 {
        let mut handle = runtime.spawn(pending::<()>());
        assert!(poll_once(&mut handle, &counting().1).is_pending());
        drop(handle);
    }
}

fn wakers_that_panic_in_their_drop() {
    let runtime = workers(2);
    let _entered = runtime.enter();
    for _ in 0..10 {
        let mut handle = runtime.spawn(pending::<()>());
        assert!(poll_once(&mut handle, &panics_in_drop()).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| drop(handle)));
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, &panics_in_drop()).is_pending());
        let _ = catch_unwind(AssertUnwindSafe(|| drop(pause)));
    }
}

fn blocking_jobs_of_every_kind() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(3)
        .thread_keep_alive(Duration::from_micros(100))
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let mut jobs = Vec::new();
    for n in 0..10u64 {
        jobs.push(runtime.spawn_blocking(move || vec![0u8; 1000].len() as u64 * n));
        jobs.push(runtime.spawn_blocking(|| std::panic::resume_unwind(Box::new([0u8; 100]))));
        jobs.push(runtime.spawn_blocking(|| executor::block_on(fusee::spawn(async { 1 })).unwrap_or(2)));
        drop(runtime.spawn_blocking(|| vec![0u8; 100]));
        drop(runtime.spawn_blocking(|| fusee::task::spawn_blocking(pending::<()>)));
    }
    jobs.iter().step_by(3).for_each(fusee::task::JoinHandle::abort);
    let owned = vec![0u8; 100];
    let last = runtime.spawn_blocking(move || drop(owned));
    drop(runtime);
    drop(handle.spawn_blocking(|| vec![0u8; 100]));
    for job in jobs {
        let _ = executor::block_on(job);
    }
    let _ = executor::block_on(last);
}

/// Both flavours; jobs that run and that wait; each way to shut down, after which the stuck job returns.
fn shut_down_without_patience() {
    for build in [Builder::new_current_thread, Builder::new_multi_thread] {
        for patience in [Duration::ZERO, Duration::from_micros(100)] {
            let runtime = build().worker_threads(2).max_blocking_threads(1).build().unwrap();
            let (started, open) = (Latch::new(), Latch::new());
            let (tell, wait) = (started.clone(), open.clone());
            let stuck = runtime.spawn_blocking(move || {
                tell.open();
                wait.wait();
                vec![0u8; 1000]
            });
            started.wait();
            let jobs: Vec<_> = (0..10).map(|_| runtime.spawn_blocking(|| vec![0u8; 1000])).collect();
            let waiting = vec![0u8; 1000];
            drop(runtime.spawn(async move {
                let _waiting = waiting;
                pending::<()>().await;
            }));
            if patience.is_zero() {
                runtime.shutdown_background();
            } else {
                runtime.shutdown_timeout(patience);
            }
            open.open();
            executor::block_on(stuck).unwrap();
            for job in jobs {
                executor::block_on(job).unwrap_err();
            }
        }
    }
}

fn current_threads_with_local_sets_and_sets() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let local = LocalSet::new();
    let mut set = JoinSet::new();
    for n in 0..20u64 {
        drop(runtime.spawn(async move { sleep(Duration::from_micros(n)).await }));
        drop(runtime.spawn(pending::<()>()));
        drop(local.spawn_local(async move { sleep(Duration::from_secs(n)).await }));
        set.spawn_local_on(pending::<Vec<u8>>(), &local);
        set.spawn_on(async { vec![0u8; 100] }, runtime.handle());
        set.spawn_blocking_on(|| vec![0u8; 100], runtime.handle());
    }
    local.block_on(&runtime, async {
        for _ in 0..10 {
            drop(set.join_next().await);
        }
    });
    // A handle polled by a task of the other set, and left in it.
    drop(local.spawn_local(async move { drop(set.join_all().await) }));
    local.block_on(&runtime, fusee::task::yield_now());
    drop(runtime);
}

/// Tasks that are replaced, tracked, aborted by a drop, and streams that wait, when their runtime ends.
fn maps_trackers_and_streams() {
    let runtime = workers(2);
    let handle = runtime.handle().clone();
    let entered = handle.enter();
    let (mut map, tracker) = (JoinMap::new(), TaskTracker::new());
    for n in 0..30 {
        map.spawn_on(
            n % 10,
            async move { if n % 3 == 0 { pending().await } else { vec![0u8; 100] } },
            runtime.handle(),
        );
        drop(AbortOnDropHandle::new(tracker.spawn_on(pending::<()>(), runtime.handle())));
        drop(tracker.spawn_on(sleep(Duration::from_secs(3600)), runtime.handle()));
        drop(tracker.spawn_blocking_on(|| vec![0u8; 100], runtime.handle()));
    }
    drop(runtime.block_on(map.join_next()));
    let mut streams =
        (stream::pending::<()>().timeout(Duration::from_secs(3600)), stream::repeat(()).throttle(Duration::MAX));
    drop(entered);
    let (_, waker) = counting();
    assert!(poll_once(&mut streams.0.next(), &waker).is_pending());
    assert!(poll_once(&mut streams.1.next(), &waker).is_ready());
    assert!(poll_once(&mut streams.1.next(), &waker).is_pending());
    tracker.close();
    let mut wait = tracker.wait();
    assert!(poll_once(&mut wait, &waker).is_pending());
    drop(runtime);
    assert!(tracker.is_empty());
}

fn dropped_in_a_blocking_job() {
    let runtime = workers(2);
    let handle = runtime.handle().clone();
    drop(handle.spawn_blocking(move || drop(runtime)));
}

/// A build that fails half way.
fn no_thread_for_a_worker() {
    // Room for the driver and one worker.
    const STACK: usize = 1 << 30;
    let _tight = Tight::new(5 << 29);
    let error = Builder::new_multi_thread().worker_threads(2).thread_stack_size(STACK).build().unwrap_err();
    assert!(error.to_string().contains("worker 2 of 2"), "{error}");
}

/// `threads` is how many this process has of its own.
fn measure(threads: usize, name: &str, scenario: impl Fn()) {
    let settled = || {
        until("all threads are gone", || thread_count() == threads);
        // What those have left to the collector that the deques share is freed by whoever comes next.
        (0..COLLECTIONS).for_each(|_| crossbeam_epoch::pin().flush());
        (live(), open_files())
    };
    for _ in 0..3 {
        scenario();
    }
    let before = settled();
    for _ in 0..CYCLES {
        scenario();
    }
    let after = settled();
    assert!(after.0 - before.0 < TOLERANCE, "{name}: {} bytes more after {CYCLES} cycles", after.0 - before.0);
    assert_eq!(after.1, before.1, "{name}: open files");
}

#[test]
fn nothing_is_left_of_a_runtime() {
    watchdog(|| {
        let threads = thread_count();
        measure(threads, "idle", idle);
        measure(threads, "tasks of every kind", tasks_of_every_kind);
        measure(threads, "tasks that await each other and themselves", tasks_that_await_each_other_and_themselves);
        measure(threads, "wakers that outlive the runtime", wakers_that_outlive_the_runtime);
        measure(threads, "dropped on its own threads", dropped_on_its_own_threads);
        measure(threads, "an abort of everything in every state", an_abort_of_everything_in_every_state);
        measure(threads, "handles dropped with a waker registered", handles_dropped_with_a_waker_registered);
        measure(threads, "wakers that panic in their drop", wakers_that_panic_in_their_drop);
        measure(threads, "blocking jobs of every kind", blocking_jobs_of_every_kind);
        measure(threads, "maps, trackers and streams", maps_trackers_and_streams);
        measure(threads, "dropped in a blocking job", dropped_in_a_blocking_job);
        measure(threads, "shut down without patience", shut_down_without_patience);
        measure(threads, "current threads with local sets and sets", current_threads_with_local_sets_and_sets);
        measure(threads, "no thread for a worker", no_thread_for_a_worker);
    });
}
