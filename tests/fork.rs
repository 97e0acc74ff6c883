//! In a forked child an inherited runtime is refused with a clear message, and a new one works.
//!
//! The child ends by `_exit`, whatever happens: its status says which step went wrong.
#![cfg(target_os = "linux")]

#[path = "fork/insight.rs"]
mod insight;
mod support;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::block_in_place;
use fusee::time::sleep;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use support::{message, until, watchdog};

/// One test at a time: a fork must not come while a thread of another test is inside a lock.
static ALONE: Mutex<()> = Mutex::new(());

/// Forks the process.
fn split() -> ForkResult {
    // SAFETY: the child allocates and takes locks, which glibc's allocator allows after a fork; the threads of this process are parked, or
    // wait for the child: none is inside a lock of the standard library or of parking_lot.
    unsafe { fork() }.expect("a child")
}

/// Ends the child without running what belongs to the parent.
fn end(status: u8) -> ! {
    // SAFETY: it never returns, and touches no memory.
    unsafe { nix::libc::_exit(status.into()) }
}

/// How the child ends.
fn wait(child: Pid) -> WaitStatus {
    let mut status = WaitStatus::StillAlive;
    until("the child has ended", || {
        status = waitpid(child, Some(WaitPidFlag::WNOHANG)).expect("our child");
        status != WaitStatus::StillAlive
    });
    status
}

/// Runs `child` in a forked process, which ends with its number, or with 99 if it panics.
fn in_child(child: impl FnOnce() -> u8) -> WaitStatus {
    match split() {
        ForkResult::Child => end(catch_unwind(AssertUnwindSafe(child)).unwrap_or(99)),
        ForkResult::Parent { child } => wait(child),
    }
}

fn exit_code(status: WaitStatus) -> i32 {
    match status {
        WaitStatus::Exited(_, code) => code,
        other => panic!("the child ended with {other:?}"),
    }
}

/// Whether `f` panics with the message about forks.
fn is_refused(f: impl FnOnce()) -> bool {
    let refused = catch_unwind(AssertUnwindSafe(f));
    refused.is_err_and(|payload| message(&*payload).contains("a child of the process that built it"))
}

#[test]
fn every_use_of_an_inherited_runtime_is_refused_and_its_drop_returns() {
    for build in [Builder::new_multi_thread, Builder::new_current_thread] {
        let _alone = ALONE.lock();
        watchdog(move || {
            let runtime = build().build().unwrap();
            let parked = runtime.spawn(std::future::pending::<()>());
            runtime.block_on(async { sleep(Duration::from_millis(1)).await });
            let handle = runtime.handle().clone();
            let status = in_child(move || {
                let uses: [&mut dyn FnMut(); 4] = [
                    &mut || drop(runtime.spawn(async {})),
                    &mut || runtime.block_on(async {}),
                    &mut || handle.block_on(async {}),
                    &mut || {
                        let _entered = handle.enter();
                        futures::executor::block_on(sleep(Duration::from_millis(1)));
                    },
                ];
                for (index, mut used) in uses.into_iter().enumerate() {
                    if !is_refused(&mut used) {
                        return 1 + index as u8;
                    }
                }
                drop(runtime);
                0
            });
            assert_eq!(exit_code(status), 0);
            drop(parked);
        });
    }
}

#[test]
fn a_new_runtime_in_the_child_works() {
    let _alone = ALONE.lock();
    watchdog(|| {
        let parent = support::workers(2);
        parent.block_on(async { fusee::spawn(async {}).await.unwrap() });
        let status = in_child(|| {
            let child = Runtime::new().unwrap();
            child.block_on(async {
                let task = fusee::spawn(async {
                    sleep(Duration::from_millis(1)).await;
                    7
                });
                task.await.unwrap()
            })
        });
        assert_eq!(exit_code(status), 7);
        assert_eq!(parent.block_on(async { fusee::spawn(async { 1 }).await.unwrap() }), 1);
    });
}

#[test]
fn a_root_future_that_forks_and_then_waits_panics_in_the_child() {
    for build in [Builder::new_multi_thread, Builder::new_current_thread] {
        let _alone = ALONE.lock();
        watchdog(move || {
            let runtime = build().build().unwrap();
            let root = poll_fn(|_| match split() {
                ForkResult::Child => Poll::Pending,
                ForkResult::Parent { child } => Poll::Ready(child),
            });
            let mut child = None;
            let refused = is_refused(|| child = Some(runtime.block_on(root)));
            let Some(child) = child else { end(u8::from(!refused)) };
            assert_eq!(exit_code(wait(child)), 0);
            assert_eq!(runtime.block_on(async { fusee::spawn(async { 2 }).await.unwrap() }), 2);
        });
    }
}

#[test]
fn a_thread_without_a_worker_that_forks_and_returns_in_the_child_ends_the_child() {
    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = support::workers(2);
        let (task, job) = runtime.block_on(async {
            let task = fusee::spawn(async { block_in_place(split) });
            (task.await.unwrap(), fusee::task::spawn_blocking(split).await.unwrap())
        });
        for forked in [task, job] {
            let ForkResult::Parent { child } = forked else { panic!("the child answers nobody") };
            let ended = wait(child);
            assert!(matches!(ended, WaitStatus::Signaled(_, Signal::SIGABRT, _)), "{ended:?}");
        }
    });
}

#[test]
fn a_task_that_forks_and_returns_in_the_child_ends_the_child() {
    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = support::workers(1);
        let forked = runtime.block_on(async { fusee::spawn(async { split() }).await.unwrap() });
        let ForkResult::Parent { child } = forked else { panic!("the child's worker answers nobody") };
        let ended = wait(child);
        assert!(matches!(ended, WaitStatus::Signaled(_, Signal::SIGABRT, _)), "{ended:?}");
    });
}

