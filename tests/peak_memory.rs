//! What queues and sets hold once a burst is over: a small part of what they held at their peak, while their owner lives.
//!
//! One test alone, for it counts the bytes of the whole process.

#[path = "support/heap.rs"]
mod heap;
mod support;

use std::future::pending;
use std::task::Waker;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::{JoinMap, JoinSet, LocalSet, yield_now};
use fusee::time::{Sleep, sleep};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::join_all;
use heap::live;
use support::{Latch, current_thread, poll_once, until, until_within, watchdog};

/// How many are there at the peak.
const PEAK: usize = 100_000;

/// What an owner may keep beside itself when it is empty.
const SMALL: isize = 4 * 1024;

const HOUR: Duration = Duration::from_secs(3600);

/// How many bytes `owner` holds.
fn held<T>(owner: T) -> isize {
    let before = live();
    drop(owner);
    before - live()
}

/// Says what holds how much, so that all figures are there when one of them is too large.
fn check(faults: &mut Vec<String>, what: &str, held: isize, bound: isize) {
    println!("{held:>9} of {bound:>6} bytes: {what}");
    if held > bound {
        faults.push(format!("{held} bytes, and not {bound}: {what}"));
    }
}

/// A set whose tasks are all complete.
fn full(runtime: &Runtime) -> JoinSet<usize> {
    let mut set = JoinSet::new();
    let aborts: Vec<_> = (0..PEAK).map(|n| set.spawn_on(async move { n }, runtime.handle())).collect();
    until_within(runtime, "all are complete", || aborts.iter().all(|task| task.is_finished()));
    set
}

fn a_join_set(faults: &mut Vec<String>, runtime: &Runtime) {
    let mut joined = full(runtime);
    runtime.block_on(async { while joined.join_next().await.is_some() {} });
    let mut polled = full(runtime);
    runtime.block_on(async {
        while !polled.is_empty() {
            assert!(polled.try_join_next().is_some());
        }
    });
    let mut detached = full(runtime);
    detached.detach_all();
    let mut ended = JoinSet::new();
    (0..PEAK).for_each(|_| drop(ended.spawn_on(pending::<usize>(), runtime.handle())));
    runtime.block_on(ended.shutdown());
    for (how, set) in [("joined", joined), ("polled", polled), ("detached", detached), ("ended", ended)] {
        assert!(set.is_empty());
        check(faults, &format!("an empty set whose tasks were {how}"), held(set), SMALL);
    }
}

fn a_join_map(faults: &mut Vec<String>, runtime: &Runtime) {
    let full = || {
        let mut map = JoinMap::new();
        (0..PEAK).for_each(|n| map.spawn_on(n, pending::<()>(), runtime.handle()));
        map
    };
    let mut joined = full();
    joined.abort_all();
    runtime.block_on(async { while joined.join_next().await.is_some() {} });
    let mut ended = full();
    runtime.block_on(ended.shutdown());
    let mut detached = full();
    detached.detach_all();
    for (how, map) in [("joined", joined), ("ended", ended), ("detached", detached)] {
        assert!(map.is_empty());
        check(faults, &format!("an empty map whose tasks were {how}"), held(map), 8 * 1024);
    }
}

fn a_join_set_of_which_some_are_left(faults: &mut Vec<String>, runtime: &Runtime) {
    const LEFT: usize = 100;
    let mut set = JoinSet::new();
    let aborts: Vec<_> = (0..PEAK).map(|_| set.spawn_on(pending::<usize>(), runtime.handle())).collect();
    // Those that are left are spread over the whole of it, and the last of all.
    aborts.iter().rev().enumerate().filter(|(n, _)| n % (PEAK / LEFT) != 0).for_each(|(_, task)| task.abort());
    runtime.block_on(async {
        while set.len() > LEFT {
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        }
    });
    drop(aborts);
    // Each of them is a task, a ticket and a chunk of places; a chunk that is gone has left its number.
    let numbers = PEAK as isize / 32 * 12;
    check(faults, "a set of which 100 tasks are left", held(set), SMALL + numbers + LEFT as isize * 1024);
}

