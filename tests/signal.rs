//! Signals are heard by whoever listens: each listener, on each runtime, what comes after it was made.
#![cfg(all(unix, feature = "signal", feature = "net"))]

mod support;

use std::ffi::c_int;
use std::io::ErrorKind;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;

use fusee::signal::unix::{Signal, SignalKind, signal};
use fusee::signal::{Shutdown, ctrl_c};
use futures::{FutureExt, StreamExt};
use nix::libc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::low_level::raise;
use support::readiness::{all_events_told, waits};
use support::{current_thread, on_every_flavour, watchdog, workers};

/// A signal for each test: the others of this process hear what it sends.
#[cfg(target_os = "linux")]
fn real_time(number: c_int) -> SignalKind {
    SignalKind::from_raw(libc::SIGRTMIN() + number)
}

fn send(kind: SignalKind) {
    raise(kind.as_raw_value()).unwrap();
}

/// Whether it has heard something, without waiting for it.
async fn has_heard(signal: &mut Signal) -> bool {
    all_events_told().await;
    !waits(signal.recv()).await
}

#[cfg(target_os = "linux")]
#[test]
fn one_is_heard_whether_it_comes_before_or_while_somebody_waits() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut listener = signal(real_time(0)).unwrap();
            send(real_time(0));
            assert_eq!(listener.recv().await, Some(()));

            let mut waiting = pin!(listener.recv());
            assert_eq!(waiting.as_mut().now_or_never(), None);
            let sender = fusee::spawn(async { send(real_time(0)) });
            assert_eq!(waiting.await, Some(()));
            sender.await.unwrap();
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn several_between_two_looks_are_one_at_least_and_a_flood_blocks_nobody() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut listener = signal(real_time(1)).unwrap();
            for count in [1, 3, 64, 65, 20_000] {
                (0..count).for_each(|_| send(real_time(1)));
                assert_eq!(listener.recv().await, Some(()), "{count}");
                assert!(!has_heard(&mut listener).await, "{count} were taken at once");
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_listener_hears_what_comes_after_it_was_made() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut early = signal(real_time(2)).unwrap();
            send(real_time(2));
            let mut late = signal(real_time(2)).unwrap();
            assert!(has_heard(&mut early).await);
            assert!(!has_heard(&mut late).await);
            send(real_time(2));
            assert!(has_heard(&mut early).await);
            assert!(has_heard(&mut late).await);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_dropped_listener_silences_no_other() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let first = signal(real_time(3)).unwrap();
            let mut listener = signal(real_time(3)).unwrap();
            drop((first, signal(real_time(3)).unwrap()));
            send(real_time(3));
            assert_eq!(listener.recv().await, Some(()));
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_wait_that_is_dropped_has_lost_nothing() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut listener = signal(real_time(4)).unwrap();
            for _ in 0..100 {
                assert_eq!(listener.recv().now_or_never(), None);
                send(real_time(4));
                // Of those that are polled once some hear it, and some are dropped before.
                if listener.recv().now_or_never().is_none() {
                    assert_eq!(listener.recv().await, Some(()));
                }
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn each_of_two_runtimes_is_told() {
    watchdog(|| {
        let (one, two) = (workers(2), current_thread());
        let mut listeners = [&one, &two].map(|runtime| runtime.block_on(async { signal(real_time(5)).unwrap() }));
        for _ in 0..100 {
            send(real_time(5));
            assert_eq!(two.block_on(listeners[1].recv()), Some(()));
            assert_eq!(one.block_on(listeners[0].recv()), Some(()));
        }
        // One is gone: the other is told all the same.
        drop(one);
        assert_eq!(two.block_on(listeners[0].recv()), None);
        send(real_time(5));
        assert_eq!(two.block_on(listeners[1].recv()), Some(()));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_listeners_are_all_told() {
    let usual = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: usual.maximum, ..usual }).unwrap();
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut listeners: Vec<_> = (0..1000).map(|_| signal(real_time(6)).unwrap()).collect();
            send(real_time(6));
            for listener in &mut listeners {
                assert_eq!(listener.recv().await, Some(()));
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_listener_is_a_stream() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut listener = signal(real_time(7)).unwrap();
            for _ in 0..3 {
                send(real_time(7));
                assert_eq!(listener.next().await, Some(()));
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn real_time_signals_are_told_apart() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let kinds = || (15..=libc::SIGRTMAX() - libc::SIGRTMIN()).map(real_time);
            let mut listeners: Vec<_> = kinds().map(|kind| signal(kind).unwrap()).collect();
            for (at, kind) in kinds().enumerate() {
                send(kind);
                assert_eq!(listeners[at].recv().await, Some(()));
                all_events_told().await;
                for other in &mut listeners {
                    assert!(waits(other.recv()).await);
                }
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn without_its_runtime_a_listener_has_ended() {
    watchdog(|| {
        let runtime = workers(1);
        let mut listener = runtime.block_on(async { signal(real_time(8)).unwrap() });
        {
            let mut waiting = pin!(listener.recv());
            assert_eq!(waiting.as_mut().now_or_never(), None);
            drop(runtime);
            assert_eq!(futures::executor::block_on(waiting), None);
        }
        send(real_time(8));
        assert_eq!(futures::executor::block_on(listener.recv()), None);
        assert_eq!(futures::executor::block_on(listener.next()), None);
    });
}

#[cfg(all(target_os = "linux", feature = "test-util"))]
#[test]
fn on_a_paused_clock_a_listener_does_not_hold_the_clock_and_is_told_in_time() {
    use fusee::runtime::Builder;
    use fusee::time::{Duration, Instant, sleep, timeout};

    watchdog(|| {
        for mut build in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            build.start_paused(true).build().unwrap().block_on(async {
                let begun = Instant::now();
                let mut listener = signal(real_time(9)).unwrap();
                timeout(Duration::from_secs(3600), listener.recv()).await.unwrap_err();
                assert_eq!(begun.elapsed(), Duration::from_secs(3600));
                let sender = fusee::spawn(async {
                    sleep(Duration::from_secs(1)).await;
                    send(real_time(9));
                });
                timeout(Duration::from_secs(3600), listener.recv()).await.unwrap();
                assert_eq!(begun.elapsed(), Duration::from_secs(3601));
                sender.await.unwrap();
            });
        }
    });
}

#[test]
fn what_cannot_be_handled_is_refused() {
    let forbidden = [libc::SIGKILL, libc::SIGSTOP, libc::SIGILL, libc::SIGFPE, libc::SIGSEGV];
    // The last are none at all.
    for number in forbidden.into_iter().chain([0, -1, c_int::MIN, 4711, c_int::MAX]) {
        current_thread().block_on(async {
            let refused = signal(SignalKind::from_raw(number)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{number}: {refused}");
        });
    }
}

#[test]
fn each_kind_has_the_systems_number() {
    let kinds = [
        (SignalKind::alarm(), libc::SIGALRM),
        (SignalKind::child(), libc::SIGCHLD),
        (SignalKind::hangup(), libc::SIGHUP),
        (SignalKind::interrupt(), libc::SIGINT),
        (SignalKind::io(), libc::SIGIO),
        (SignalKind::pipe(), libc::SIGPIPE),
        (SignalKind::quit(), libc::SIGQUIT),
        (SignalKind::terminate(), libc::SIGTERM),
        (SignalKind::user_defined1(), libc::SIGUSR1),
        (SignalKind::user_defined2(), libc::SIGUSR2),
        (SignalKind::window_change(), libc::SIGWINCH),
    ];
    for (kind, number) in kinds {
        assert_eq!(kind, SignalKind::from(number));
        assert_eq!(c_int::from(kind), number);
        assert_eq!(SignalKind::from_raw(number).as_raw_value(), number);
    }
}

#[test]
fn listeners_and_their_futures_go_to_other_threads() {
    fn everywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin>() {}
    fn send(_: impl Send + Sync) {}

    everywhere::<Signal>();
    everywhere::<SignalKind>();
    everywhere::<Shutdown>();
    send(ctrl_c());
    current_thread().block_on(async { send(signal(SignalKind::window_change()).unwrap().recv()) });
}
