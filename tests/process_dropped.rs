//! A child that is dropped leaves no zombie: a task waits for it. One that is to be killed with its owner is killed.
#![cfg(all(target_os = "linux", feature = "process"))]

mod support;

use std::fs;
use std::process::Stdio;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::process::{Child, Command};
use fusee::runtime::{Builder, Runtime};
use fusee::task::yield_now;
use futures::FutureExt;
use support::{current_thread, on_every_flavour, until_within, watchdog, workers};

/// A child that runs until its pipe is closed, and the pipe.
fn until_closed() -> (Child, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    (Command::new("cat").stdin(reader).stdout(Stdio::null()).spawn().unwrap(), writer)
}

fn endless(kills: bool) -> Child {
    Command::new("sleep").arg("100000").kill_on_drop(kills).spawn().unwrap()
}

/// What the kernel says of a process: `Z` for a zombie, nothing for one that was waited for, another letter for one that runs.
fn state(id: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn runs(id: u32) -> bool {
    state(id).is_some_and(|state| state != 'Z')
}

/// Ends a process that a test has left.
fn end(id: u32) {
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::waitpid;
    use nix::unistd::Pid;

    let id = Pid::from_raw(id as i32);
    let _ = kill(id, Signal::SIGKILL);
    let _ = waitpid(id, None);
}

#[test]
fn one_that_ends_later_is_no_zombie() {
    on_every_flavour(|runtime| {
        let (id, pipe) = runtime.block_on(async {
            let (child, pipe) = until_closed();
            let id = child.id().unwrap();
            drop(child);
            yield_now().await;
            (id, pipe)
        });
        assert!(runs(id));
        drop(pipe);
        until_within(&runtime, "it was waited for", || state(id).is_none());
    });
}

#[test]
fn one_that_has_ended_is_no_zombie_at_once() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (child, pipe) = until_closed();
            let id = child.id().unwrap();
            drop(pipe);
            support::until("it has ended", || state(id) == Some('Z'));
            drop(child);
            assert_eq!(state(id), None);
        });
    });
}

#[test]
fn one_whose_wait_was_begun_or_whose_future_was_dropped_is_no_zombie() {
    on_every_flavour(|runtime| {
        let (id, pipe) = runtime.block_on(async {
            let (mut child, pipe) = until_closed();
            let id = child.id().unwrap();
            assert!(child.wait().now_or_never().is_none());
            assert!(child.wait_with_output().now_or_never().is_none());
            (id, pipe)
        });
        drop(pipe);
        until_within(&runtime, "it was waited for", || state(id).is_none());
    });
}

#[test]
fn a_hundred_that_are_dropped_and_end_together_leave_no_zombie() {
    on_every_flavour(|runtime| {
        let (ids, pipe) = runtime.block_on(async {
            let (reader, pipe) = std::io::pipe().unwrap();
            let start = |_| {
                let mut command = Command::new("cat");
                command.stdin(reader.try_clone().unwrap()).stdout(Stdio::null()).spawn().unwrap().id().unwrap()
            };
            ((0..100).map(start).collect::<Vec<_>>(), pipe)
        });
        drop(pipe);
        until_within(&runtime, "all were waited for", || ids.iter().all(|id| state(*id).is_none()));
    });
}

#[test]
fn kill_on_drop_kills_and_leaves_no_zombie() {
    on_every_flavour(|runtime| {
        let ids = runtime.block_on(async {
            let child = endless(true);
            let id = child.id().unwrap();
            drop(child);
            let mut command = Command::new("sleep");
            command.arg("100000").kill_on_drop(true);
            // It is started in the call, and dropped with the future.
            drop(command.status());
            drop(command.output());
            id
        });
        until_within(&runtime, "it was waited for", || state(ids).is_none());
        until_within(&runtime, "all tasks have ended", || runtime.metrics().num_alive_tasks() == 0);
    });
}

