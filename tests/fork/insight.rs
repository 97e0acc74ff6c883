//! In a forked child nothing that tells of an inherited runtime waits for a lock, or ends what is the parent's.

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::insight::watched;
use fusee::runtime::{Builder, Runtime};
use fusee::task::LocalSet;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::ForkResult;

use super::support::{self, until, watchdog};
use super::{ALONE, exit_code, in_child, split, wait};

/// A child has copies of the sockets by which dumps are asked for, and no thread that answers.
#[cfg(feature = "signal")]
#[test]
fn dumps_at_a_signal_are_the_parents_until_it_drops_them() {
    use fusee::signal::unix::{SignalKind, dump_on};

    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = Runtime::new().unwrap();
        let dumps = runtime.block_on(async { dump_on(SignalKind::user_defined2()).unwrap() });
        until("its thread waits", || support::proc::threads_named("fusee-dump") == 1);
        let (mut ready, mut tells) = std::io::pipe().unwrap();
        let child = match split() {
            ForkResult::Child => {
                drop(dumps);
                tells.write_all(b".").unwrap();
                loop {
                    thread::park();
                }
            }
            ForkResult::Parent { child } => child,
        };
        ready.read_exact(&mut [0]).unwrap();
        // The parent's thread has not seen an end.
        assert_eq!(support::proc::threads_named("fusee-dump"), 1);
        drop(dumps);
        until("its thread ends", || support::proc::threads_named("fusee-dump") == 0);
        assert_eq!(waitpid(child, Some(WaitPidFlag::WNOHANG)).unwrap(), WaitStatus::StillAlive, "the child lives");
        kill(child, Signal::SIGKILL).unwrap();
        assert!(matches!(wait(child), WaitStatus::Signaled(..)));
    });
}

/// Whoever tells of tasks holds locks for moments, at any of which the process may be forked.
#[test]
fn what_dumps_lock_keeps_no_child_waiting() {
    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let others: Vec<_> = (0..100).map(|_| runtime.spawn(std::future::pending::<()>())).collect();
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    assert!(runtime.handle().dump().others() <= others.len());
                }
            });
            for _ in 0..100 {
                let set = LocalSet::new();
                set.spawn_local(std::future::pending::<()>());
                let mut future = Box::pin(watched(std::future::pending::<()>()));
                set.block_on(
                    &runtime,
                    poll_fn(|context| {
                        assert!(future.as_mut().poll(context).is_pending());
                        Poll::Ready(())
                    }),
                );
                let handle = runtime.handle().clone();
                let status = in_child(move || {
                    drop(future);
                    drop(set);
                    u8::from(!handle.dump().tasks().is_empty() || !handle.wait_traces(10, Duration::MAX).is_empty())
                });
                assert_eq!(exit_code(status), 0);
            }
            ends.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn a_childs_own_set_waits_for_no_lock_of_the_parents() {
    let _alone = ALONE.lock();
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let _entered = runtime.enter();
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    drop(runtime.handle().dump());
                }
            });
            for _ in 0..200 {
                let status = in_child(|| {
                    let set = LocalSet::new();
                    futures::executor::block_on(set.run_until(async {}));
                    0
                });
                assert_eq!(exit_code(status), 0);
            }
            ends.store(true, Ordering::Relaxed);
        });
    });
}
