//! Any descriptor waited for: what a guard clears and what it keeps, who is told, and what is tried without waiting.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

use fusee::io::unix::AsyncFd;
use fusee::io::{Interest, Ready};
use support::on_every_flavour;
use support::readiness::{all_events_told, waits};
use support::wakers::counting;

/// Two ends in nonblocking mode, the second of which is a source.
fn pair() -> (UnixStream, AsyncFd<UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    (near, AsyncFd::new(far).unwrap())
}

fn fill(mut stream: &UnixStream) {
    let full = loop {
        if let Err(error) = stream.write(&[0; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
}

fn drain(mut stream: &UnixStream) -> usize {
    let mut count = 0;
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return count,
            Ok(some) => count += some,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return count;
            }
        }
    }
}

#[test]
fn readiness_that_is_not_cleared_is_told_again_and_one_that_is_waits_for_an_event() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            assert!(waits(far.readable()).await);
            near.write_all(b"x").unwrap();
            for _ in 0..3 {
                far.readable().await.unwrap().retain_ready();
                drop(far.readable().await.unwrap());
            }
            all_events_told().await;
            assert_eq!(drain(far.get_ref()), 1);
            far.readable().await.unwrap().clear_ready();
            assert!(waits(far.readable()).await);
            near.write_all(b"y").unwrap();
            far.readable().await.unwrap().retain_ready();
        });
    });
}

#[test]
fn an_event_that_comes_after_the_wait_is_not_cleared_with_it() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            near.write_all(b"x").unwrap();
            let mut guard = far.readable().await.unwrap();
            assert_eq!(drain(far.get_ref()), 1);
            near.write_all(b"y").unwrap();
            all_events_told().await;
            guard.clear_ready();
            far.readable().await.unwrap().retain_ready();
            assert_eq!(drain(far.get_ref()), 1);
        });
    });
}

#[test]
fn a_part_of_the_readiness_can_be_cleared() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            near.write_all(b"x").unwrap();
            all_events_told().await;
            let both = Interest::READABLE | Interest::WRITABLE;
            let mut guard = far.ready(both).await.unwrap();
            assert!(guard.ready().contains(both));
            guard.clear_ready_matching(Ready::READABLE);
            assert!(!guard.ready().is_readable() && guard.ready().is_writable());
            assert!(waits(far.readable()).await);
            assert!(!waits(far.writable()).await);
            guard.clear_ready_matching(Ready::WRITABLE);
            assert_eq!(guard.ready(), Ready::EMPTY);
            assert!(waits(far.writable()).await);
            // Nothing is left to be cleared.
            guard.clear_ready();
            assert!(waits(far.ready(both)).await);
        });
    });
}

#[test]
fn what_would_block_clears_and_other_answers_do_not() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, mut far) = pair();
            near.write_all(b"xy").unwrap();
            all_events_told().await;
            let mut one = [0];
            let answer = far.readable().await.unwrap().try_io(|far| far.get_ref().read(&mut one));
            assert_eq!(answer.unwrap().unwrap(), 1);
            let answer = far.readable_mut().await.unwrap().try_io(|far| far.get_mut().read(&mut one));
            assert_eq!(answer.unwrap().unwrap(), 1);
            let failed = far.readable().await.unwrap().try_io(|_| io::Result::<()>::Err(ErrorKind::Other.into()));
            assert_eq!(failed.unwrap().unwrap_err().kind(), ErrorKind::Other);
            let blocked = far.readable().await.unwrap().try_io(|far| far.get_ref().read(&mut one));
            assert!(blocked.is_err());
            assert!(waits(far.readable()).await);
            assert_eq!(far.try_io(Interest::READABLE, |_| Ok(())).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(far.try_io_mut(Interest::READABLE, |_| Ok(())).unwrap_err().kind(), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn both_directions_are_told_to_two_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let mut guard = far.writable().await.unwrap();
            fill(far.get_ref());
            guard.clear_ready();
            let far = Arc::new(far);
            let (reading, writing) = (far.clone(), far.clone());
            let reader = fusee::spawn(async move {
                let mut byte = [0];
                reading.async_io(Interest::READABLE, |mut stream| stream.read(&mut byte)).await.unwrap();
                byte[0]
            });
            let writer = fusee::spawn(async move {
                writing.async_io(Interest::WRITABLE, |mut stream| stream.write(b"z")).await.unwrap()
            });
            fusee::task::yield_now().await;
            near.write_all(b"x").unwrap();
            assert_eq!(reader.await.unwrap(), b'x');
            drain(&near);
            assert_eq!(writer.await.unwrap(), 1);
        });
    });
}

