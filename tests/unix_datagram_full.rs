//! A socket that holds as many messages as it may: no event tells those who are not connected to it when it has room
//! again.
#![cfg(all(target_os = "linux", feature = "net", feature = "test-util"))]

mod support;

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;

use fusee::net::UnixDatagram;
use fusee::runtime::Runtime;
use fusee::time::{Duration, Instant, timeout};
use futures::executor;
use support::on_every_flavour;
use support::wakers::counting;
use tempfile::TempDir;

/// A server that holds as many messages as it may, of another's; and how many those are.
async fn full() -> (TempDir, PathBuf, UnixDatagram, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    let server = UnixDatagram::bind(&path).unwrap();
    let other = UnixDatagram::unbound().unwrap();
    other.writable().await.unwrap();
    let mut count = 0;
    let error = loop {
        match other.try_send_to(b"another's", &path) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (folder, path, server, count)
}

#[test]
fn who_sends_to_it_waits_until_it_has_room() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, server, count) = full().await;
            let through = Arc::new(AtomicUsize::new(0));
            let (path, sent) = (Arc::new(path), through.clone());
            let (to, sent_too) = (path.clone(), through.clone());
            let waiting = fusee::spawn(async move {
                UnixDatagram::unbound().unwrap().send_to(b"mine", &*path).await.unwrap();
                sent.fetch_add(1, Ordering::SeqCst);
            });
            let polling = fusee::spawn(async move {
                let client = UnixDatagram::unbound().unwrap();
                poll_fn(|context| client.poll_send_to(context, b"mine", &*to)).await.unwrap();
                sent_too.fetch_add(1, Ordering::SeqCst);
            });
            fusee::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(through.load(Ordering::SeqCst), 0);
            let (mut buffer, mut mine) = ([0; 16], 0);
            for _ in 0..count + 2 {
                let length = server.recv(&mut buffer).await.unwrap();
                mine += usize::from(&buffer[..length] == b"mine");
            }
            assert_eq!(mine, 2);
            waiting.await.unwrap();
            polling.await.unwrap();
        });
    });
}

/// How often `future` is polled until a time-out of a second of paused time.
async fn polls_in_a_second(future: impl Future) -> usize {
    let (mut future, mut polls) = (pin!(future), 0);
    let counted = poll_fn(|context| {
        polls += 1;
        future.as_mut().poll(context)
    });
    assert!(timeout(Duration::from_secs(1), counted).await.is_err());
    polls
}

#[test]
fn who_waits_tries_again_now_and_then() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, _server, _) = full().await;
            let client = UnixDatagram::unbound().unwrap();
            client.writable().await.unwrap();
            fusee::time::pause();
            // 1, 2, 4, 8, 16, 32, and then 50 ms.
            let polls = polls_in_a_second(client.send_to(b"mine", &path)).await;
            assert!((10..30).contains(&polls), "{polls}");
            let polls = polls_in_a_second(poll_fn(|context| client.poll_send_to(context, b"mine", &path))).await;
            assert!((10..25).contains(&polls), "{polls}");
        });
    });
}

#[test]
fn the_same_sender_reaches_others_meanwhile() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (folder, path, server, count) = full().await;
            let client = Arc::new(UnixDatagram::unbound().unwrap());
            let sending = client.clone();
            let waiting = fusee::spawn(async move { sending.send_to(b"mine", &path).await.unwrap() });
            let other_path = folder.path().join("other");
            let other = UnixDatagram::bind(&other_path).unwrap();
            for _ in 0..50 {
                client.send_to(b"hello", &other_path).await.unwrap();
                assert_eq!(other.recv(&mut [0; 16]).await.unwrap(), 5);
                client.writable().await.unwrap();
                client.try_send_to(b"hello", &other_path).unwrap();
                assert_eq!(other.recv(&mut [0; 16]).await.unwrap(), 5);
            }
            for _ in 0..=count {
                server.recv(&mut [0; 16]).await.unwrap();
            }
            assert_eq!(waiting.await.unwrap(), 4);
        });
    });
}

