//! The scenarios: what is done, and which defect is in it.

use std::cell::UnsafeCell;
use std::future::{Future, pending, poll_fn};
use std::mem;
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::runtime::{Builder, Runtime};

/// Every scenario, by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("join", join),
    ("last_reference", last_reference),
    ("standard_library", standard_library),
    ("bare_race", bare_race),
    ("freed_task", freed_task),
    ("forgotten_handle", forgotten_handle),
];

/// How often what depends on timing is tried.
const TURNS: usize = 300;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

/// Sound: outputs of tasks are taken by a thread that has looked whether they are there, and has had no wake-up to tell it.
fn join() {
    let runtime = runtime();
    for turn in 0..TURNS {
        let mut handle = runtime.spawn(async move { vec![turn] });
        while !handle.is_finished() {
            thread::yield_now();
        }
        let Poll::Ready(output) = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("a finished task has an output");
        };
        assert_eq!(output.expect("the task does not panic"), [turn]);
    }
}

/// Sound: the last reference to a complete task is dropped on another thread than the one that ran it.
fn last_reference() {
    let runtime = runtime();
    for turn in 0..TURNS {
        let abort = runtime.spawn(async move { vec![turn] }).abort_handle();
        while !abort.is_finished() {
            thread::yield_now();
        }
    }
}

/// Sound, and full of what the standard library does where no sanitizer looks: contended locks, condition variables, a first use that
/// is waited for, values whose last owner is whoever comes last.
fn standard_library() {
    static FIRST: OnceLock<Vec<usize>> = OnceLock::new();
    let shared = Arc::new((Mutex::new(vec![0]), Condvar::new()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                for turn in 0..TURNS * 10 {
                    assert_eq!(FIRST.get_or_init(|| vec![1]).len(), 1);
                    let owners = Arc::new(Mutex::new(vec![turn]));
                    let other = owners.clone();
                    let (lock, condvar) = &*shared;
                    let mut count = lock.lock().expect("no thread panics");
                    (0..100).for_each(|_| count[0] += 1);
                    if turn % 3 == 0 {
                        count = condvar.wait_timeout(count, std::time::Duration::from_micros(1)).expect("as above").0;
                        count[0] += 1;
                    }
                    drop(count);
                    condvar.notify_one();
                    if turn % 100 == 0 {
                        drop(thread::spawn(move || other.lock().map(|mut values| values.push(0)).is_ok()));
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
}

/// A race: a flag that orders nothing says that an output is there.
fn bare_race() {
    struct Handover {
        ready: AtomicBool,
        output: UnsafeCell<usize>,
    }
    // SAFETY: none: this is the defect.
    unsafe impl Sync for Handover {}
    let handover = Arc::new(Handover { ready: AtomicBool::new(false), output: UnsafeCell::new(0) });
    let writer = handover.clone();
    let thread = thread::spawn(move || {
        // SAFETY: the cell is alive; that the reader waits is told by a flag that orders nothing.
        unsafe { *writer.output.get() = 1 };
        writer.ready.store(true, Ordering::Relaxed);
    });
    while !handover.ready.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    // SAFETY: as above.
    println!("{}", unsafe { *handover.output.get() });
    thread.join().expect("the writer does not panic");
}

/// A use after free: a task's waker is dropped twice, so that the task is freed while its handle refers to it.
fn freed_task() {
    static POLLED: AtomicBool = AtomicBool::new(false);
    let runtime = runtime();
    let handle = runtime.spawn(poll_fn(|context| {
        let waker = context.waker().clone();
        // SAFETY: none: this is the defect. The copy owns no reference.
        drop(unsafe { ptr::read(&waker) });
        POLLED.store(true, Ordering::Relaxed);
        Poll::Ready(())
    }));
    while !POLLED.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    // The workers are joined: the task is complete, and freed.
    drop(runtime);
    println!("{}", handle.is_finished());
    mem::forget(handle);
}

/// A leak: handles of tasks are forgotten, and their references with them.
fn forgotten_handle() {
    let runtime = runtime();
    (0..TURNS).for_each(|_| mem::forget(runtime.spawn(pending::<()>())));
}
