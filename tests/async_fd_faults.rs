//! What goes wrong with descriptors: they are refused, outlive their owners, change hands, are told of in vain, or are
//! awaited by wakers that misbehave.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use fusee::io::Interest;
use fusee::io::unix::AsyncFd;
use fusee::runtime::Runtime;
use fusee::task::JoinHandle;
use support::readiness::{all_events_told, waits};
use support::wakers::{calling, counting};
use support::{Latch, block_a_worker, current_thread, on_every_flavour, quiet_panic, until_within, watchdog, workers};

fn streams() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    (near, far)
}

/// As [`streams`], the second with the lowest number that is free from `least` on, which no other test of this file
/// has.
fn streams_from(least: RawFd) -> (UnixStream, UnixStream) {
    let (near, far) = streams();
    (near, rustix::io::fcntl_dupfd_cloexec(far, least).unwrap().into())
}

fn pair() -> (UnixStream, AsyncFd<UnixStream>) {
    let (near, far) = streams();
    (near, AsyncFd::new(far).unwrap())
}

/// The number of a descriptor that is another's.
#[derive(Debug)]
struct Borrowed(RawFd);

impl AsRawFd for Borrowed {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_on_a_disk_is_refused_with_its_owner() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let file = File::open(std::env::current_exe().unwrap()).unwrap();
            let (file, error) = AsyncFd::try_new(file).unwrap_err().into_parts();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert_eq!(error.raw_os_error(), Some(1), "EPERM");
            assert_eq!(AsyncFd::new(file).unwrap_err().kind(), ErrorKind::PermissionDenied);
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_descriptor_that_is_there_already_is_refused_and_stays() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let again = AsyncFd::try_new(Borrowed(far.as_raw_fd())).unwrap_err();
            assert_eq!(again.to_string(), std::io::Error::from_raw_os_error(17).to_string(), "EEXIST");
            drop(again);
            near.write_all(b"x").unwrap();
            far.readable().await.unwrap().retain_ready();
        });
    });
}

#[test]
fn a_number_that_is_used_again_gets_none_of_the_events_of_before() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for _ in 0..50 {
                let (mut near, far) = streams_from(500);
                let far = AsyncFd::new(far).unwrap();
                near.write_all(b"x").unwrap();
                let number = far.as_raw_fd();
                drop(far);
                let (_near, far) = streams_from(500);
                let far = AsyncFd::new(far).unwrap();
                assert_eq!(far.as_raw_fd(), number, "the number is used again");
                assert!(waits(far.readable()).await);
                all_events_told().await;
                assert!(waits(far.readable()).await);
            }
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn events_of_a_description_that_outlives_its_source_are_dropped() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = streams_from(600);
            let number = far.as_raw_fd();
            let source = AsyncFd::new(Borrowed(number)).unwrap();
            let duplicate = far.try_clone().unwrap();
            // The kernel keeps the entry, for the description is open; nobody can name it any more.
            drop(far);
            drop(source);
            let (_other, next) = streams_from(600);
            let next = AsyncFd::new(next).unwrap();
            assert_eq!(next.as_raw_fd(), number, "the number is used again");
            let (count, waker) = counting();
            assert!(next.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
            for _ in 0..10 {
                near.write_all(b"x").unwrap();
                all_events_told().await;
            }
            assert_eq!(count.get(), 0, "the events were another's");
            assert!(waits(next.readable()).await);
            drop(duplicate);
        });
    });
}

#[test]
fn readiness_that_is_no_more_costs_a_try_and_is_waited_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let thief = far.get_ref().try_clone().unwrap();
            let far = Arc::new(far);
            let tries = Arc::new(AtomicUsize::new(0));
            near.write_all(b"x").unwrap();
            all_events_told().await;
            assert_eq!((&thief).read(&mut [0; 8]).unwrap(), 1);
            let (reading, count) = (far.clone(), tries.clone());
            let reader = fusee::spawn(async move {
                let mut byte = [0];
                let read = reading.async_io(Interest::READABLE, |mut stream| {
                    count.fetch_add(1, Ordering::SeqCst);
                    stream.read(&mut byte)
                });
                read.await.unwrap();
                byte[0]
            });
            while tries.load(Ordering::SeqCst) == 0 {
                fusee::task::yield_now().await;
            }
            for _ in 0..10 {
                all_events_told().await;
            }
            assert_eq!(tries.load(Ordering::SeqCst), 1, "it waits");
            near.write_all(b"y").unwrap();
            assert_eq!(reader.await.unwrap(), b'y');
        });
    });
}

#[test]
fn of_many_that_are_woken_for_one_byte_one_gets_it_and_the_others_wait() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let far = Arc::new(far);
            let (told, mut tasks) = (Arc::new(AtomicUsize::new(0)), Vec::new());
            for _ in 0..8 {
                let (far, told) = (far.clone(), told.clone());
                tasks.push(fusee::spawn(async move {
                    far.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0])).await.unwrap();
                    told.fetch_add(1, Ordering::SeqCst);
                }));
            }
            for bytes in 1..=8 {
                near.write_all(b"x").unwrap();
                while told.load(Ordering::SeqCst) < bytes {
                    fusee::task::yield_now().await;
                }
                all_events_told().await;
                assert_eq!(told.load(Ordering::SeqCst), bytes);
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

#[test]
fn wakers_that_panic_leave_the_others_woken_and_the_runtime_at_work() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let mut sources: Vec<_> = (0..20).map(|_| pair()).collect();
        let mut counts = Vec::new();
        for (n, (_, far)) in sources.iter().enumerate() {
            if n % 2 == 0 {
                let waker = calling(|| quiet_panic("a waker's panic"));
                assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
            } else {
                let (count, waker) = counting();
                assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
                counts.push(count);
            }
        }
        for (near, _) in &mut sources {
            near.write_all(b"x").unwrap();
        }
        until_within(&runtime, "the calm wakers are woken", || counts.iter().all(|count| count.get() == 1));
        runtime.block_on(all_events_told());
        let (_, waker) = counting();
        assert!(sources.iter().all(|(_, far)| far.poll_read_ready(&mut Context::from_waker(&waker)).is_ready()));
    });
}

