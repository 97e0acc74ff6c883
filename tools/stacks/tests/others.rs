//! Threads that do not block, and those that do not block for long.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{fs, thread};

use fusee_stacks::{Error, Stack};

/// The kernel's number of this thread.
fn number() -> u32 {
    let link = fs::read_link("/proc/thread-self").unwrap();
    link.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

#[test]
fn a_thread_that_runs_has_none() {
    let is_done = AtomicBool::new(false);
    let (tell, told) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            tell.send(number()).unwrap();
            while !is_done.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let thread = told.recv().unwrap();
        // It may be about to leave `send`, in which it may have waited.
        let stacks: Vec<_> = (0..100).map(|_| Stack::of(thread)).collect();
        is_done.store(true, Ordering::Relaxed);
        let runs = stacks.iter().filter(|stack| matches!(stack, Err(Error::Running))).count();
        assert!(runs >= 90, "{stacks:?}");
    });
}

#[test]
fn a_thread_that_is_not_there_is_an_error() {
    // Above what the kernel gives out.
    let error = Stack::of(1 << 30).unwrap_err();
    assert!(matches!(error, Error::NoThread), "{error:?}");
    assert_eq!(error.to_string(), "this process has no such thread");
    let ended = thread::spawn(number).join().unwrap();
    // The kernel may need a moment after `join`; the number is not given out again so soon.
    while fs::exists(format!("/proc/self/task/{ended}")).unwrap() {
        thread::yield_now();
    }
    assert!(matches!(Stack::of(ended), Err(Error::NoThread)));
}

/// Passes messages on, `depth` calls deep, so that the stack is another each time.
#[inline(never)]
fn passes_on(from: &Receiver<u32>, to: &Sender<u32>, depth: u32) -> bool {
    if depth > 0 {
        return std::hint::black_box(passes_on(from, to, depth - 1));
    }
    from.recv().is_ok_and(|message| to.send(message).is_ok())
}

#[test]
fn a_thread_that_blocks_and_goes_on_has_a_true_one_or_none() {
    let (to_other, from_us) = channel();
    let (to_us, from_other) = channel();
    let is_done = AtomicBool::new(false);
    let (tell, told) = channel();
    let mut seen = 0;
    thread::scope(|scope| {
        scope.spawn(move || {
            tell.send(number()).unwrap();
            for round in 0.. {
                if !passes_on(&from_us, &to_us, round % 20) {
                    return;
                }
            }
        });
        let is_done = &is_done;
        scope.spawn(move || {
            for round in 0.. {
                if is_done.load(Ordering::Relaxed) {
                    return;
                }
                // Sleeps of the other that are long enough for a stack, and some that are not.
                thread::sleep(Duration::from_micros(round % 8 * 100));
                to_other.send(1).unwrap();
                from_other.recv().unwrap();
            }
        });
        let thread = told.recv().unwrap();
        let stacks: Vec<_> = (0..1_000).map(|_| Stack::of(thread)).collect();
        is_done.store(true, Ordering::Relaxed);
        for stack in stacks {
            match stack {
                Ok(stack) => {
                    seen += 1;
                    is_plausible(&stack);
                }
                Err(Error::Running | Error::MovedOn) => {}
                Err(error) => panic!("{error}: {error:?}"),
            }
        }
    });
    println!("{seen} stacks of 1000");
    assert!(seen > 0);
}

/// It waits for a message, or for memory, within as many calls as there can be; and down to the thread's start.
fn is_plausible(stack: &Stack) {
    let count =
        |name: &str| stack.frames().iter().filter(|frame| frame.function().is_some_and(|it| it.contains(name))).count();
    assert!(stack.is_whole(), "{stack:#}");
    assert!(count("passes_on") <= 20, "{stack:#}");
    assert!(count("a_thread_that_blocks_and_goes_on") >= 1, "{stack:#}");
}
