//! Threads for which the process has no room are refused before one of them, once started, ends the process: the standard library can only abort
//! where a new thread finds no memory map for its signal stack.
//!
//! Each test has a process of its own, which takes most of the maps that it may have.
#![cfg(target_os = "linux")]

#[path = "support/child.rs"]
mod child;
mod support;

use std::fs;
use std::io::ErrorKind;

use child::in_child;
use fusee::runtime::Builder;
use memmap2::{Advice, MmapMut, MmapOptions};
use support::proc::thread_count;
use support::{Latch, until, watchdog};

/// Threads, of four maps each, for which there is room or not.
const MANY: usize = 1_000;

/// Takes all memory maps that the process may have but so many. None where it may have more than a test should take.
fn leave(maps: usize) -> Option<MmapMut> {
    const PIECE: usize = 64 << 10;
    let number = |path: &str| fs::read_to_string(path).expect("procfs");
    let most: usize = number("/proc/sys/vm/max_map_count").trim().parse().expect("a number");
    let taken = number("/proc/self/maps").lines().count();
    let pieces = most.checked_sub(taken + maps).filter(|_| most < 10_000_000)?;
    let room = MmapOptions::new().len(pieces * PIECE).no_reserve_swap().map_anon().expect("address space");
    // A piece with an advice that its neighbours did not get is a map of its own.
    for odd in (1..pieces).step_by(2) {
        room.advise_range(Advice::DontFork, odd * PIECE, PIECE).expect("a map");
    }
    Some(room)
}

#[test]
fn workers_without_room_are_an_error_and_leave_nothing() {
    in_child("workers_without_room_are_an_error_and_leave_nothing", || {
        watchdog(|| {
            let Some(room) = leave(3 * MANY) else { return };
            let threads = thread_count();
            let mut builder = Builder::new_multi_thread();
            let error = builder.worker_threads(MANY).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfMemory);
            assert!(error.to_string().contains("the threads of 1000 workers"), "{error}");
            assert_eq!(thread_count(), threads, "none was started");
            // What there is room for is built.
            assert!(builder.worker_threads(MANY / 2).build().is_ok());
            until("its threads are gone", || thread_count() == threads);
            drop(room);
            assert!(builder.worker_threads(MANY).build().is_ok());
        });
    });
}

#[test]
fn as_many_workers_as_are_allowed_start_or_are_an_error() {
    in_child("as_many_workers_as_are_allowed_start_or_are_an_error", || {
        watchdog(|| {
            let most: usize = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap();
            if most < 4 * 32_768 {
                Builder::new_multi_thread().worker_threads(32_768).build().unwrap_err();
                assert!(thread_count() <= 3);
            }
        });
    });
}

#[test]
fn blocking_jobs_without_room_for_a_thread_wait_for_the_others() {
    in_child("blocking_jobs_without_room_for_a_thread_wait_for_the_others", || {
        watchdog(|| {
            let Some(_room) = leave(3 * MANY) else { return };
            let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(MANY).build().unwrap();
            let open = Latch::new();
            let jobs: Vec<_> = (0..MANY)
                .map(|n| {
                    let open = open.clone();
                    runtime.spawn_blocking(move || {
                        open.wait();
                        n
                    })
                })
                .collect();
            let started = runtime.metrics().num_blocking_threads();
            assert!((MANY / 2..MANY).contains(&started), "{started} threads");
            open.open();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(runtime.block_on(job).unwrap(), n);
            }
        });
    });
}
