//! Descriptors that go over a connection: they come whole, in their place among the bytes, and a reader that does not
//! ask for them loses no byte.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::UnixStream;
use fusee::runtime::Runtime;
use support::{on_every_flavour, on_one_worker};

/// A file that holds a text, and is in no folder.
fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}

fn text(descriptor: OwnedFd) -> String {
    let mut text = String::new();
    let mut file = File::from(descriptor);
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn they_come_with_the_first_byte_that_was_sent_with_them() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, other) = UnixStream::pair().unwrap();
            let (a, b) = (file("a"), file("b"));
            one.write_all(b"before").await.unwrap();
            assert_eq!(one.send_fds(b"with", &[a.as_fd(), b.as_fd()]).await.unwrap(), 4);
            one.write_all(b"after").await.unwrap();
            drop(one);
            let (mut bytes, mut descriptors, mut at) = (Vec::<u8>::new(), Vec::new(), None);
            loop {
                let mut buffer = [0; 64];
                let count = other.recv_fds(&mut buffer, &mut descriptors).await.unwrap();
                if count == 0 {
                    break;
                }
                if !descriptors.is_empty() {
                    at.get_or_insert((bytes.len(), bytes.len() + count));
                }
                bytes.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(bytes, b"beforewithafter");
            // Linux ends a read after the bytes that they were sent with.
            let (from, to) = at.expect("they have come");
            assert!(from <= 6 && to > 6, "{from} {to}");
            assert_eq!(descriptors.drain(..).map(text).collect::<Vec<_>>(), ["a", "b"]);
        });
    });
}

/// A stream that has sent all and is silent, and one that has it to read: no event comes after the first.
fn send_all(runtime: &Runtime) -> (UnixStream, UnixStream) {
    runtime.block_on(async {
        let (mut one, other) = UnixStream::pair().unwrap();
        let sent = file("x");
        for round in 0..20u8 {
            one.write_all(&[round; 10]).await.unwrap();
            one.send_fds(&[round; 10], &[sent.as_fd()]).await.unwrap();
        }
        one.write_all(&[20; 10]).await.unwrap();
        (one, other)
    })
}

fn expected() -> Vec<u8> {
    (0..=20).flat_map(|round| vec![round; if round < 20 { 20 } else { 10 }]).collect()
}

#[test]
fn a_reader_that_does_not_ask_for_them_gets_all_bytes() {
    on_every_flavour(|runtime| {
        let (_silent, mut other) = send_all(&runtime);
        let task = runtime.spawn(async move {
            let mut bytes = Vec::<u8>::new();
            while bytes.len() < expected().len() {
                let mut buffer = [0; 1024];
                let count = other.read(&mut buffer).await.unwrap();
                bytes.extend_from_slice(&buffer[..count]);
            }
            bytes
        });
        assert_eq!(runtime.block_on(task).unwrap(), expected());
    });
}

#[test]
fn a_reader_that_asks_for_them_gets_all_bytes_and_each() {
    on_every_flavour(|runtime| {
        let (_silent, other) = send_all(&runtime);
        let task = runtime.spawn(async move {
            let (mut bytes, mut descriptors) = (Vec::<u8>::new(), Vec::new());
            while bytes.len() < expected().len() {
                let mut buffer = [0; 1024];
                let count = other.recv_fds(&mut buffer, &mut descriptors).await.unwrap();
                bytes.extend_from_slice(&buffer[..count]);
            }
            (bytes, descriptors)
        });
        let (bytes, descriptors) = runtime.block_on(task).unwrap();
        assert_eq!(bytes, expected());
        assert_eq!(descriptors.into_iter().map(text).collect::<Vec<_>>(), ["x"; 20]);
    });
}

#[test]
fn a_receiver_waits_for_them_and_a_sender_for_room() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let receiver = fusee::spawn(async move {
                let (mut all, mut descriptors) = (0, Vec::new());
                let mut buffer = vec![0; 100_000];
                loop {
                    match other.recv_fds(&mut buffer, &mut descriptors).await.unwrap() {
                        0 => return (all, descriptors.len()),
                        count => all += count,
                    }
                }
            });
            let sent = file("x");
            let (mut bytes, part) = (0, vec![0; 50_000]);
            for _ in 0..100 {
                bytes += one.send_fds(&part, &[sent.as_fd()]).await.unwrap();
            }
            drop(one);
            assert_eq!(receiver.await.unwrap(), (bytes, 100));
        });
    });
}

#[test]
fn what_cannot_go_is_refused() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let sent = file("x");
            let some: Vec<BorrowedFd<'_>> = vec![sent.as_fd(); 254];
            assert_eq!(one.send_fds(b"", &some[..1]).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(one.send_fds(b"x", &some).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(one.try_send_fds(b"x", &some).unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(other.try_recv_fds(&mut [0; 8], &mut Vec::new()).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(one.send_fds(b"none", &[]).await.unwrap(), 4);
            assert_eq!(one.send_fds(b"x", &some[..253]).await.unwrap(), 1);
            let mut descriptors = Vec::new();
            assert_eq!(other.recv_fds(&mut [0; 4], &mut descriptors).await.unwrap(), 4);
            assert!(descriptors.is_empty());
            assert_eq!(other.recv_fds(&mut [0; 64], &mut descriptors).await.unwrap(), 1);
            assert_eq!(descriptors.len(), 253);
            drop(other);
            assert_eq!(one.send_fds(b"x", &some[..1]).await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn they_are_closed_when_a_program_is_executed() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            one.send_fds(b"x", &[one.as_fd()]).await.unwrap();
            let mut descriptors = Vec::new();
            other.recv_fds(&mut [0; 8], &mut descriptors).await.unwrap();
            let flags = rustix::io::fcntl_getfd(&descriptors[0]).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        });
    });
}
