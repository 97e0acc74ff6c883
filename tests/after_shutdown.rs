//! What is left when a runtime is gone: wakers, handles, sleeps. Each does the documented thing, from any thread.

mod support;

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::Runtime;
use fusee::time::{Instant, sleep, timeout};
use futures::executor;
use support::wakers::counting;
use support::{Drops, Latch, holding, is_current_thread, message, on_every_flavour, poll_once, until, until_within};

/// The wakers of `count` tasks that wait.
fn task_wakers(runtime: &Runtime, count: usize) -> Vec<Waker> {
    let wakers = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..count {
        let wakers = wakers.clone();
        drop(runtime.spawn(poll_fn(move |context| {
            wakers.lock().unwrap().push(context.waker().clone());
            Poll::<()>::Pending
        })));
    }
    until_within(runtime, "all are polled", || wakers.lock().unwrap().len() == count);
    let mut wakers = wakers.lock().unwrap();
    std::mem::take(&mut *wakers)
}

#[test]
fn a_tasks_waker_is_a_no_op_for_ever_on_any_thread() {
    on_every_flavour(|runtime| {
        let wakers = task_wakers(&runtime, 100);
        drop(runtime);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let wakers = wakers.clone();
                thread::spawn(move || {
                    for waker in wakers {
                        waker.wake_by_ref();
                        let clone = waker.clone();
                        assert!(clone.will_wake(&waker));
                        clone.wake();
                        drop(waker.clone());
                        waker.wake();
                    }
                })
            })
            .collect();
        wakers.iter().for_each(Waker::wake_by_ref);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        wakers.into_iter().for_each(Waker::wake);
    });
}

#[test]
fn the_waker_of_a_root_future_is_a_no_op_after_block_on() {
    on_every_flavour(|runtime| {
        let waker = runtime.block_on(poll_fn(|context| Poll::Ready(context.waker().clone())));
        waker.wake_by_ref();
        drop(runtime);
        let clone = waker.clone();
        clone.wake();
        waker.wake();
    });
}

#[test]
fn handles_resolve_as_cancelled_or_with_what_was_there() {
    on_every_flavour(|runtime| {
        let done = runtime.spawn(async { 42 });
        let panicked = runtime.spawn(async { panic!("before") });
        until_within(&runtime, "both are complete", || done.is_finished() && panicked.is_finished());
        let waiting = runtime.spawn(pending::<()>());
        let awaited = runtime.spawn(pending::<()>());
        let (abort, id) = (waiting.abort_handle(), waiting.id());
        let other = thread::spawn(move || executor::block_on(awaited).unwrap_err());
        drop(runtime);
        assert!(other.join().unwrap().is_cancelled());
        assert!(waiting.is_finished() && abort.is_finished());
        abort.abort();
        abort.clone().abort();
        waiting.abort();
        assert_eq!((abort.id(), waiting.id()), (id, id));
        let error = executor::block_on(waiting).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.id(), id);
        abort.abort();
        assert_eq!(executor::block_on(done).unwrap(), 42);
        assert!(executor::block_on(panicked).unwrap_err().is_panic());
    });
}

#[test]
fn a_held_handle_spawns_into_cancelled_handles_and_the_call_drops_the_future() {
    on_every_flavour(|runtime| {
        let held = runtime.handle().clone();
        let inside = runtime.block_on(runtime.spawn(async { fusee::runtime::Handle::current() })).unwrap();
        drop(runtime);
        for handle in [held, inside] {
            let drops = Drops::new();
            let task = handle.spawn(holding(drops.token(), |_| Poll::<()>::Pending));
            assert_eq!(drops.count(), 1);
            assert!(task.is_finished());
            assert!(executor::block_on(task).unwrap_err().is_cancelled());
            let error = handle.block_on(async { fusee::spawn(async {}).await }).unwrap_err();
            assert!(error.is_cancelled());
            let _entered = handle.enter();
            drop(fusee::spawn(holding(drops.token(), |_| Poll::<()>::Pending)));
            assert_eq!(drops.count(), 2);
            assert_eq!(handle.metrics().num_alive_tasks(), 0);
            assert_eq!(handle.metrics().timers_live(), 0);
        }
    });
}

