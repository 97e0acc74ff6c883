//! Threads that block: what they block in is on their stacks.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "support/report.rs"]
mod reports;

use std::hint::black_box;
use std::io::{Read, Write, pipe};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fusee::insight::{Alarm, Watchdog};
use fusee::runtime::{Builder, Runtime};
use fusee_stacks::{Report, Stacks};
use reports::report;

/// A runtime whose watchdog sends a report of each poll that goes on.
fn watched(tell: Sender<Report>) -> Runtime {
    let stacks = Stacks::new();
    let hook = move |alarm: &Alarm| {
        if !alarm.has_ended() {
            drop(tell.send(report(&stacks, alarm)));
        }
    };
    let watchdog = Watchdog::new(Duration::from_millis(50)).on_alarm(hook);
    Builder::new_multi_thread().worker_threads(1).watchdog(watchdog).build().unwrap()
}

/// Blocks in a poll by `block`, until `free` lets it go; the stack must have `function`, above it `within`, and nothing
/// of fusee unless it is shown whole.
fn is_found(block: impl FnOnce() + Send + 'static, free: impl FnOnce(), function: &str, within: &str) {
    let (tell, told) = channel();
    let runtime = watched(tell);
    let task = runtime.spawn(async { block() });
    let report = told.recv().unwrap();
    free();
    runtime.block_on(task).unwrap();
    let (cut, whole) = (report.to_string(), format!("{report:#}"));
    let stack = report.stack().expect(&cut);
    println!("{cut}");
    let place =
        |name: &str| stack.frames().iter().position(|frame| frame.function().is_some_and(|it| it.contains(name)));
    let found = place(function).expect(&whole);
    assert!(place(within).expect(&whole) < found, "{whole}");
    let frame = &stack.frames()[found];
    assert!(frame.file().is_some_and(|file| file.ends_with("tests/blocked.rs")) && frame.line().is_some(), "{whole}");
    assert!(cut.contains(function) && !cut.contains("task/cell.rs"), "{cut}");
    assert!(stack.is_whole() && whole.contains("fusee::task::cell") && whole.contains("task/cell.rs"), "{whole}");
}

#[inline(never)]
fn locks_what_is_locked(mutex: &Mutex<u32>) -> u32 {
    black_box(*mutex.lock().unwrap())
}

#[test]
fn a_mutex() {
    let mutex = Arc::new(Mutex::new(7));
    let locked = mutex.lock().unwrap();
    let theirs = mutex.clone();
    let block = move || assert_eq!(locks_what_is_locked(&theirs), 7);
    is_found(block, || drop(locked), "blocked::locks_what_is_locked", "Mutex");
}

#[inline(never)]
fn sleeps_on_the_worker() {
    thread::sleep(Duration::from_secs(1));
    black_box(());
}

#[test]
fn a_sleep() {
    is_found(sleeps_on_the_worker, || (), "blocked::sleeps_on_the_worker", "sleep");
}

#[inline(never)]
fn waits_for_a_message(messages: &std::sync::mpsc::Receiver<u32>) -> u32 {
    black_box(messages.recv().unwrap())
}

#[test]
fn a_channel() {
    let (send, receive) = channel();
    let block = move || assert_eq!(waits_for_a_message(&receive), 5);
    is_found(block, || send.send(5).unwrap(), "blocked::waits_for_a_message", "recv");
}

#[inline(never)]
fn reads_an_empty_pipe(pipe: &mut impl Read) -> u8 {
    let mut byte = [0];
    pipe.read_exact(&mut byte).unwrap();
    black_box(byte[0])
}

#[test]
fn a_pipe() {
    let (mut reader, mut writer) = pipe().unwrap();
    let block = move || assert_eq!(reads_an_empty_pipe(&mut reader), 3);
    is_found(block, || writer.write_all(&[3]).unwrap(), "blocked::reads_an_empty_pipe", "read");
}