#[test]
fn one_that_is_dropped_outside_its_runtime_is_no_zombie() {
    watchdog(|| {
        let runtime = workers(1);
        let (child, pipe) = runtime.block_on(async { until_closed() });
        let id = child.id().unwrap();
        std::thread::spawn(move || drop(child)).join().unwrap();
        drop(pipe);
        support::until("it was waited for", || state(id).is_none());
    });
}

#[test]
fn one_whose_runtime_is_gone_is_waited_for_by_the_one_that_it_is_dropped_on() {
    watchdog(|| {
        for second in [workers(1), current_thread()] {
            let (child, pipe) = current_thread().block_on(async { until_closed() });
            let id = child.id().unwrap();
            second.block_on(async { drop(child) });
            drop(pipe);
            until_within(&second, "it was waited for", || state(id).is_none());
        }
    });
}

/// The ways in which a runtime with a child ends: the owner is a task of it, or outlives it, or has left the child to a task.
fn shut_down(runtime: Runtime, child: Child, way: usize) {
    match way {
        0 => {
            drop(runtime.spawn(async move {
                let _child = child;
                std::future::pending::<()>().await;
            }));
            drop(runtime);
        }
        1 => {
            drop(runtime);
            drop(child);
        }
        _ => {
            runtime.block_on(async {
                drop(child);
                yield_now().await;
            });
            drop(runtime);
        }
    }
}

#[test]
fn one_that_has_ended_when_its_runtime_shuts_down_is_no_zombie() {
    watchdog(|| {
        for mut build in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            for way in 0..3 {
                let runtime = build.build().unwrap();
                let (child, pipe) = runtime.block_on(async { until_closed() });
                let id = child.id().unwrap();
                drop(pipe);
                support::until("it has ended", || state(id) == Some('Z'));
                shut_down(runtime, child, way);
                assert_eq!(state(id), None, "{way}");
            }
        }
    });
}

#[test]
fn one_that_has_ended_before_its_task_could_look_is_no_zombie_after_the_shutdown() {
    watchdog(|| {
        let runtime = current_thread();
        let (id, pipe) = runtime.block_on(async {
            let (child, pipe) = until_closed();
            let id = child.id().unwrap();
            drop(child);
            yield_now().await;
            (id, pipe)
        });
        // No task runs outside `block_on`.
        drop(pipe);
        support::until("it has ended", || state(id) == Some('Z'));
        drop(runtime);
        assert_eq!(state(id), None);
    });
}

#[test]
fn one_that_is_to_be_killed_is_no_zombie_when_its_runtime_has_shut_down() {
    watchdog(|| {
        for mut build in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            for way in 0..3 {
                let runtime = build.build().unwrap();
                let child = runtime.block_on(async { endless(true) });
                let id = child.id().unwrap();
                shut_down(runtime, child, way);
                assert_eq!(state(id), None, "{way}");
            }
        }
    });
}

#[test]
fn one_that_runs_on_holds_up_no_shutdown() {
    watchdog(|| {
        for mut build in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            for way in 0..3 {
                let runtime = build.build().unwrap();
                let child = runtime.block_on(async { endless(false) });
                let id = child.id().unwrap();
                shut_down(runtime, child, way);
                assert!(runs(id), "{way}");
                end(id);
            }
        }
    });
}

#[test]
fn a_copy_in_a_forked_child_kills_and_waits_for_nobody() {
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    watchdog(|| {
        let runtime = current_thread();
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = Some(runtime.block_on(async { command.spawn().unwrap() }));
        // SAFETY: the copy drops a child, which closes descriptors and frees memory, as glibc allows after a fork, and ends.
        let forked = unsafe { fork() }.unwrap();
        let ForkResult::Parent { child: copy } = forked else {
            drop(child.take());
            // SAFETY: it never returns, and touches no memory.
            unsafe { nix::libc::_exit(0) }
        };
        assert!(matches!(waitpid(copy, None).unwrap(), WaitStatus::Exited(_, 0)));
        let mut child = child.unwrap();
        // It still answers, and is waited for.
        runtime.block_on(async {
            child.stdin.as_mut().unwrap().write_all(b"hello").await.unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).await.expect("an answer");
            assert!(child.wait().await.unwrap().success());
        });
    });
}