#[cfg(feature = "net")]
mod sources {
    use std::io::{Read, Write};
    use std::os::unix::net;

    use fusee::io::unix::AsyncFd;
    use fusee::io::{AsyncReadExt, AsyncWriteExt, Interest};
    use fusee::net::UnixStream;
    use futures::executor;

    use super::*;

    /// What a child inherits: both ends of one connection, and one of another, as sources; the rest.
    type Sources = (UnixStream, UnixStream, AsyncFd<net::UnixStream>, net::UnixStream);

    fn sources(runtime: &Runtime) -> Sources {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let (near, far) = net::UnixStream::pair().unwrap();
            far.set_nonblocking(true).unwrap();
            (one, other, AsyncFd::new(far).unwrap(), near)
        })
    }

    /// Whether events come: each byte is waited for.
    async fn assert_at_work((one, other, far, near): &mut Sources) {
        for _ in 0..3 {
            let written = async {
                fusee::task::yield_now().await;
                one.write_all(b"x").await.unwrap();
                near.write_all(b"x").unwrap();
            };
            let read = async {
                other.read_exact(&mut [0; 1]).await.unwrap();
                far.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 1])).await.unwrap();
            };
            futures::join!(read, written);
        }
    }

    #[test]
    fn that_a_child_drops_or_takes_apart_stay_in_the_parents_selector() {
        for build in [Builder::new_multi_thread, Builder::new_current_thread] {
            let _alone = ALONE.lock();
            watchdog(move || {
                let runtime = build().build().unwrap();
                let mut inherited = Some(sources(&runtime));
                runtime.block_on(assert_at_work(inherited.as_mut().unwrap()));
                let status = in_child(|| {
                    let (one, other, far, near) = inherited.take().unwrap();
                    drop(one);
                    drop(other.into_std().unwrap());
                    drop(far.into_inner());
                    drop(near);
                    0
                });
                assert_eq!(exit_code(status), 0);
                runtime.block_on(assert_at_work(inherited.as_mut().unwrap()));
            });
        }
    }

    #[test]
    fn are_not_waited_for_in_a_child_nor_added_there() {
        for build in [Builder::new_multi_thread, Builder::new_current_thread] {
            let _alone = ALONE.lock();
            watchdog(move || {
                let runtime = build().build().unwrap();
                let mut inherited = sources(&runtime);
                let handle = runtime.handle().clone();
                let status = in_child(|| {
                    let (one, other, far, _) = &mut inherited;
                    let uses: [&mut dyn FnMut(); 4] = [
                        &mut || drop(executor::block_on(one.read(&mut [0; 1]))),
                        &mut || drop(executor::block_on(other.readable())),
                        &mut || drop(executor::block_on(far.readable()).map(drop)),
                        &mut || {
                            let _entered = handle.enter();
                            drop(UnixStream::pair());
                        },
                    ];
                    for (index, mut used) in uses.into_iter().enumerate() {
                        if !is_refused(&mut used) {
                            return 1 + index as u8;
                        }
                    }
                    0
                });
                assert_eq!(exit_code(status), 0);
                runtime.block_on(assert_at_work(&mut inherited));
            });
        }
    }
}

#[cfg(feature = "signal")]
#[test]
fn a_listener_to_signals_that_a_child_drops_waits_for_nobody() {
    use fusee::signal::unix::{SignalKind, signal};
    use std::sync::atomic::{AtomicBool, Ordering};

    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let _entered = runtime.enter();
        let mut inherited = Some(signal(SignalKind::window_change()).unwrap());
        let enough = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // It has the lock of the handlers' table most of the time: so most children inherit it locked.
            scope.spawn(|| {
                let _entered = runtime.enter();
                while !enough.load(Ordering::Relaxed) {
                    drop(signal(SignalKind::window_change()).unwrap());
                }
            });
            let _ends = support::on_drop(|| enough.store(true, Ordering::Relaxed));
            for _ in 0..100 {
                let status = in_child(|| {
                    drop(inherited.take());
                    0
                });
                assert_eq!(exit_code(status), 0);
            }
        });
    });
}

#[cfg(feature = "console")]
mod console {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_child_neither_serves_the_console_nor_removes_it() {
        let _alone = ALONE.lock();
        watchdog(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.sock");
            let runtime = Builder::new_multi_thread().worker_threads(1).console(&path).build().unwrap();
            let mut client = BufReader::new(UnixStream::connect(&path).unwrap());
            let mut hello = String::new();
            client.read_line(&mut hello).unwrap();
            let (mut near, mut far) = UnixStream::pair().unwrap();
            let child = match split() {
                ForkResult::Parent { child } => child,
                ForkResult::Child => {
                    drop(runtime);
                    let told = far.write(b"x").and_then(|_| far.read(&mut [0]));
                    end(u8::from(!matches!(told, Ok(1))));
                }
            };
            near.read_exact(&mut [0]).unwrap();
            // The child has dropped its copy, and lives.
            client.get_mut().write_all(b"{\"get\":\"stats\"}\n").unwrap();
            let mut stats = String::new();
            client.read_line(&mut stats).unwrap();
            assert!(stats.starts_with("{\"stats\":"), "{stats}");
            drop(UnixStream::connect(&path).unwrap());
            drop(runtime);
            assert_eq!(client.read(&mut [0]).unwrap(), 0, "though the child has copies of the descriptors");
            assert!(!path.exists());
            near.write_all(b"x").unwrap();
            assert_eq!(exit_code(wait(child)), 0);
        });
    }
}
