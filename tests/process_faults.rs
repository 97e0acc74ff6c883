//! What may be refused: descriptors of processes, by kernels and filters; descriptors of any kind, to who has too many.
#![cfg(all(target_os = "linux", feature = "process"))]

#[path = "support/child.rs"]
mod child;
mod support;

use std::fs::{self, File};
use std::process::Stdio;

use child::in_child;
use fusee::process::{Child, Command};
use fusee::runtime::Builder;
use futures::FutureExt;
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{current_thread, on_every_flavour, until_within};

/// From now on the kernel refuses this thread, and those that it starts, a descriptor of a process with the error `number`.
fn refuse_descriptors(number: i32) {
    answer(libc::SYS_pidfd_open, libc::SECCOMP_RET_ERRNO | number as u32);
}

/// From now on the kernel answers `call` to this thread, and those that it starts, by `action`.
fn answer(call: i64, action: u32) {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let call = u32::try_from(call).unwrap();
    let mut program = [
        // The number of the call is the first word.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter { jf: 1, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call) },
        statement(libc::BPF_RET | libc::BPF_K, action),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: it changes a flag of this thread, and takes no pointer.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the filter is whole and lives through the call, which copies it.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) }, 0);
}

/// The descriptors of processes that this process has.
fn descriptors_of_processes() -> usize {
    let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.to_string_lossy().contains("pidfd")).count()
}

/// All that is asked of children, where there may be no descriptors of them.
fn children_are_waited_for_and_reaped(has_descriptors: bool) {
    on_every_flavour(move |runtime| {
        let id = runtime.block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            let mut child = Command::new("cat").stdin(reader).stdout(Stdio::null()).spawn().unwrap();
            assert_eq!(descriptors_of_processes(), usize::from(has_descriptors));
            assert!(child.wait().now_or_never().is_none());
            let mut other = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            assert!(other.wait().await.unwrap().success());
            assert!(child.wait().now_or_never().is_none());
            drop(writer);
            assert_eq!(child.wait().await.unwrap().code(), Some(0));

            // Many that end at the same time, while each hears of all.
            let (reader, writer) = std::io::pipe().unwrap();
            let waits: Vec<_> = (0..50)
                .map(|number| {
                    let mut command = Command::new("sh");
                    command.args(["-c", &format!("read line; exit {number}")]);
                    let mut child = command.stdin(reader.try_clone().unwrap()).spawn().unwrap();
                    fusee::spawn(async move { child.wait().await.unwrap().code() })
                })
                .collect();
            drop((reader, writer));
            for (number, wait) in waits.into_iter().enumerate() {
                assert_eq!(wait.await.unwrap(), Some(number as i32));
            }
            let dropped = Command::new("sleep").arg("100000").kill_on_drop(true).spawn().unwrap();
            dropped.id().unwrap()
        });
        until_within(&runtime, "it was waited for", || !fs::exists(format!("/proc/{id}")).unwrap());

        // It goes over to another runtime.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = runtime.block_on(async { Command::new("cat").stdin(reader).spawn().unwrap() });
        drop(runtime);
        assert!(child.wait().now_or_never().unwrap().is_err());
        drop(writer);
        let other = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert!(other.block_on(child.wait()).unwrap().success());
    });
}

#[test]
fn with_descriptors_of_processes() {
    in_child("with_descriptors_of_processes", || children_are_waited_for_and_reaped(true));
}

#[test]
fn on_a_kernel_without_descriptors_of_processes() {
    in_child("on_a_kernel_without_descriptors_of_processes", || {
        refuse_descriptors(libc::ENOSYS);
        children_are_waited_for_and_reaped(false);
    });
}

#[test]
fn under_a_filter_that_refuses_descriptors_of_processes() {
    in_child("under_a_filter_that_refuses_descriptors_of_processes", || {
        refuse_descriptors(libc::EPERM);
        children_are_waited_for_and_reaped(false);
    });
}

#[test]
fn one_that_somebody_else_has_waited_for_is_not_killed_for_its_number_may_be_anothers() {
    in_child("one_that_somebody_else_has_waited_for_is_not_killed_for_its_number_may_be_anothers", || {
        // SAFETY: there is no handler, which could do what is not allowed.
        unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }.unwrap();
        // Whoever kills ends the process.
        answer(libc::SYS_kill, libc::SECCOMP_RET_KILL_PROCESS);
        answer(libc::SYS_pidfd_send_signal, libc::SECCOMP_RET_KILL_PROCESS);
        current_thread().block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            let mut command = Command::new("cat");
            let mut child = command.stdin(reader).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
            let id = child.id().unwrap();
            drop(writer);
            support::until("the kernel has waited for it", || !fs::exists(format!("/proc/{id}")).unwrap());
            assert_eq!(child.start_kill().unwrap_err().raw_os_error(), Some(libc::ECHILD));
            drop(child);
        });
    });
}

/// From now on the kernel waits for children that end.
fn ignore_children(by_flag: bool) {
    let (handler, flags) =
        if by_flag { (SigHandler::SigDfl, SaFlags::SA_NOCLDWAIT) } else { (SigHandler::SigIgn, SaFlags::empty()) };
    // SAFETY: there is no handler, which could do what is not allowed.
    unsafe { sigaction(Signal::SIGCHLD, &SigAction::new(handler, flags, SigSet::empty())) }.unwrap();
}