#[test]
fn a_server_that_ends_refuses_who_waits() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, server, _) = full().await;
            let waiting = fusee::spawn(async move {
                let client = UnixDatagram::unbound().unwrap();
                client.send_to(b"mine", &path).await.unwrap_err().kind()
            });
            fusee::task::yield_now().await;
            drop(server);
            assert_eq!(waiting.await.unwrap(), ErrorKind::ConnectionRefused);
        });
    });
}

#[test]
fn what_lies_unread_with_another_does_not_hold_up_the_rest() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (folder, path, server, count) = full().await;
            let other_path = folder.path().join("other");
            let other = UnixDatagram::bind(&other_path).unwrap();
            let client = Arc::new(UnixDatagram::unbound().unwrap());
            rustix::net::sockopt::set_socket_send_buffer_size(&*client, 16_000).unwrap();
            client.writable().await.unwrap();
            // More than a quarter of its room: the kernel calls it not writable, though there is room for more.
            for _ in 0..4 {
                client.send_to(&[0; 2_000], &other_path).await.unwrap();
            }
            let sending = client.clone();
            let waiting = fusee::spawn(async move { sending.send_to(b"mine", &path).await.unwrap() });
            fusee::task::yield_now().await;
            for _ in 0..=count {
                server.recv(&mut [0; 16]).await.unwrap();
            }
            assert_eq!(waiting.await.unwrap(), 4);
            drop(other);
        });
    });
}

#[test]
fn who_waits_when_the_senders_runtime_ends_is_told() {
    on_every_flavour(|runtime: Runtime| {
        let (_folder, path, _server, client) = runtime.block_on(async {
            let (folder, path, server, _) = full().await;
            let client = UnixDatagram::unbound().unwrap();
            client.writable().await.unwrap();
            (folder, path, server, client)
        });
        let ((count, waker), (polls, polling)) = (counting(), counting());
        let mut waiting = pin!(client.send_to(b"mine", &path));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(client.poll_send_to(&mut Context::from_waker(&polling), b"mine", &path).is_pending());
        drop(runtime);
        assert_eq!((count.get(), polls.get()), (1, 1));
        let polled = client.poll_send_to(&mut Context::from_waker(&polling), b"mine", &path);
        for answer in [waiting.poll(&mut Context::from_waker(&waker)), polled] {
            let Poll::Ready(Err(error)) = answer else { panic!("{answer:?}") };
            assert!(error.to_string().contains("has shut down"), "{error}");
        }
    });
}

#[test]
fn who_waits_outside_any_runtime_waits_by_the_senders() {
    on_every_flavour(|runtime| {
        let (_folder, path, server, client, count) = runtime.block_on(async {
            let (folder, path, server, count) = full().await;
            (folder, path, server, UnixDatagram::unbound().unwrap(), count)
        });
        thread::scope(|scope| {
            let sending = scope.spawn(|| executor::block_on(client.send_to(b"mine", &path)));
            runtime.block_on(async {
                for _ in 0..=count {
                    server.recv(&mut [0; 16]).await.unwrap();
                }
            });
            assert_eq!(sending.join().unwrap().unwrap(), 4);
        });
    });
}

#[test]
fn a_senders_own_lack_of_room_ends_with_an_event() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("server");
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            rustix::net::sockopt::set_socket_send_buffer_size(&client, 4_000).unwrap();
            // Where it waits for an event, the clock stands still.
            fusee::time::pause();
            let start = Instant::now();
            let sender = fusee::spawn(async move {
                for _ in 0..200 {
                    client.send_to(&[0; 1_500], &path).await.unwrap();
                }
            });
            for _ in 0..200 {
                assert_eq!(server.recv(&mut [0; 2_000]).await.unwrap(), 1_500);
            }
            sender.await.unwrap();
            assert_eq!(start.elapsed(), Duration::ZERO);
        });
    });
}