#[test]
fn every_task_that_waits_is_woken_by_one_event() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let far = Arc::new(far);
            let waiting: Vec<_> = (0..16)
                .map(|_| {
                    let far = far.clone();
                    fusee::spawn(async move { far.readable().await.map(|guard| guard.ready().is_readable()) })
                })
                .collect();
            fusee::task::yield_now().await;
            near.write_all(b"x").unwrap();
            for task in waiting {
                assert!(task.await.unwrap().unwrap());
            }
        });
    });
}

#[test]
fn of_two_that_poll_the_last_is_woken() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, mut far) = pair();
            let ((first, waker), (last, later)) = (counting(), counting());
            assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
            assert!(far.poll_read_ready_mut(&mut Context::from_waker(&later)).is_pending());
            near.write_all(b"x").unwrap();
            while last.get() == 0 {
                fusee::task::yield_now().await;
            }
            assert_eq!(first.get(), 0);
            assert!(far.poll_read_ready(&mut Context::from_waker(&waker)).is_ready());
        });
    });
}

#[test]
fn a_waiter_that_is_dropped_keeps_no_waker_and_loses_no_readiness() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let (count, waker) = counting();
            {
                let mut waiting = pin!(far.readable());
                assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            // The future's waker is gone with it.
            drop(waker);
            assert_eq!(Arc::strong_count(&count), 1);
            near.write_all(b"x").unwrap();
            far.readable().await.unwrap().retain_ready();
            assert_eq!(count.get(), 0);
        });
    });
}

#[test]
fn the_end_of_a_stream_is_readable_for_ever() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (near, far) = pair();
            drop(near);
            for _ in 0..3 {
                let mut guard = far.readable().await.unwrap();
                assert!(guard.ready().is_read_closed());
                guard.clear_ready();
            }
            assert!(far.writable().await.unwrap().ready().is_write_closed());
        });
    });
}

#[test]
fn no_more_is_told_than_was_asked_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = UnixStream::pair().unwrap();
            far.set_nonblocking(true).unwrap();
            let far = AsyncFd::with_interest(far, Interest::READABLE).unwrap();
            near.write_all(b"x").unwrap();
            far.readable().await.unwrap().retain_ready();
            assert!(waits(far.writable()).await);
        });
    });
}

#[test]
fn what_is_taken_out_is_the_same_and_can_be_added_again() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut near, far) = pair();
            let number = far.as_raw_fd();
            assert_eq!(far.as_fd().as_raw_fd(), number);
            let far = far.into_inner();
            assert_eq!(far.as_raw_fd(), number);
            let far = AsyncFd::try_new(far).unwrap();
            near.write_all(b"x").unwrap();
            far.readable().await.unwrap().retain_ready();
        });
    });
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn urgent_data_is_told() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (far, _) = listener.accept().unwrap();
            far.set_nonblocking(true).unwrap();
            let far = AsyncFd::with_interest(far, Interest::PRIORITY | Interest::READABLE).unwrap();
            rustix::net::send(&near, b"!", rustix::net::SendFlags::OOB).unwrap();
            assert!(far.ready(Interest::PRIORITY).await.unwrap().ready().is_priority());
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_error_is_told_by_itself() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            let writer = AsyncFd::with_interest(writer, Interest::ERROR).unwrap();
            assert!(waits(writer.ready(Interest::ERROR)).await);
            drop(reader);
            assert!(writer.ready(Interest::ERROR).await.unwrap().ready().is_error());
        });
    });
}
