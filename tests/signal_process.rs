//! What a signal does to the process as a whole: each test has one of its own.
#![cfg(all(target_os = "linux", feature = "signal"))]

#[path = "support/child.rs"]
mod child;
mod support;

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{Command, Stdio};

use child::in_child;
use fusee::signal::unix::{SignalKind, signal};
use fusee::signal::{StopCause, ctrl_c, shutdown};
use futures::FutureExt;
use nix::libc::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::raise;
use support::{current_thread, on_every_flavour, workers};

/// The signal that ends a child, which is this process started again for the test `name` alone; there `body` runs, and is to be ended.
fn ended_by(name: &str, body: impl FnOnce()) -> Option<i32> {
    if env::var_os("FUSEE_TEST_SIGNALLED").is_some() {
        // Who has started the tests may ignore it, as a shell does for what runs in the background.
        // SAFETY: there is no handler, which could do what is not allowed.
        unsafe { nix::sys::signal::signal(nix::sys::signal::SIGINT, nix::sys::signal::SigHandler::SigDfl) }.unwrap();
        body();
        return None;
    }
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", name]).env("FUSEE_TEST_SIGNALLED", "1").stdout(Stdio::null());
    Some(child.status().unwrap().signal().expect("a signal has ended it"))
}

#[test]
fn ctrl_c_is_heard() {
    in_child("ctrl_c_is_heard", || {
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                let mut heard = pin!(ctrl_c());
                assert!(heard.as_mut().now_or_never().is_none());
                raise(SIGINT).unwrap();
                heard.await.unwrap();
            });
        });
    });
}

#[test]
fn nobody_hears_ctrl_c_before_the_first_poll() {
    let ended = ended_by("nobody_hears_ctrl_c_before_the_first_poll", || {
        let runtime = current_thread();
        let _entered = runtime.enter();
        let _unpolled = ctrl_c();
        raise(SIGINT).unwrap();
    });
    assert!(ended.is_none_or(|signal| signal == SIGINT));
}

#[test]
fn a_listener_that_is_made_hears_ctrl_c_before_its_first_poll() {
    in_child("a_listener_that_is_made_hears_ctrl_c_before_its_first_poll", || {
        on_every_flavour(|runtime| {
            let _entered = runtime.enter();
            let stop = shutdown().unwrap();
            raise(SIGINT).unwrap();
            assert_eq!(runtime.block_on(stop), StopCause::Interrupt);
        });
    });
}

#[test]
fn both_signals_that_stop_a_program_are_heard_and_again() {
    in_child("both_signals_that_stop_a_program_are_heard_and_again", || {
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                let mut stop = shutdown().unwrap();
                for number in [SIGTERM, SIGINT, SIGINT, SIGTERM] {
                    assert!((&mut stop).now_or_never().is_none());
                    raise(number).unwrap();
                    let kind = (&mut stop).await.kind().unwrap();
                    assert_eq!(kind.as_raw_value(), number);
                }
                // Both at once are one.
                raise(SIGINT).unwrap();
                raise(SIGTERM).unwrap();
                assert_eq!((&mut stop).await, StopCause::Terminate);
                assert!((&mut stop).now_or_never().is_none());
            });
        });
    });
}

#[test]
fn without_its_runtime_nobody_waits_to_be_told_to_stop() {
    in_child("without_its_runtime_nobody_waits_to_be_told_to_stop", || {
        let runtime = workers(1);
        let (mut stop, mut heard) = (runtime.block_on(async { shutdown() }).unwrap(), pin!(ctrl_c()));
        runtime.block_on(async { assert!(heard.as_mut().now_or_never().is_none()) });
        drop(runtime);
        assert_eq!(futures::executor::block_on(&mut stop), StopCause::RuntimeGone);
        assert!(futures::executor::block_on(heard).is_err());
    });
}

#[test]
fn a_signal_that_nobody_listens_to_any_more_ends_nothing() {
    in_child("a_signal_that_nobody_listens_to_any_more_ends_nothing", || {
        current_thread().block_on(async { drop(signal(SignalKind::user_defined1()).unwrap()) });
        raise(SIGUSR1).unwrap();
    });
}

#[test]
fn listeners_that_are_gone_and_those_that_are_refused_leave_no_descriptor() {
    in_child("listeners_that_are_gone_and_those_that_are_refused_leave_no_descriptor", || {
        let runtime = current_thread();
        let _entered = runtime.enter();
        drop(shutdown().unwrap());
        let before = support::proc::open_files();
        let listeners: Vec<_> = (0..10).map(|_| shutdown().unwrap()).collect();
        assert_eq!(support::proc::open_files(), before + 40);
        drop(listeners);
        for number in [9, 0, -1, 4711] {
            signal(SignalKind::from_raw(number)).unwrap_err();
        }
        assert_eq!(support::proc::open_files(), before);
    });
}

#[test]
fn a_program_that_is_started_inherits_neither_sockets_nor_handlers() {
    in_child("a_program_that_is_started_inherits_neither_sockets_nor_handlers", || {
        current_thread().block_on(async {
            let _listeners: Vec<_> = (0..10).map(|_| signal(SignalKind::user_defined1()).unwrap()).collect();
            let open = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
            let open = String::from_utf8(open.stdout).unwrap();
            assert!(open.contains("/proc/") && !open.contains("socket:"), "{open}");
            let ended = Command::new("sh").args(["-c", "kill -USR1 $$"]).status().unwrap();
            assert_eq!(ended.signal(), Some(SIGUSR1));
        });
    });
}

#[test]
fn without_descriptors_it_errs_and_works_when_there_are_some_again() {
    in_child("without_descriptors_it_errs_and_works_when_there_are_some_again", || {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        current_thread().block_on(async {
            drop(signal(SignalKind::user_defined1()).unwrap());
            let usual = getrlimit(Resource::Nofile);
            // All numbers below the limit are taken.
            let mut held = Vec::new();
            setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..usual }).unwrap();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                held.push(file);
            }
            for _ in 0..2 {
                let refused = signal(SignalKind::user_defined1()).unwrap_err();
                assert_eq!(refused.raw_os_error(), Some(nix::libc::EMFILE));
                // One is not enough.
                held.pop();
            }
            held.pop();
            let mut listener = signal(SignalKind::user_defined1()).unwrap();
            raise(SIGUSR1).unwrap();
            assert_eq!(listener.recv().await, Some(()));
        });
    });
}