/// Tasks of a set that wait in its queue at a time, spawned and woken on its thread or woken on another.
fn a_local_set(faults: &mut Vec<String>, runtime: &Runtime) {
    let set = LocalSet::new();
    for is_remote in [false, true] {
        let (tell, told): (Vec<_>, Vec<_>) = (0..PEAK).map(|_| oneshot::channel::<()>()).unzip();
        let tasks: Vec<_> = told.into_iter().map(|told| set.spawn_local(told)).collect();
        let open = move || tell.into_iter().for_each(|tell| tell.send(()).unwrap());
        // All have been polled once, those of a turn after those of the turn before.
        set.block_on(runtime, async {
            for _ in 0..=PEAK {
                yield_now().await;
            }
        });
        if is_remote {
            std::thread::spawn(open).join().unwrap();
        } else {
            open();
        }
        set.block_on(runtime, join_all(tasks)).into_iter().for_each(|outcome| outcome.unwrap().unwrap());
    }
    check(faults, "an empty local set", held(set), SMALL);
}

/// Many futures that drive a set at a time.
fn a_local_set_that_many_drive(faults: &mut Vec<String>, runtime: &Runtime) {
    let set = LocalSet::new();
    let mut driving: Vec<_> = (0..PEAK / 10).map(|_| Box::pin(set.run_until(pending::<()>()))).collect();
    runtime.block_on(async {
        for drive in &mut driving {
            assert!(drive.now_or_never().is_none());
        }
    });
    drop(driving);
    check(faults, "a local set that nobody drives any more", held(set), SMALL);
}

fn the_queue_of_blocking_jobs(faults: &mut Vec<String>) {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
    let run = |count: usize| {
        let open = Latch::new();
        let first = open.clone();
        let first = runtime.spawn_blocking(move || first.wait());
        let jobs: Vec<_> = (0..count).map(|_| runtime.spawn_blocking(|| ())).collect();
        open.open();
        runtime.block_on(first).unwrap();
        runtime.block_on(join_all(jobs)).into_iter().for_each(|outcome| outcome.unwrap());
        until("its thread is idle", || runtime.metrics().num_idle_blocking_threads() == 1);
        live()
    };
    let before = run(1);
    check(faults, "the blocking pool, its queue empty", run(PEAK) - before, SMALL);
}

/// Timers of a thread that is no worker, so that they are in one shard.
fn timers(faults: &mut Vec<String>, runtime: &Runtime) {
    let _entered = runtime.enter();
    let register = |count: usize| -> Vec<Sleep> {
        let pause = |_| {
            let mut pause = sleep(HOUR);
            assert!(poll_once(&mut pause, Waker::noop()).is_pending());
            pause
        };
        (0..count).map(pause).collect()
    };
    let before = live();
    drop(register(1));
    let storage = live() - before;
    for _ in 0..3 {
        drop(register(10 * PEAK));
        check(faults, "a shard without timers, beside what the first has taken", live() - before - storage, SMALL);
    }
    check(faults, "the storage that a shard's first timer takes", storage, 40 * 1024);
}

#[test]
fn what_a_burst_has_taken_is_given_back() {
    watchdog(|| {
        let (mut faults, runtime) = (Vec::new(), current_thread());
        a_join_set(&mut faults, &runtime);
        a_join_map(&mut faults, &runtime);
        a_join_set_of_which_some_are_left(&mut faults, &runtime);
        a_local_set(&mut faults, &runtime);
        a_local_set_that_many_drive(&mut faults, &runtime);
        the_queue_of_blocking_jobs(&mut faults);
        timers(&mut faults, &runtime);
        assert!(faults.is_empty(), "{faults:#?}");
    });
}