/// A child that the kernel has waited for.
async fn gone() -> Child {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new("cat");
    let child = command.stdin(reader).stdout(Stdio::null()).spawn().unwrap();
    let id = child.id().unwrap();
    drop(writer);
    support::until("the kernel has waited for it", || !fs::exists(format!("/proc/{id}")).unwrap());
    child
}

#[test]
fn a_wait_for_one_that_the_kernel_has_waited_for_errs_and_changes_no_handler() {
    in_child("a_wait_for_one_that_the_kernel_has_waited_for_errs_and_changes_no_handler", || {
        for by_flag in [true, false] {
            ignore_children(by_flag);
            on_every_flavour(|runtime| {
                let is_lost = |error: std::io::Error| assert_eq!(error.raw_os_error(), Some(libc::ECHILD));
                runtime.block_on(async {
                    let mut child = gone().await;
                    for _ in 0..2 {
                        is_lost(child.wait().await.unwrap_err());
                        is_lost(child.try_wait().unwrap_err());
                        is_lost(child.kill().await.unwrap_err());
                    }
                    // One that ends while somebody waits.
                    let (reader, writer) = std::io::pipe().unwrap();
                    let mut child = Command::new("cat").stdin(reader).stdout(Stdio::null()).spawn().unwrap();
                    assert!(child.wait().now_or_never().is_none());
                    drop(writer);
                    is_lost(child.wait().await.unwrap_err());
                });
                // The runtime that takes it over finds nobody.
                let (reader, writer) = std::io::pipe().unwrap();
                let mut other = runtime
                    .block_on(async { Command::new("cat").stdin(reader).stdout(Stdio::null()).spawn().unwrap() });
                let id = other.id().unwrap();
                drop((runtime, writer));
                support::until("the kernel has waited for it", || !fs::exists(format!("/proc/{id}")).unwrap());
                is_lost(current_thread().block_on(other.wait()).unwrap_err());
            });
            // SAFETY: as above.
            let handler = unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }.unwrap();
            assert!(
                matches!((by_flag, handler), (true, SigHandler::SigDfl) | (false, SigHandler::SigIgn)),
                "{handler:?}"
            );
        }
    });
}

#[test]
fn one_that_has_a_descriptor_is_killed_by_that_and_not_by_its_number() {
    in_child("one_that_has_a_descriptor_is_killed_by_that_and_not_by_its_number", || {
        answer(libc::SYS_kill, libc::SECCOMP_RET_KILL_PROCESS);
        kills();
    });
}

#[test]
fn under_a_filter_that_refuses_signals_to_descriptors_it_is_killed_by_its_number() {
    in_child("under_a_filter_that_refuses_signals_to_descriptors_it_is_killed_by_its_number", || {
        for number in [libc::EPERM, libc::ENOSYS] {
            std::thread::spawn(move || {
                answer(libc::SYS_pidfd_send_signal, libc::SECCOMP_RET_ERRNO | number as u32);
                kills();
            })
            .join()
            .unwrap();
        }
    });
}

fn kills() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // It has nothing of who waits for what the test says.
            let endless = || {
                let mut command = Command::new("sleep");
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                command.arg("100000").kill_on_drop(true).spawn().unwrap()
            };
            endless().kill().await.unwrap();
            let id = endless().id().unwrap();
            support::until("it is gone", || {
                !fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
            });
        });
    });
}

#[test]
fn without_descriptors_it_errs_leaves_no_process_and_works_when_there_are_some_again() {
    in_child("without_descriptors_it_errs_leaves_no_process_and_works_when_there_are_some_again", || {
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                let mut command = Command::new("cat");
                command.stdin(Stdio::piped()).stdout(Stdio::piped());
                assert!(command.status().await.unwrap().success());
                // This one has what it needs to be started, and not what is needed to wait for it.
                let mut endless = Command::new("sleep");
                let nowhere = || File::create("/dev/null").unwrap();
                endless.arg("100000").stdin(nowhere()).stdout(nowhere()).stderr(nowhere()).kill_on_drop(true);
                let usual = getrlimit(Resource::Nofile);
                setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..usual }).unwrap();
                let mut held = Vec::new();
                while let Ok(file) = File::open("/dev/null") {
                    held.push(file);
                }
                for (command, needed) in [(&mut endless, 1), (&mut command, 3)] {
                    // One more is let go each time: so each step is refused once.
                    let mut refusals = 0;
                    let mut child = loop {
                        match command.spawn() {
                            Ok(child) => break child,
                            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}"),
                        }
                        refusals += 1;
                        // Not even one that was started in vain is left, nor its descriptors.
                        let left = waitpid(None, Some(WaitPidFlag::WNOHANG));
                        assert_eq!(left, Err(Errno::ECHILD));
                        drop(held.pop());
                        drop(File::open("/dev/null").expect("as many descriptors as were let go"));
                    };
                    assert!(refusals >= needed, "{refusals}");
                    child.kill().await.unwrap();
                    while let Ok(file) = File::open("/dev/null") {
                        held.push(file);
                    }
                }
                setrlimit(Resource::Nofile, usual).unwrap();
            });
        });
    });
}
