//! The threads of the blocking pool: they start when they are needed, up to the maximum, end when they are not, and leave nothing.

mod support;

use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::JoinHandle;
use futures::executor;
use support::proc::{Tight, threads_named};
use support::{Drops, Latch, PATIENCE, on_drop, until, watchdog};

/// A runtime with one worker, whose threads have this name.
fn builder(name: &str, max_threads: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name(name).max_blocking_threads(max_threads);
    builder
}

/// `count` jobs that wait for the latch.
fn blocked(runtime: &Runtime, open: &Latch, count: usize) -> Vec<JoinHandle<()>> {
    let job = |_| {
        let open = open.clone();
        runtime.spawn_blocking(move || open.wait())
    };
    (0..count).map(job).collect()
}

/// Joined or detached, the threads end; the system takes a moment more to forget one that has been joined.
#[track_caller]
fn gone(name: &str) {
    until("the system lists none of the threads", || threads_named(name) == 0);
}

fn all_ran(jobs: Vec<JoinHandle<()>>) {
    jobs.into_iter().for_each(|job| executor::block_on(job).unwrap());
}

#[test]
fn a_maximum_of_no_threads_is_refused_by_build() {
    let error = Builder::new_multi_thread().max_blocking_threads(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("max_blocking_threads must be at least 1"), "{error}");
}

#[test]
fn threads_start_as_jobs_need_them_up_to_the_maximum_and_the_others_wait() {
    watchdog(|| {
        for max in [1, 2, 7] {
            let runtime = builder("grow", max).build().unwrap();
            let (open, metrics) = (Latch::new(), runtime.metrics());
            assert_eq!(metrics.num_blocking_threads(), 0);
            let mut jobs = Vec::new();
            for count in 1..=max {
                jobs.extend(blocked(&runtime, &open, 1));
                assert_eq!(metrics.num_blocking_threads(), count);
            }
            until("all threads have their job", || metrics.blocking_queue_depth() == 0);
            jobs.extend(blocked(&runtime, &open, 10));
            assert_eq!(metrics.num_blocking_threads(), max);
            assert_eq!(metrics.blocking_queue_depth(), 10);
            until("the threads have their name", || threads_named("grow") == max + 1);
            open.open();
            all_ran(jobs);
            until("all are idle", || metrics.num_idle_blocking_threads() == max);
            drop(runtime);
            gone("grow");
        }
    });
}

#[test]
fn an_idle_thread_takes_the_next_job() {
    watchdog(|| {
        let runtime = builder("reuse", 512).build().unwrap();
        let mut ids = Vec::new();
        for _ in 0..20 {
            let job = runtime.spawn_blocking(|| thread::current().id());
            ids.push(runtime.block_on(job).unwrap());
            until("its thread is idle", || runtime.metrics().num_idle_blocking_threads() == 1);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
        assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    });
}

#[test]
fn threads_without_a_job_end_and_others_start_when_they_are_needed_again() {
    watchdog(|| {
        let runtime = builder("shrink", 5).thread_keep_alive(Duration::from_millis(5)).build().unwrap();
        for _ in 0..3 {
            let open = Latch::new();
            let jobs = blocked(&runtime, &open, 5);
            assert_eq!(runtime.metrics().num_blocking_threads(), 5);
            open.open();
            all_ran(jobs);
            until("all have ended", || runtime.metrics().num_blocking_threads() == 0);
            until("the system knows only the worker", || threads_named("shrink") == 1);
            assert_eq!(runtime.metrics().num_idle_blocking_threads(), 0);
        }
    });
}

/// A burst that leaves `count` threads idle.
fn burst(runtime: &Runtime, count: usize) {
    let open = Latch::new();
    let jobs = blocked(runtime, &open, count);
    open.open();
    all_ran(jobs);
    until("all are idle", || runtime.metrics().num_idle_blocking_threads() == count);
}

#[test]
fn of_many_idle_threads_the_one_that_was_busy_last_takes_the_next_job() {
    const BURST: usize = 16;
    watchdog(|| {
        let runtime = builder("newest", BURST).thread_keep_alive(Duration::MAX).build().unwrap();
        burst(&runtime, BURST);
        let mut ids = Vec::new();
        for _ in 0..2 * BURST {
            let job = runtime.spawn_blocking(|| thread::current().id());
            ids.push(runtime.block_on(job).unwrap());
            until("its thread is idle", || runtime.metrics().num_idle_blocking_threads() == BURST);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "idle threads took turns");
    });
}

#[test]
fn threads_that_a_burst_has_left_end_while_jobs_come_one_at_a_time() {
    const BURST: usize = 64;
    watchdog(|| {
        let runtime = builder("burst", BURST).thread_keep_alive(Duration::from_millis(300)).build().unwrap();
        burst(&runtime, BURST);
        until("a job at a time keeps two threads at most", || {
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
            runtime.metrics().num_blocking_threads() <= 2
        });
    });
}

#[test]
fn shutdown_runs_the_jobs_that_wait_for_no_other() {
    watchdog(|| {
        let ends: [fn(Runtime); 2] = [drop, |runtime| runtime.shutdown_timeout(PATIENCE)];
        for round in 0..200 {
            let runtime = Builder::new_current_thread().max_blocking_threads(3).build().unwrap();
            if round % 2 == 0 {
                // A thread that waits for the next job, or will in a moment.
                runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
            }
            let jobs: Vec<_> = (0..2).map(|n| runtime.spawn_blocking(move || n)).collect();
            ends[round / 2 % 2](runtime);
            let outputs: Vec<_> = jobs.into_iter().map(|job| executor::block_on(job).unwrap()).collect();
            assert_eq!(outputs, [0, 1]);
        }
    });
}

#[test]
fn a_shutdown_waits_for_no_keep_alive() {
    watchdog(|| {
        for keep_alive in [Duration::from_secs(3600), Duration::MAX] {
            let runtime = builder("long-idle", 4).thread_keep_alive(keep_alive).build().unwrap();
            let open = Latch::new();
            let jobs = blocked(&runtime, &open, 4);
            open.open();
            all_ran(jobs);
            until("all are idle", || runtime.metrics().num_idle_blocking_threads() == 4);
            drop(runtime);
            gone("long-idle");
        }
    });
}

#[test]
fn a_shutdown_returns_when_what_the_threads_keep_for_themselves_is_gone() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<support::Token>> = const { std::cell::RefCell::new(None) };
    }
    watchdog(|| {
        for keep_alive in [Duration::ZERO, Duration::from_micros(100), Duration::from_secs(10)] {
            let runtime = builder("locals", 4).thread_keep_alive(keep_alive).build().unwrap();
            let (open, drops) = (Latch::new(), Drops::new());
            let jobs: Vec<_> = (0..4)
                .map(|_| {
                    let (open, token) = (open.clone(), drops.token());
                    runtime.spawn_blocking(move || {
                        open.wait();
                        KEPT.set(Some(token));
                    })
                })
                .collect();
            open.open();
            all_ran(jobs);
            drop(runtime);
            assert_eq!(drops.count(), 4);
        }
    });
}

