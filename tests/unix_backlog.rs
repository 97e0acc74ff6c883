//! A listener with no room for one more connection: whoever connects waits, until it has some, is gone, or patience
//! ends.
#![cfg(all(target_os = "linux", feature = "net"))]

mod support;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fusee::net::{UnixListener, UnixSocket, UnixStream};
use fusee::task::JoinSet;
use fusee::time::timeout;
use support::on_every_flavour;
use tempfile::TempDir;

/// A listener with room for one connection, in a folder of its own.
fn narrow() -> (TempDir, PathBuf, UnixListener) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    (folder, path, socket.listen(0).unwrap())
}

/// Connects in so many tasks, each of which counts when it is through.
fn connect(path: &Path, count: usize) -> (Arc<AtomicUsize>, JoinSet<std::io::Result<UnixStream>>) {
    let through = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (path, through) = (path.to_owned(), through.clone());
        tasks.spawn(async move {
            let stream = match n % 2 {
                0 => UnixStream::connect(&path).await,
                _ => UnixSocket::new_stream()?.connect(&path).await,
            };
            through.fetch_add(1, Ordering::SeqCst);
            stream
        });
    }
    (through, tasks)
}

#[test]
fn who_finds_no_room_is_connected_once_there_is_some() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, listener) = narrow();
            let (through, mut tasks) = connect(&path, 6);
            while through.load(Ordering::SeqCst) == 0 {
                fusee::task::yield_now().await;
            }
            // The kernel is full: a try by hand says so.
            let full = std::os::unix::net::UnixStream::from(nonblocking());
            let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
            assert_eq!(rustix::net::connect(&full, &address), Err(rustix::io::Errno::AGAIN));
            assert_eq!(through.load(Ordering::SeqCst), 1);
            let mut accepted = Vec::new();
            for _ in 0..6 {
                accepted.push(listener.accept().await.unwrap());
            }
            while let Some(stream) = tasks.join_next().await {
                stream.unwrap().unwrap();
            }
        });
    });
}

fn nonblocking() -> std::os::fd::OwnedFd {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap()
}

#[test]
fn a_listener_that_ends_refuses_who_waits() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, listener) = narrow();
            let (through, mut tasks) = connect(&path, 4);
            while through.load(Ordering::SeqCst) == 0 {
                fusee::task::yield_now().await;
            }
            drop(listener);
            let mut refused = 0;
            while let Some(stream) = tasks.join_next().await {
                if let Err(error) = stream.unwrap() {
                    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                    refused += 1;
                }
            }
            assert_eq!(refused, 3);
        });
    });
}

#[test]
fn a_time_out_ends_the_wait() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path, listener) = narrow();
            let _first = UnixStream::connect(&path).await.unwrap();
            let waited = timeout(Duration::from_millis(20), UnixStream::connect(&path)).await;
            assert!(waited.is_err());
            listener.accept().await.unwrap();
            UnixStream::connect(&path).await.unwrap();
        });
    });
}
