//! A process that may open no file more: the kernel tells nothing. (A program of its own, for the limit is the
//! process's.)
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/numbers.rs"]
mod numbers;

use std::fs::File;
use std::sync::mpsc::channel;
use std::{iter, thread};

use calls::calls;
use fusee_stacks::{Error, Stacks};
use numbers::number;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn what_the_kernel_does_not_tell_is_an_error_and_the_next_stack_is_there() {
    let limit = Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).unwrap();
    let stacks = Stacks::new();
    let (tell, told) = channel();
    let (free, blocked) = channel::<()>();
    let thread = thread::spawn(move || {
        tell.send(number()).unwrap();
        let _ = blocked.recv();
    });
    let number = told.recv().unwrap();
    let files: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let error = stacks.of(number).unwrap_err();
    drop(files);
    assert!(
        matches!(&error, Error::Io(error) if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error())),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "the kernel does not tell the thread's stack");
    // It comes to rest in `recv` when it likes.
    let stack = loop {
        match stacks.of(number) {
            Ok(stack) if calls(&stack, "recv").count() > 0 => break stack,
            Ok(_) | Err(Error::Running | Error::MovedOn) => thread::yield_now(),
            Err(error) => panic!("{error}: {error:?}"),
        }
    };
    assert!(stack.is_whole(), "{stack:#}");
    drop(free);
    thread.join().unwrap();
}