/// A waker that blocks; the latch that it opens before, and the one that it waits for.
fn one_that_blocks() -> (Waker, Latch, Latch) {
    let (is_in, go) = (Latch::new(), Latch::new());
    let (entered, open) = (is_in.clone(), go.clone());
    let waker = calling(move || {
        entered.open();
        open.wait();
    });
    (waker, is_in, go)
}

#[test]
fn a_waker_that_blocks_holds_up_no_other_while_a_thread_can_run() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let _entered = runtime.enter();
            let (mut near, far) = pair();
            let (waker, is_in, go) = one_that_blocks();
            assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
            near.write_all(b"x").unwrap();
            is_in.wait();
            // A thread of the runtime is in there; this one is the root's, which polls by itself or has the driver
            // poll.
            runtime.block_on(async {
                for _ in 0..20 {
                    all_events_told().await;
                }
            });
            go.open();
        }
    });
}

/// A source, its peer, a task that waits for it and counts how often it is polled, and a waker that blocks until the
/// latch is opened; that one is woken before the task.
fn one_task_behind_one_that_blocks(runtime: &Runtime) -> (UnixStream, JoinHandle<usize>, Latch, Latch) {
    let (near, far) = runtime.block_on(async { pair() });
    let far = Arc::new(far);
    let (waiting, is_waiting) = (far.clone(), Latch::new());
    let tell = is_waiting.clone();
    let task = runtime.spawn(async move {
        let (mut readable, mut polls) = (pin!(waiting.readable()), 0);
        poll_fn(|context| {
            polls += 1;
            let answer = readable.as_mut().poll(context);
            tell.open();
            answer.map(|guard| guard.map(drop))
        })
        .await
        .unwrap();
        polls
    });
    is_waiting.wait();
    let (waker, is_in, go) = one_that_blocks();
    assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
    (near, task, is_in, go)
}

#[test]
fn a_waker_that_blocks_holds_up_no_task_that_waits_for_the_same_event() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            let (mut near, task, is_in, go) = one_task_behind_one_that_blocks(&runtime);
            near.write_all(b"x").unwrap();
            is_in.wait();
            assert_eq!(runtime.block_on(task).unwrap(), 2);
            go.open();
        }
    });
}

#[test]
fn a_waker_that_blocks_the_driver_holds_up_no_task_that_waits_for_the_same_event() {
    watchdog(|| {
        for count in [1, 2, 4] {
            let runtime = workers(count);
            let (mut near, task, is_in, go) = one_task_behind_one_that_blocks(&runtime);
            let blocked: Vec<_> = (0..count).map(|_| block_a_worker(&runtime)).collect();
            near.write_all(b"x").unwrap();
            // No worker can have looked.
            is_in.wait();
            blocked.iter().for_each(|(end, _)| end.open());
            assert_eq!(runtime.block_on(task).unwrap(), 2);
            go.open();
        }
    });
}

#[test]
fn a_source_whose_runtime_is_gone_answers_an_error_and_wakes_who_waits() {
    on_every_flavour(|runtime: Runtime| {
        let (mut near, far) = runtime.block_on(async { pair() });
        let (count, waker) = counting();
        assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
        drop(runtime);
        assert_eq!(count.get(), 1);
        near.write_all(b"x").unwrap();
        let Poll::Ready(Err(error)) = far.poll_read_ready(&mut Context::from_waker(&waker)) else { panic!("an error") };
        assert!(error.to_string().contains("has shut down"), "{error}");
        let error = futures::executor::block_on(far.readable()).map(drop).unwrap_err();
        assert!(error.to_string().contains("has shut down"), "{error}");
        assert!(far.try_io(Interest::READABLE, |_| Ok(())).unwrap_err().to_string().contains("has shut down"));
        let mut buffer = [0; 8];
        assert_eq!(far.into_inner().read(&mut buffer).unwrap(), 1);
    });
}

#[test]
fn a_source_works_on_another_runtime_and_on_none_while_its_own_is_there() {
    on_every_flavour(|other| {
        let own = workers(1);
        let (mut near, far) = own.block_on(async { pair() });
        let far = Arc::new(far);
        for _ in 0..10 {
            let reading = far.clone();
            let read = async move {
                reading.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8])).await.unwrap()
            };
            let task = other.spawn(read);
            near.write_all(b"x").unwrap();
            assert_eq!(other.block_on(task).unwrap(), 1);
            near.write_all(b"xy").unwrap();
            let read = far.async_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8]));
            assert_eq!(futures::executor::block_on(read).unwrap(), 2);
        }
    });
}

#[test]
fn outside_a_runtime_it_panics_and_closes_what_it_was_given() {
    let (mut near, far) = streams();
    let refused = std::panic::catch_unwind(move || AsyncFd::new(far).map(drop));
    assert!(refused.is_err());
    assert_eq!(near.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_drop_closes_the_descriptor_after_it_was_taken_out() {
    on_every_flavour(|runtime| {
        let (mut near, far) = runtime.block_on(async { pair() });
        drop(far);
        assert_eq!(near.read(&mut [0; 1]).unwrap(), 0);
        let far: OwnedFd = current_thread().block_on(async { pair().1.into_inner() }).into();
        // Its former runtime is gone: it may be added to another.
        let _entered = runtime.enter();
        drop(AsyncFd::new(far).unwrap());
    });
}
