//! Threads that do not block, and those that do not block for long.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/numbers.rs"]
mod numbers;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use calls::calls;
use fusee_stacks::{Error, Stack, Stacks};
use numbers::number;

#[test]
fn a_thread_that_runs_has_none() {
    // Counter only, in each of its uses: nothing is published by it.
    let is_done = AtomicBool::new(false);
    let (tell, told) = channel();
    let stacks = Stacks::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            tell.send(number()).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let thread = told.recv().unwrap();
        // It may be about to leave `send`, in which it may have waited.
        let stacks: Vec<_> = (0..100).map(|_| stacks.of(thread)).collect();
        is_done.store(true, Ordering::Relaxed);
        let runs = stacks.iter().filter(|stack| matches!(stack, Err(Error::Running))).count();
        assert!(runs >= 90, "{stacks:?}");
    });
}

#[test]
fn who_asks_runs() {
    // Its own `syscall` says that it waits in the call that reads it.
    assert!(matches!(Stacks::new().of(number()), Err(Error::Running)));
}

#[test]
fn a_thread_that_is_not_there_is_an_error() {
    let stacks = Stacks::new();
    // Above what the kernel gives out.
    let error = stacks.of(1 << 30).unwrap_err();
    assert!(matches!(error, Error::NoThread), "{error:?}");
    assert_eq!(error.to_string(), "this process has no such thread");
    // Of another process.
    let error = stacks.of(std::os::unix::process::parent_id()).unwrap_err();
    assert!(matches!(error, Error::NoThread), "{error:?}");
    let ended = thread::spawn(number).join().unwrap();
    // The kernel may need a moment after `join`; the number is not given out again so soon.
    while fs::exists(format!("/proc/self/task/{ended}")).unwrap() {
        thread::yield_now();
    }
    assert!(matches!(stacks.of(ended), Err(Error::NoThread)));
}

/// Two functions that pass messages on, and differ by their names and a number alone: a thread that waits in either, so
/// many calls deep, says the same of its system call and its registers.
macro_rules! passes_on {
    ($name:ident, $number:literal) => {
        #[inline(never)]
        fn $name(from: &Receiver<Duration>, to: &Sender<u64>, depth: u32) -> bool {
            if depth > 0 {
                return $name(from, to, depth - 1) && black_box($number) > 0;
            }
            let Ok(busy) = from.recv() else { return false };
            let begun = Instant::now();
            while begun.elapsed() < busy {
                std::hint::spin_loop();
            }
            to.send(black_box($number)).is_ok()
        }
    };
}

passes_on!(passes_left, 1);
passes_on!(passes_right, 2);

#[inline(never)]
fn passes_all(from: &Receiver<Duration>, to: &Sender<u64>) {
    while passes_left(from, to, 10) && passes_right(from, to, 10) {}
}

#[test]
fn a_thread_that_blocks_and_goes_on_has_a_true_one_or_none() {
    let (to_other, from_us) = channel();
    let (to_us, from_other) = channel();
    // Counter only, in each of its uses: nothing is published by it.
    let is_done = AtomicBool::new(false);
    let (tell, told) = channel();
    let stacks = Stacks::new();
    let mut seen = 0;
    thread::scope(|scope| {
        scope.spawn(move || {
            tell.send(number()).unwrap();
            passes_all(&from_us, &to_us);
        });
        let is_done = &is_done;
        scope.spawn(move || {
            for round in 0.. {
                if is_done.load(Ordering::Relaxed) {
                    return;
                }
                // Sleeps of the other that are long enough for a stack, and some that are not.
                // It runs for as long as a copy takes, or less.
                thread::sleep(Duration::from_micros(round % 8 * 50));
                to_other.send(Duration::from_micros(round % 7 * 10)).unwrap();
                from_other.recv().unwrap();
            }
        });
        let thread = told.recv().unwrap();
        let found: Vec<_> = (0..3_000).map(|_| stacks.of(thread)).collect();
        is_done.store(true, Ordering::Relaxed);
        for stack in found {
            match stack {
                Ok(stack) => {
                    seen += 1;
                    is_true(&stack);
                }
                Err(Error::Running | Error::MovedOn) => {}
                Err(error) => panic!("{error}: {error:?}"),
            }
        }
    });
    println!("{seen} stacks of 3000");
    assert!(seen > 0);
}

/// All calls are of one of the two, and lead down to the thread's start.
fn is_true(stack: &Stack) {
    let (left, right) = (calls(stack, "passes_left").count(), calls(stack, "passes_right").count());
    assert!(stack.is_whole(), "{stack:#}");
    assert!(left == 0 || right == 0, "{stack:#}");
    assert!(left.max(right) <= 11, "{stack:#}");
    assert!(calls(stack, "passes_all").count() == 1 || left.max(right) == 0, "{stack:#}");
}

/// The kernel cuts a name at some byte, which may be within a letter.
#[test]
fn a_thread_whose_name_is_cut_within_a_letter_has_one() {
    let (tell, told) = channel();
    let (end, ends) = channel::<()>();
    let blocks = thread::Builder::new().name("рабочиеяяя".to_owned()).spawn(move || {
        tell.send(number()).unwrap();
        ends.recv().unwrap_err();
    });
    let thread = told.recv().unwrap();
    let stacks = Stacks::new();
    let stack = loop {
        match stacks.of(thread) {
            Err(Error::Running | Error::MovedOn) => thread::yield_now(),
            stack => break stack,
        }
    };
    assert!(stack.is_ok(), "{stack:?}");
    drop(end);
    blocks.unwrap().join().unwrap();
}