#[test]
fn polling_a_sleep_panics_with_a_message_that_says_why() {
    on_every_flavour(|runtime| {
        let handle = runtime.handle().clone();
        let _entered = handle.enter();
        let (_, waker) = counting();
        let never_polled = sleep(Duration::from_secs(3600));
        let mut polled = sleep(Duration::from_secs(3600));
        let mut reset = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut polled, &waker).is_pending());
        assert!(poll_once(&mut reset, &waker).is_pending());
        let dropped = sleep(Duration::from_secs(3600));
        drop(runtime);
        reset.reset(Instant::now() + Duration::from_secs(1800));
        let made_after = sleep(Duration::from_secs(3600));
        drop(dropped);
        for mut pause in [never_polled, polled, reset, made_after] {
            for _ in 0..2 {
                let panicked = catch_unwind(AssertUnwindSafe(|| poll_once(&mut pause, &waker))).unwrap_err();
                assert!(message(&*panicked).contains("shut down"), "{}", message(&*panicked));
            }
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            handle.block_on(async { timeout(Duration::from_secs(3600), pending::<()>()).await })
        }));
        assert!(message(&*panicked.unwrap_err()).contains("shut down"));
    });
}

#[test]
fn a_sleep_that_ended_before_stays_ended() {
    on_every_flavour(|runtime| {
        let mut pause = runtime.block_on(async { Some(sleep(Duration::from_millis(1))) }).unwrap();
        runtime.block_on(&mut pause);
        drop(runtime);
        assert!(pause.is_elapsed());
        executor::block_on(pause);
    });
}

#[test]
fn a_foreign_thread_that_sleeps_when_the_runtime_is_dropped_gets_the_panic() {
    on_every_flavour(|runtime| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = runtime.handle().clone();
                thread::spawn(move || handle.block_on(async { sleep(Duration::from_secs(3600)).await }))
            })
            .collect();
        until("all sleep", || runtime.metrics().timers_live() == 4);
        drop(runtime);
        for thread in threads {
            let payload = thread.join().unwrap_err();
            assert!(message(&*payload).contains("shut down"), "{}", message(&*payload));
        }
    });
}

#[test]
fn a_foreign_thread_that_awaits_a_task_when_the_runtime_is_dropped_gets_the_cancellation() {
    on_every_flavour(|runtime| {
        let (polled, handle) = (Latch::new(), runtime.handle().clone());
        let tell = polled.clone();
        let thread = thread::spawn(move || {
            let mut task = handle.spawn(pending::<()>());
            handle.block_on(poll_fn(move |context| {
                let answer = std::pin::Pin::new(&mut task).poll(context);
                tell.open();
                answer
            }))
        });
        polled.wait();
        drop(runtime);
        assert!(thread.join().unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_sleep_moved_to_another_runtime_panics_in_its_task_alone_when_its_own_runtime_is_gone() {
    on_every_flavour(|other| {
        let own = if is_current_thread(&other) { support::current_thread() } else { support::workers(1) };
        let mut pause = {
            let _entered = own.enter();
            sleep(Duration::from_secs(3600))
        };
        let polled = Latch::new();
        let tell = polled.clone();
        let task = other.spawn(poll_fn(move |context| {
            let answer = std::pin::Pin::new(&mut pause).poll(context);
            tell.open();
            answer
        }));
        until_within(&other, "it is polled", || polled.is_open());
        drop(own);
        let payload = other.block_on(task).unwrap_err().into_panic();
        assert!(message(&*payload).contains("shut down"));
        assert_eq!(other.block_on(other.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn a_sleep_that_shutdown_has_cut_off_has_not_elapsed() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut pause = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut pause, std::task::Waker::noop()).is_pending());
        let metrics = runtime.metrics();
        drop(runtime);
        assert!(!pause.is_elapsed());
        assert_eq!((metrics.timers_fired_count(), metrics.timers_cancelled_count()), (0, 1));
    });
}

#[cfg(feature = "net")]
#[test]
fn a_socket_does_what_it_was_told_of_before_and_no_more_until_it_is_taken_out() {
    use std::io::{Read, Write};

    use fusee::io::{AsyncReadExt, AsyncWriteExt};
    use fusee::net::TcpStream;

    on_every_flavour(|runtime| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = runtime.block_on(TcpStream::connect(listener.local_addr().unwrap())).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"before").unwrap();
        runtime.block_on(stream.readable()).unwrap();
        drop(runtime);

        executor::block_on(stream.read_exact(&mut [0; 6])).unwrap();
        let is_gone = |error: std::io::Error| assert!(error.to_string().contains("has shut down"), "{error}");
        is_gone(executor::block_on(stream.read(&mut [0; 8])).unwrap_err());
        peer.write_all(b"after").unwrap();
        is_gone(executor::block_on(stream.read(&mut [0; 8])).unwrap_err());
        executor::block_on(stream.write_all(b"answer")).unwrap();
        executor::block_on(stream.close()).unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "answer");

        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        let mut rest = [0; 5];
        stream.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"after");
    });
}