#[test]
fn a_runtime_dropped_by_a_thread_local_of_its_own_thread_detaches() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Runtime>> = const { std::cell::RefCell::new(None) };
    }
    watchdog(|| {
        for keep_alive in [Duration::ZERO, Duration::from_millis(1)] {
            let runtime = builder("own-local", 2).thread_keep_alive(keep_alive).build().unwrap();
            let handle = runtime.handle().clone();
            executor::block_on(handle.spawn_blocking(move || KEPT.set(Some(runtime)))).unwrap();
            gone("own-local");
            assert!(executor::block_on(handle.spawn_blocking(|| ())).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_runtime_dropped_inside_its_last_job_leaves_no_thread() {
    watchdog(|| {
        let runtime = builder("detached", 2).build().unwrap();
        let handle = runtime.handle().clone();
        let after = Drops::new();
        let token = after.token();
        executor::block_on(handle.spawn_blocking(move || {
            drop(runtime);
            drop(on_drop(|| drop(token)));
        }))
        .unwrap();
        assert_eq!(after.count(), 1);
        gone("detached");
    });
}

/// The stack of a thread that finds no room beside `ROOM`.
const STACK: usize = 1 << 30;
/// Enough for all that happens meanwhile, in this test and in those beside it, and too little for a thread whatever those give back.
const ROOM: u64 = 512 << 20;

#[test]
fn a_job_for_which_no_thread_can_be_started_is_cancelled_or_waits_for_one_that_is_there() {
    watchdog(|| {
        let runtime = builder("no-room", 4).thread_stack_size(STACK).build().unwrap();
        let drops = Drops::new();
        {
            let _tight = Tight::new(ROOM);
            for _ in 0..3 {
                let token = drops.token();
                let job = runtime.spawn_blocking(move || drop(token));
                assert!(job.is_finished());
                assert!(executor::block_on(job).unwrap_err().is_cancelled());
            }
        }
        assert_eq!(drops.count(), 3);
        let open = Latch::new();
        let first = blocked(&runtime, &open, 1);
        until("it runs", || runtime.metrics().blocking_queue_depth() == 0);
        let others = {
            let _tight = Tight::new(ROOM);
            blocked(&runtime, &open, 3)
        };
        assert_eq!(runtime.metrics().num_blocking_threads(), 1);
        assert_eq!(runtime.metrics().blocking_queue_depth(), 3);
        assert!(others.iter().all(|job| !job.is_finished()));
        open.open();
        all_ran(first);
        all_ran(others);
        // There is room again: threads start as before.
        let open = Latch::new();
        let jobs = blocked(&runtime, &open, 4);
        assert_eq!(runtime.metrics().num_blocking_threads(), 4);
        open.open();
        all_ran(jobs);
        drop(runtime);
        gone("no-room");
    });
}
