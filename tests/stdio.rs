//! The standard input, in processes of their own.
#![cfg(all(unix, feature = "io-std"))]

#[path = "support/program.rs"]
mod program;
mod support;

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, Waker};

use fusee::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, stdin};
use fusee::runtime::{Handle, Runtime};
use fusee::task::yield_now;
use futures::TryStreamExt;
use program::{begins_to_wait, hears, pipe};
use rustix::fs::OFlags;
use support::{current_thread, watchdog, workers};

/// Runtimes of either flavour.
fn runtimes() -> [Runtime; 2] {
    [current_thread(), workers(2)]
}

/// A terminal: what a program has, and what its user has.
fn terminal() -> (OwnedFd, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let user = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&user).unwrap();
    unlockpt(&user).unwrap();
    let name = ptsname(&user, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let program = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap();
    (program, user.into())
}

fn socket() -> (OwnedFd, std::fs::File) {
    let (program, user) = UnixStream::pair().unwrap();
    (program.into(), OwnedFd::from(user).into())
}

/// What a program with nothing to read does: it waits for that in a task, and ends.
fn waits_and_ends() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let reader = fusee::spawn(async { stdin().read(&mut [0; 16]).await });
            let metrics = Handle::current().metrics();
            for _ in 0..100 {
                yield_now().await;
            }
            assert!(!reader.is_finished());
            assert_eq!(metrics.num_blocking_threads(), 0, "no thread waits");
            // One that is given up, and taken up again.
            let mut input = stdin();
            assert!(begins_to_wait(&mut input));
            assert!(begins_to_wait(&mut input));
        });
    }
}

#[test]
fn a_program_whose_pipe_is_silent_ends() {
    watchdog(|| {
        let (input, _writer) = pipe();
        program::run("a_program_whose_pipe_is_silent_ends", input, waits_and_ends, |_| ());
    });
}

#[test]
fn a_program_whose_terminal_is_silent_ends() {
    watchdog(|| {
        let (input, _user) = terminal();
        program::run("a_program_whose_terminal_is_silent_ends", input, waits_and_ends, |_| ());
    });
}

#[test]
fn a_program_whose_socket_is_silent_ends() {
    watchdog(|| {
        let (input, _writer) = socket();
        program::run("a_program_whose_socket_is_silent_ends", input, waits_and_ends, |_| ());
    });
}

/// Reads lines to the end, and repeats them.
fn repeats_lines() {
    let runtime = workers(1);
    runtime.block_on(async {
        let mut lines = BufReader::new(stdin()).lines();
        while let Some(line) = lines.try_next().await.unwrap() {
            println!("{line}");
        }
        assert!(lines.try_next().await.unwrap().is_none(), "the end stays");
    });
}

#[test]
fn lines_of_a_pipe_come_as_they_are_written_and_end_with_it() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        writer.write_all(b"written before\n").unwrap();
        let name = "lines_of_a_pipe_come_as_they_are_written_and_end_with_it";
        program::run(name, input, repeats_lines, move |child| {
            hears(child, "written before");
            for n in 0..50 {
                writeln!(writer, "line {n}").unwrap();
                hears(child, &format!("line {n}"));
            }
            writer.write_all(b"no end of").unwrap();
            writer.write_all(b" line").unwrap();
            drop(writer);
            hears(child, "no end of line");
        });
    });
}

#[test]
fn lines_of_a_terminal_come_as_they_are_typed() {
    watchdog(|| {
        let (input, mut user) = terminal();
        program::run("lines_of_a_terminal_come_as_they_are_typed", input, repeats_lines, move |child| {
            for n in 0..10 {
                writeln!(user, "line {n}").unwrap();
                hears(child, &format!("line {n}"));
            }
            // The end of the input, at the beginning of a line. A terminal goes on after that: the second one is the end that stays.
            user.write_all(&[4, 4]).unwrap();
            child.wait().unwrap();
        });
    });
}

#[test]
fn lines_of_a_file_come() {
    watchdog(|| {
        let mut file = tempfile::tempfile().unwrap();
        let text: String = (0..5000).map(|n| format!("line {n}\n")).collect();
        file.write_all(text.as_bytes()).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!(program::run("lines_of_a_file_come", file, repeats_lines, |_| ()).out, text);
    });
}

#[test]
fn an_input_that_is_closed_or_nothing_is_at_its_end() {
    watchdog(|| {
        let name = "an_input_that_is_closed_or_nothing_is_at_its_end";
        let program = || {
            workers(1).block_on(async { assert_eq!(stdin().read(&mut [0; 16]).await.unwrap(), 0) });
            // What the standard library opens in place of what is closed is closed as well.
            let mut nothing = std::io::stdin();
            assert_eq!(nothing.read(&mut [0]).unwrap(), 0);
        };
        program::run(name, Stdio::null(), program, |_| ());
        let (closed, writer) = pipe();
        drop(writer);
        program::run(name, closed, program, |_| ());
    });
}

#[test]
fn a_read_that_is_given_up_loses_no_byte() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let text: String = (0..2000).map(|n| format!("{n} ")).collect();
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        let program = || {
            workers(1).block_on(async {
                let mut input = stdin();
                let mut read = Vec::new();
                for n in 0.. {
                    let mut buffer = vec![0; n % 5 + 1];
                    let mut given_up = vec![0; n % 7 + 1];
                    let begun = Pin::new(&mut input).poll_read(&mut Context::from_waker(Waker::noop()), &mut given_up);
                    if let Poll::Ready(count) = begun {
                        let count = count.unwrap();
                        read.extend_from_slice(&given_up[..count]);
                        if count == 0 {
                            break;
                        }
                        continue;
                    }
                    match input.read(&mut buffer).await.unwrap() {
                        0 => break,
                        count => read.extend_from_slice(&buffer[..count]),
                    }
                }
                print!("{}", String::from_utf8(read).unwrap());
            });
        };
        assert_eq!(program::run("a_read_that_is_given_up_loses_no_byte", input, program, |_| ()).out, text);
    });
}

#[test]
fn another_runtime_goes_on_where_one_has_ended() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let program = || {
            let mut input = stdin();
            let error = futures::executor::block_on(input.read(&mut [0])).unwrap_err();
            assert!(error.to_string().contains("no current fusee runtime"), "{error}");
            for runtime in runtimes() {
                runtime.block_on(async {
                    println!("ready");
                    let mut byte = [0];
                    input.read_exact(&mut byte).await.unwrap();
                    assert!(begins_to_wait(&mut input));
                });
            }
            let gone = workers(1);
            let handle = gone.handle().clone();
            gone.block_on(async {
                input = stdin();
                assert!(begins_to_wait(&mut input));
            });
            drop(gone);
            let _entered = handle.enter();
            let error = futures::executor::block_on(input.read(&mut [0])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other);
            assert!(error.to_string().contains("has shut down"), "{error}");
        };
        program::run("another_runtime_goes_on_where_one_has_ended", input, program, move |child| {
            for _ in 0..2 {
                hears(child, "ready");
                writer.write_all(b"a").unwrap();
            }
            child.wait().unwrap();
        });
    });
}
