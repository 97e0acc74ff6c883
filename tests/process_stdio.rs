//! Pipes to children: both worlds' traits, more than a pipe holds, and pipes from one child to another.
#![cfg(all(unix, feature = "process"))]

mod support;

use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;

use fusee::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use fusee::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use futures::TryStreamExt;
use rustix::fs::{OFlags, fcntl_getfl};
use support::{current_thread, on_every_flavour};

fn piped(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[test]
fn more_than_a_pipe_holds_goes_through_while_both_ends_wait() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = piped("cat").spawn().unwrap();
            let sent: Vec<u8> = (0..1_000_000u32).map(|at| at as u8).collect();
            let (mut stdin, to_send) = (child.stdin.take().unwrap(), sent.clone());
            let writer = fusee::spawn(async move { stdin.write_all(&to_send).await });
            let output = child.wait_with_output().await.unwrap();
            assert!(output.stdout == sent);
            writer.await.unwrap().unwrap();
        });
    });
}

#[test]
fn both_streams_are_read_at_once() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // Each is more than a pipe holds: whoever read one after the other would wait for ever.
            let script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
            let output = Command::new("sh").args(["-c", script]).output().await.unwrap();
            assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 600_000));
            assert!(output.status.success());
        });
    });
}

#[test]
fn lines_come_one_by_one_as_they_are_written() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = piped("cat").spawn().unwrap();
            let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let mut lines = BufReader::new(stdout).lines();
            for line in ["one", "two", "three"] {
                stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
                assert_eq!(lines.try_next().await.unwrap().as_deref(), Some(line));
            }
            drop(stdin);
            assert_eq!(lines.try_next().await.unwrap(), None);
            assert!(child.wait().await.unwrap().success());
        });
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn tokios_traits_are_there_too() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = piped("sh").args(["-c", "read line; echo $line; echo no >&2"]).spawn().unwrap();
            AsyncWriteExt::write_all(child.stdin.as_mut().unwrap(), b"hello\n").await.unwrap();
            AsyncWriteExt::shutdown(child.stdin.as_mut().unwrap()).await.unwrap();
            let (mut out, mut err) = (String::new(), String::new());
            AsyncReadExt::read_to_string(child.stdout.as_mut().unwrap(), &mut out).await.unwrap();
            AsyncReadExt::read_to_string(child.stderr.as_mut().unwrap(), &mut err).await.unwrap();
            assert_eq!((out.as_str(), err.as_str()), ("hello\n", "no\n"));
            assert!(child.wait().await.unwrap().success());
        });
    });
}

#[test]
fn a_write_that_nobody_reads_any_more_is_an_error_and_wakes_who_waits() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = piped("sleep").arg("100000").spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let writer = fusee::spawn(async move { stdin.write_all(&[0; 300_000]).await });
            fusee::task::yield_now().await;
            child.kill().await.unwrap();
            assert_eq!(writer.await.unwrap().unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
        });
    });
}

fn is_blocking(pipe: impl AsFd) -> bool {
    !fcntl_getfl(pipe).unwrap().contains(OFlags::NONBLOCK)
}

#[test]
fn a_pipe_that_is_given_away_blocks_again() {
    current_thread().block_on(async {
        let mut child = piped("cat").spawn().unwrap();
        let pipes = (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        assert!(!is_blocking(&pipes.0) && !is_blocking(&pipes.1) && !is_blocking(&pipes.2));
        let descriptors: [OwnedFd; 3] =
            [pipes.0.into_owned_fd().unwrap(), pipes.1.into_owned_fd().unwrap(), pipes.2.into_owned_fd().unwrap()];
        assert!(descriptors.iter().all(is_blocking));
        let [stdin, stdout, stderr] = descriptors;
        // And is taken over once more.
        let mut stdin = ChildStdin::from_std(stdin.into()).unwrap();
        let mut stdout = ChildStdout::from_std(stdout.into()).unwrap();
        let mut stderr = ChildStderr::from_std(stderr.into()).unwrap();
        assert!(!is_blocking(&stdin) && !is_blocking(&stdout) && !is_blocking(&stderr));
        stdin.write_all(b"hello").await.unwrap();
        drop(stdin);
        let (mut out, mut err) = (String::new(), String::new());
        stdout.read_to_string(&mut out).await.unwrap();
        stderr.read_to_string(&mut err).await.unwrap();
        assert_eq!((out.as_str(), err.as_str()), ("hello", ""));
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn what_one_child_writes_another_reads_in_blocking_mode() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // The first writes late, and more than the pipe holds: the second would err in nonblocking mode, and so would the first.
            let mut second = piped("wc").arg("-c").spawn().unwrap();
            let into: Stdio = second.stdin.take().unwrap().try_into().unwrap();
            let mut first =
                piped("sh").args(["-c", "read line; head -c 500000 /dev/zero"]).stdout(into).spawn().unwrap();
            first.stdin.as_mut().unwrap().write_all(b"go\n").await.unwrap();
            assert!(first.wait().await.unwrap().success());
            // The pipe's end is the command's, which is gone.
            let output = second.wait_with_output().await.unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "500000");

            let mut first = piped("sh").args(["-c", "read line; echo out; echo err >&2"]).spawn().unwrap();
            let out: Stdio = first.stdout.take().unwrap().try_into().unwrap();
            let err: Stdio = first.stderr.take().unwrap().try_into().unwrap();
            let out = piped("cat").stdin(out).spawn().unwrap();
            let err = piped("cat").stdin(err).spawn().unwrap();
            first.stdin.as_mut().unwrap().write_all(b"go\n").await.unwrap();
            assert!(first.wait().await.unwrap().success());
            let (out, err) = (out.wait_with_output().await.unwrap(), err.wait_with_output().await.unwrap());
            assert_eq!((&out.stdout[..], &err.stdout[..]), (&b"out\n"[..], &b"err\n"[..]));
            assert!(out.status.success() && err.status.success());
        });
    });
}
