//! Programs are started, waited for and killed.
#![cfg(all(unix, feature = "process"))]

mod support;

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::task::Waker;

use fusee::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use futures::FutureExt;
use nix::libc::{SIGKILL, SIGTERM};
use support::{current_thread, on_every_flavour, poll_once, watchdog, workers};

/// A shell that runs `script`.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A program that does not end by itself.
fn endless() -> Command {
    let mut command = Command::new("sleep");
    command.arg("100000").kill_on_drop(true);
    command
}

#[test]
fn how_it_ends_is_told_to_who_waits_before_and_after() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for code in [0, 1, 7, 255] {
                let mut child = shell(&format!("exit {code}")).spawn().unwrap();
                assert!(child.id().unwrap() > 0);
                let status = child.wait().await.unwrap();
                assert_eq!(status.code(), Some(code));
                // It goes on answering that.
                assert_eq!(child.wait().await.unwrap(), status);
                assert_eq!(child.try_wait().unwrap(), Some(status));
                assert_eq!(child.id(), None);
                child.start_kill().unwrap();
                child.kill().await.unwrap();
            }
            let status = shell("kill -TERM $$").status().await.unwrap();
            assert_eq!(status.signal(), Some(SIGTERM));
        });
    });
}

#[test]
fn one_that_has_ended_before_somebody_waits_is_told_of() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            drop(child.stdin.take());
            // Its end of the pipe is closed as it ends.
            fusee::io::AsyncReadExt::read_to_end(child.stdout.as_mut().unwrap(), &mut Vec::new()).await.unwrap();
            assert!(child.wait().await.unwrap().success());
        });
    });
}

#[test]
fn a_kill_ends_it() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = endless().spawn().unwrap();
            assert_eq!(child.try_wait().unwrap(), None);
            child.start_kill().unwrap();
            assert_eq!(child.wait().await.unwrap().signal(), Some(SIGKILL));
            let mut child = endless().spawn().unwrap();
            child.kill().await.unwrap();
            assert_eq!(child.try_wait().unwrap().and_then(|status| status.signal()), Some(SIGKILL));
        });
    });
}

#[test]
fn a_kill_of_one_that_has_ended_changes_nothing() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = shell("exit 3").spawn().unwrap();
            let id = rustix::process::Pid::from_raw(child.id().unwrap() as i32);
            // It is looked at, and not waited for.
            let ended = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
            rustix::process::waitid(rustix::process::WaitId::Pid(id.unwrap()), ended).unwrap();
            child.start_kill().unwrap();
            assert_eq!(child.id(), None, "its number may be another's");
            assert_eq!(child.wait().await.unwrap().code(), Some(3));
        });
    });
}

#[test]
fn a_wait_that_is_dropped_has_lost_nothing() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = endless().spawn().unwrap();
            for _ in 0..100 {
                assert!(child.wait().now_or_never().is_none());
            }
            child.start_kill().unwrap();
            // Dropped in the middle, whenever the end comes.
            let status = loop {
                if let Some(status) = child.wait().now_or_never() {
                    break status.unwrap();
                }
                fusee::task::yield_now().await;
            };
            assert_eq!(status.signal(), Some(SIGKILL));
        });
    });
}

#[test]
fn whoever_waits_closes_what_the_child_reads() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            assert!(child.wait().await.unwrap().success());
            assert!(child.stdin.is_none());
            let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            assert!(child.wait_with_output().await.unwrap().status.success());
            assert!(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).status().await.unwrap().success());
        });
    });
}

#[test]
fn a_thousand_at_once_end_each_in_its_own_way() {
    let usual = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: usual.maximum, ..usual };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, all).unwrap();
    watchdog(|| {
        workers(2).block_on(async {
            // All read from one pipe, whose end lets them go on.
            let (reader, writer) = std::io::pipe().unwrap();
            let children: Vec<_> = (0..1000)
                .map(|number| {
                    let mut command = shell(&format!("read line; exit {}", number % 251));
                    command.stdin(reader.try_clone().unwrap()).spawn().unwrap()
                })
                .collect();
            let waits: Vec<_> = children
                .into_iter()
                .map(|mut child| fusee::spawn(async move { child.wait().await.unwrap().code() }))
                .collect();
            drop((reader, writer));
            for (number, wait) in waits.into_iter().enumerate() {
                assert_eq!(wait.await.unwrap(), Some(number as i32 % 251));
            }
        });
    });
}

#[test]
fn what_cannot_be_started_is_said_at_once_and_by_the_futures() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut missing = Command::new("/no/such/program");
            assert_eq!(missing.spawn().unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(missing.status().await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(missing.output().await.unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(Command::new("/").spawn().unwrap_err().kind(), ErrorKind::PermissionDenied);
        });
    });
}

