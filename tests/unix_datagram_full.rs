//! A socket that holds as many messages as it may: no event tells those who are not connected to it when it has room again.
#![cfg(all(target_os = "linux", feature = "net"))]

mod support;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusee::net::UnixDatagram;
use support::on_every_flavour;
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
            fusee::time::sleep(std::time::Duration::from_millis(5)).await;
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
fn a_senders_own_lack_of_room_ends_with_an_event() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("server");
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            rustix::net::sockopt::set_socket_send_buffer_size(&client, 4_000).unwrap();
            let sender = fusee::spawn(async move {
                for _ in 0..200 {
                    client.send_to(&[0; 1_500], &path).await.unwrap();
                }
            });
            for _ in 0..200 {
                assert_eq!(server.recv(&mut [0; 2_000]).await.unwrap(), 1_500);
            }
            sender.await.unwrap();
        });
    });
}
