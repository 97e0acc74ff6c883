//! The standard outputs, in processes of their own.
#![cfg(all(unix, feature = "io-std"))]

#[path = "support/program.rs"]
mod program;
mod support;

use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::process::Stdio;

use fusee::io::{AsyncWriteExt, Stderr, Stdin, Stdout, stderr, stdout};
use fusee::runtime::Builder;
use rustix::fs::OFlags;
use support::{current_thread, occupy, watchdog, workers};

const fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug>() {}
const _: () = {
    all::<Stdin>();
    all::<Stdout>();
    all::<Stderr>();
};

#[test]
fn what_is_written_comes_out_in_order() {
    watchdog(|| {
        let program = || {
            for runtime in [current_thread(), workers(2)] {
                runtime.block_on(async {
                    let (mut out, mut errors) = (stdout(), stderr());
                    assert_eq!((out.as_raw_fd(), errors.as_raw_fd()), (1, 2));
                    assert_eq!(out.as_fd().as_raw_fd(), 1);
                    for n in 0..100 {
                        out.write_all(format!("{n} ").as_bytes()).await.unwrap();
                        errors.write_all(format!("{n}!").as_bytes()).await.unwrap();
                    }
                    out.flush().await.unwrap();
                    print!("and ");
                    out.write_all(b"so on\n").await.unwrap();
                    out.close().await.unwrap();
                    out.write_all(b"it is still open\n").await.unwrap();
                    out.flush().await.unwrap();
                    errors.flush().await.unwrap();
                });
            }
        };
        let told = program::run("what_is_written_comes_out_in_order", Stdio::null(), program, |_| ());
        let numbers: String = (0..100).map(|n| format!("{n} ")).collect();
        assert_eq!(told.out, format!("{numbers}and so on\nit is still open\n").repeat(2));
        assert_eq!(told.errors, (0..100).map(|n| format!("{n}!")).collect::<String>().repeat(2));
    });
}

#[test]
fn what_nobody_has_flushed_comes_out_as_the_program_ends() {
    watchdog(|| {
        let program = || {
            workers(1).block_on(async {
                let mut out = stdout();
                out.write_all(b"a line\nand no end of one").await.unwrap();
            });
        };
        let name = "what_nobody_has_flushed_comes_out_as_the_program_ends";
        let told = program::run(name, Stdio::null(), program, |_| ());
        assert_eq!(told.out, "a line\nand no end of one");
    });
}

#[test]
fn more_than_a_job_takes_is_cut_between_characters() {
    const TEXT: &str = "€uro ";

    watchdog(|| {
        let program = || {
            workers(1).block_on(async {
                let text = TEXT.repeat(700_000);
                let mut out = stdout();
                let mut rest = text.as_bytes();
                while !rest.is_empty() {
                    let count = out.write(rest).await.unwrap();
                    assert!(std::str::from_utf8(&rest[..count]).is_ok());
                    rest = &rest[count..];
                }
                out.flush().await.unwrap();
            });
        };
        let name = "more_than_a_job_takes_is_cut_between_characters";
        let told = program::run(name, Stdio::null(), program, |_| ());
        assert!(told.out == TEXT.repeat(700_000));
    });
}

#[test]
fn an_error_is_told_once_by_what_comes_next() {
    watchdog(|| {
        let program = || {
            workers(1).block_on(async {
                let mut errors = stderr();
                errors.write_all(b"lost").await.unwrap();
                assert_eq!(errors.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
                errors.flush().await.unwrap();
                errors.write_all(b"lost").await.unwrap();
                assert_eq!(errors.write(b"not taken").await.unwrap_err().kind(), ErrorKind::StorageFull);
                errors.flush().await.unwrap();
                println!("told");
            });
        };
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let name = "an_error_is_told_once_by_what_comes_next";
        let told = program::run_with(name, Stdio::null(), full, program, |_| ());
        assert_eq!(told.out, "told\n");
    });
}

#[test]
fn an_output_that_others_have_put_in_nonblocking_mode_loses_nothing() {
    watchdog(|| {
        const MORE_THAN_A_PIPE_HOLDS: usize = 1 << 20;
        let program = || {
            for output in [std::io::stdout().as_fd(), std::io::stderr().as_fd()] {
                rustix::fs::fcntl_setfl(output, OFlags::NONBLOCK).unwrap();
            }
            workers(1).block_on(async {
                let (mut out, mut errors) = (stdout(), stderr());
                for part in ["a".repeat(MORE_THAN_A_PIPE_HOLDS), "b".repeat(MORE_THAN_A_PIPE_HOLDS) + "\n"] {
                    out.write_all(part.as_bytes()).await.unwrap();
                    out.flush().await.unwrap();
                    errors.write_all(part.as_bytes()).await.unwrap();
                    errors.flush().await.unwrap();
                }
            });
        };
        let name = "an_output_that_others_have_put_in_nonblocking_mode_loses_nothing";
        let told = program::run(name, Stdio::null(), program, |_| ());
        let all = "a".repeat(MORE_THAN_A_PIPE_HOLDS) + &"b".repeat(MORE_THAN_A_PIPE_HOLDS) + "\n";
        assert_eq!((told.out.len(), told.errors.len()), (all.len(), all.len()));
        assert!(told.out == all && told.errors == all);
    });
}

#[test]
fn nobody_who_listens_is_an_error_and_no_end() {
    watchdog(|| {
        let program = || {
            workers(1).block_on(async {
                let mut errors = stderr();
                errors.write_all(b"lost").await.unwrap();
                assert_eq!(errors.flush().await.unwrap_err().kind(), ErrorKind::BrokenPipe);
                println!("told");
            });
        };
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        drop(reader);
        let name = "nobody_who_listens_is_an_error_and_no_end";
        let told = program::run_with(name, Stdio::null(), writer, program, |_| ());
        assert_eq!(told.out, "told\n");
    });
}

#[test]
fn a_write_that_was_taken_is_carried_out_though_the_runtime_ends() {
    watchdog(|| {
        let program = || {
            let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
            let end = occupy(&runtime);
            runtime.block_on(async { stdout().write_all(b"promised\n").await.unwrap() });
            let last = runtime.spawn_blocking(|| println!("not promised"));
            let handle = runtime.handle().clone();
            let closes = std::thread::spawn(move || drop(runtime));
            support::until("the runtime ends", || last.is_finished());
            end.open();
            closes.join().unwrap();
            let _entered = handle.enter();
            let error = futures::executor::block_on(stdout().write(b"too late\n")).unwrap_err();
            assert!(error.to_string().contains("has shut down"), "{error}");
            drop(_entered);
            let error = futures::executor::block_on(stdout().write(b"nowhere\n")).unwrap_err();
            assert!(error.to_string().contains("no current fusee runtime"), "{error}");
        };
        let name = "a_write_that_was_taken_is_carried_out_though_the_runtime_ends";
        let told = program::run(name, Stdio::null(), program, |_| ());
        assert_eq!(told.out, "promised\n");
    });
}
