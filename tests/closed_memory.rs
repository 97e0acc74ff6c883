//! What a closed runtime leaves of itself: nothing but what somebody still has in hand. And what an open one takes that was never used.
//!
//! One test alone, for it counts the bytes of the whole process.

#[path = "support/heap.rs"]
mod heap;
mod support;

use std::any::Any;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::{LocalSet, yield_now};
use fusee::time::sleep;
use futures::future::join_all;
use heap::live;
use support::proc::thread_count;
use support::{poll_once, until, until_within, watchdog};

type Build = fn() -> Runtime;

const EIGHT_WORKERS: Build = || Builder::new_multi_thread().worker_threads(8).build().unwrap();
const CURRENT_THREAD: Build = || Builder::new_current_thread().build().unwrap();

/// What is kept by a task that is complete: its allocation, of a small future here.
const TASK: isize = 512;

/// Says what keeps how much, so that all figures are there when one of them is too large.
fn check(faults: &mut Vec<String>, what: &str, kept: isize, bound: isize) {
    println!("{kept:>9} of {bound:>6} bytes: {what}");
    if kept > bound {
        faults.push(format!("{kept} bytes, and not {bound}: {what}"));
    }
}

/// How many bytes `leftover` keeps.
fn kept(leftover: impl Any) -> isize {
    let before = live();
    drop(leftover);
    before - live()
}

/// A runtime that has had its peaks: tasks in all queues, timers in all shards, blocking jobs.
fn used(build: Build) -> Runtime {
    let runtime = build();
    let tasks = |_| {
        runtime.spawn(async {
            let inner: Vec<_> = (0..1_000)
                .map(|_| {
                    fusee::spawn(async {
                        yield_now().await;
                        sleep(Duration::from_micros(100)).await;
                    })
                })
                .collect();
            join_all(inner).await;
        })
    };
    let tasks: Vec<_> = (0..50).map(tasks).collect();
    let jobs: Vec<_> = (0..1_000).map(|_| runtime.spawn_blocking(|| ())).collect();
    runtime.block_on(async {
        join_all(tasks).await.into_iter().for_each(|outcome| outcome.unwrap());
        join_all(jobs).await.into_iter().for_each(|outcome| outcome.unwrap());
    });
    runtime
}

/// Tasks that wait in queues at the end, so that these have a peak then.
fn leave_tasks_behind(runtime: &Runtime) {
    let (block, blocked) = std::sync::mpsc::channel::<()>();
    runtime.spawn(async move {
        (0..10_000).for_each(|_| drop(fusee::spawn(async {})));
        let _ = blocked.recv();
    });
    (0..10_000).for_each(|_| drop(runtime.spawn(async {})));
    drop(block);
}

/// What of a task outlives the runtime.
fn leftovers(runtime: &Runtime) -> Vec<(&'static str, Box<dyn Any>)> {
    let complete = runtime.spawn(async {});
    until_within(runtime, "it is complete", || complete.is_finished());
    let aborted = runtime.spawn(std::future::pending::<()>());
    let abort = aborted.abort_handle();
    let (give, given) = std::sync::mpsc::channel();
    let waits = runtime.spawn(poll_fn(move |context| {
        let _ = give.send(context.waker().clone());
        Poll::<()>::Pending
    }));
    let mut waker = None;
    until_within(runtime, "it has given its waker", || {
        waker = given.try_recv().ok();
        waker.is_some()
    });
    let job = runtime.spawn_blocking(|| ());
    until_within(runtime, "the job has run", || job.is_finished());
    vec![
        ("the handle of a task that was complete", Box::new(complete)),
        ("the handle of a task that was dropped", Box::new(aborted)),
        ("an abort handle", Box::new(abort)),
        ("a waker and a handle", Box::new((waker, waits))),
        ("the handle of a job", Box::new(job)),
    ]
}

fn a_closed_runtime_leaves_the_allocations_of_tasks_whose_handles_are_kept(faults: &mut Vec<String>, build: Build) {
    for end in [drop, Runtime::shutdown_background] {
        let threads = thread_count();
        let runtime = used(build);
        let leftovers = leftovers(&runtime);
        leave_tasks_behind(&runtime);
        end(runtime);
        until("all its threads have ended", || thread_count() == threads);
        for (what, leftover) in leftovers {
            check(faults, what, kept(leftover), TASK);
        }
    }
}

/// A worker's deque is as long as it was when others took the last tasks out of it: that is most of the bound.
fn a_handle_keeps_what_all_threads_share_and_no_storage(faults: &mut Vec<String>, build: Build, bound: isize) {
    let runtime = used(build);
    let handle = runtime.handle().clone();
    let _entered = handle.enter();
    let mut pause = Box::pin(sleep(Duration::from_secs(3600)));
    assert!(poll_once(&mut *pause, std::task::Waker::noop()).is_pending());
    drop(runtime);
    assert_eq!(handle.metrics().timers_live(), 0);
    drop(_entered);
    drop(pause);
    check(faults, "the handle of a runtime", kept(handle), bound);
}

fn a_handle_of_a_local_task_keeps_no_set(faults: &mut Vec<String>) {
    let set = LocalSet::new();
    let runtime = CURRENT_THREAD();
    let handles: Vec<_> = (0..10_000).map(|n| set.spawn_local(async move { n })).collect();
    let aborts: Vec<_> = handles.iter().map(|handle| handle.abort_handle()).collect();
    set.block_on(&runtime, join_all(handles)).into_iter().for_each(|outcome| _ = outcome.unwrap());
    let last = aborts.into_iter().next_back();
    drop((set, runtime));
    check(faults, "the handle of a task whose local set is gone", kept(last), TASK);
}

fn a_runtime_without_timers_owns_no_storage_for_them(faults: &mut Vec<String>, build: Build, bound: isize) {
    let before = live();
    let runtime = build();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    check(faults, "a runtime without a timer", live() - before, bound);
}

#[test]
fn what_is_left_of_a_runtime_is_what_is_in_hand() {
    watchdog(|| {
        let mut faults = Vec::new();
        // What threads and the deques keep for the process.
        drop(used(EIGHT_WORKERS));
        a_runtime_without_timers_owns_no_storage_for_them(&mut faults, EIGHT_WORKERS, 64 * 1024);
        a_runtime_without_timers_owns_no_storage_for_them(&mut faults, CURRENT_THREAD, 16 * 1024);
        a_closed_runtime_leaves_the_allocations_of_tasks_whose_handles_are_kept(&mut faults, EIGHT_WORKERS);
        a_closed_runtime_leaves_the_allocations_of_tasks_whose_handles_are_kept(&mut faults, CURRENT_THREAD);
        a_handle_keeps_what_all_threads_share_and_no_storage(&mut faults, EIGHT_WORKERS, 128 * 1024);
        a_handle_keeps_what_all_threads_share_and_no_storage(&mut faults, CURRENT_THREAD, 16 * 1024);
        a_handle_of_a_local_task_keeps_no_set(&mut faults);
        assert!(faults.is_empty(), "{faults:#?}");
    });
}