#[test]
fn outside_a_runtime_nothing_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("started");
    let mut command = Command::new("touch");
    command.arg(&file);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| command.spawn().map(drop)));
    assert!(refused.is_err());
    assert!(current_thread().block_on(async { Command::new("true").status().await }).unwrap().success());
    assert!(!file.exists());
}

#[test]
fn a_child_goes_over_to_another_runtime_when_its_own_is_gone() {
    watchdog(|| {
        for (first, second) in [(workers(1), current_thread()), (current_thread(), workers(2))] {
            let mut child = first.block_on(async { endless().spawn().unwrap() });
            {
                let mut wait = pin!(child.wait());
                assert!(poll_once(&mut wait, Waker::noop()).is_pending());
                drop(first);
                assert!(poll_once(&mut wait, Waker::noop()).is_ready(), "nobody tells of its end any more");
            }
            let status = second.block_on(async {
                assert!(child.wait().now_or_never().is_none());
                child.start_kill().unwrap();
                child.wait().await.unwrap()
            });
            assert_eq!(status.signal(), Some(SIGKILL));
        }
    });
}

#[test]
fn a_task_of_another_runtime_waits_too() {
    watchdog(|| {
        let (home, other) = (workers(1), workers(1));
        let mut child = home.block_on(async { endless().spawn().unwrap() });
        let wait = other.spawn(async move {
            assert!(child.wait().now_or_never().is_none());
            child.start_kill().unwrap();
            child.wait().await.unwrap()
        });
        assert_eq!(other.block_on(wait).unwrap().signal(), Some(SIGKILL));
    });
}

#[cfg(feature = "test-util")]
#[test]
fn on_a_paused_clock_a_time_limit_on_a_child_fires() {
    use fusee::runtime::Builder;
    use fusee::time::{Duration, Instant, timeout};

    watchdog(|| {
        for mut build in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            build.start_paused(true).build().unwrap().block_on(async {
                let begun = Instant::now();
                let mut child = endless().spawn().unwrap();
                timeout(Duration::from_secs(3600), child.wait()).await.unwrap_err();
                assert_eq!(begun.elapsed(), Duration::from_secs(3600));
                child.kill().await.unwrap();
            });
        }
    });
}

#[test]
fn a_command_says_and_keeps_what_it_was_told() {
    current_thread().block_on(async {
        let mut command = shell("echo $0 $A $B $C; pwd");
        command.args(["zero"]).env("A", "a").envs([("B", "b"), ("C", "c")]).env_remove("C").current_dir("/");
        command.arg0("renamed").kill_on_drop(true);
        assert!(command.get_kill_on_drop());
        assert_eq!(command.as_std().get_program(), "sh");
        for _ in 0..2 {
            assert_eq!(command.output().await.unwrap().stdout, b"zero a b\n/\n");
        }
        command.as_std_mut().env_clear();
        assert_eq!(command.output().await.unwrap().stdout, b"zero\n/\n");
        assert!(!Command::from(command.into_std()).get_kill_on_drop());

        let mut grouped = endless().process_group(0).spawn().unwrap();
        let id = grouped.id().unwrap();
        assert_eq!(nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(id as i32))).unwrap().as_raw(), id as i32);
        grouped.kill().await.unwrap();
    });
}

#[test]
fn a_closure_runs_before_the_program_and_may_refuse() {
    current_thread().block_on(async {
        let mut command = Command::new("true");
        // SAFETY: it makes an error of a number, and does nothing else.
        unsafe { command.pre_exec(|| Err(std::io::Error::from_raw_os_error(4242))) };
        assert_eq!(command.spawn().unwrap_err().raw_os_error(), Some(4242));
        let mut command = Command::new("true");
        // SAFETY: it does nothing.
        unsafe { command.pre_exec(|| Ok(())) };
        assert!(command.status().await.unwrap().success());
    });
}

#[test]
fn what_somebody_else_has_waited_for_is_an_error() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut child = endless().spawn().unwrap();
            let id = nix::unistd::Pid::from_raw(child.id().unwrap() as i32);
            child.start_kill().unwrap();
            nix::sys::wait::waitpid(id, None).unwrap();
            assert_eq!(child.wait().await.unwrap_err().raw_os_error(), Some(nix::libc::ECHILD));
        });
    });
}

#[test]
fn children_and_their_futures_go_to_other_threads() {
    fn everywhere<T: Send + Sync + Unpin>() {}
    fn unwind<T: UnwindSafe + RefUnwindSafe>() {}
    fn send(_: impl Send) {}

    everywhere::<Child>();
    everywhere::<Command>();
    everywhere::<ChildStdin>();
    everywhere::<ChildStdout>();
    everywhere::<ChildStderr>();
    unwind::<Child>();
    current_thread().block_on(async {
        let mut child = endless().spawn().unwrap();
        send(child.wait());
        send(child.kill());
        send(child.wait_with_output());
        send(Command::new("true").status());
        send(Command::new("true").output());
    });
    let _: fn(ExitStatus) -> bool = |status| status.success();
}
