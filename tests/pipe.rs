//! Pipes: with and without names, their ends, and what is no pipe.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::fs::File;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::task::Context;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::unix::pipe::{OpenOptions, Receiver, Sender, pipe};
use fusee::runtime::Runtime;
use support::on_every_flavour;
use support::readiness::{all_events_told, waits};
use support::wakers::counting;
use tempfile::TempDir;

/// A pipe with a name, in a folder of its own.
fn named() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    (folder, path)
}

fn is_nonblocking(pipe: impl AsFd) -> bool {
    rustix::fs::fcntl_getfl(pipe).unwrap().contains(rustix::fs::OFlags::NONBLOCK)
}

#[test]
fn more_than_there_is_room_for_comes_whole() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut sender, mut receiver) = pipe().unwrap();
            let sent: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
            let expected = sent.clone();
            let writer = fusee::spawn(async move { sender.write_all(&sent).await.unwrap() });
            let mut received = Vec::new();
            receiver.read_to_end(&mut received).await.unwrap();
            assert!(received == expected);
            writer.await.unwrap();
        });
    });
}

#[test]
fn a_reader_that_is_gone_breaks_the_pipe() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut sender, receiver) = pipe().unwrap();
            sender.writable().await.unwrap();
            while sender.try_write(&[0; 4096]).is_ok() {}
            let writer = fusee::spawn(async move { sender.write(&[0]).await.unwrap_err().kind() });
            fusee::task::yield_now().await;
            drop(receiver);
            assert_eq!(writer.await.unwrap(), ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn what_is_tried_without_readiness_would_block() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (sender, receiver) = pipe().unwrap();
            assert_eq!(receiver.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(receiver.try_io(|| Ok(())).unwrap_err().kind(), ErrorKind::WouldBlock);
            sender.writable().await.unwrap();
            assert_eq!(sender.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")]).unwrap(), 5);
            assert_eq!(sender.try_io(|| Ok(7)).unwrap(), 7);
            receiver.readable().await.unwrap();
            let (mut head, mut rest) = ([0; 1], [0; 8]);
            let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
            assert_eq!(receiver.try_read_vectored(&mut buffers).unwrap(), 5);
            all_events_told().await;
            assert_eq!(receiver.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(waits(receiver.readable()).await);
            let (count, waker) = counting();
            assert!(receiver.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
            assert!(sender.poll_write_ready(&mut Context::from_waker(&waker)).is_ready());
            drop(sender);
            receiver.readable().await.unwrap();
            while count.get() == 0 {
                fusee::task::yield_now().await;
            }
            assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 0);
        });
    });
}

#[test]
fn a_pipe_with_a_name_needs_a_reader_first() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path) = named();
            let nobody = OpenOptions::new().open_sender(&path).unwrap_err();
            assert_eq!(nobody.raw_os_error(), Some(rustix::io::Errno::NXIO.raw_os_error()));
            let mut receiver = OpenOptions::new().open_receiver(&path).unwrap();
            let mut sender = OpenOptions::new().open_sender(&path).unwrap();
            let task = fusee::spawn(async move {
                let mut text = String::new();
                receiver.read_to_string(&mut text).await.unwrap();
                (text, receiver)
            });
            sender.write_all(b"one").await.unwrap();
            drop(sender);
            let (text, mut receiver) = task.await.unwrap();
            assert_eq!(text, "one");
            // Somebody opens it again: what he writes comes.
            let mut sender = OpenOptions::new().open_sender(&path).unwrap();
            sender.write_all(b"two").await.unwrap();
            let mut buffer = [0; 3];
            receiver.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"two");
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_that_is_open_both_ways_has_no_end() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path) = named();
            let mut receiver = OpenOptions::new().read_write(true).open_receiver(&path).unwrap();
            for round in 0..3u8 {
                let mut sender = OpenOptions::new().open_sender(&path).unwrap();
                sender.write_all(&[round; 4]).await.unwrap();
                drop(sender);
                let mut buffer = [0; 4];
                receiver.read_exact(&mut buffer).await.unwrap();
                assert_eq!(buffer, [round; 4]);
                assert!(waits(receiver.read(&mut buffer)).await);
            }
            let (_folder, path) = named();
            let mut sender = OpenOptions::new().read_write(true).open_sender(&path).unwrap();
            sender.write_all(b"x").await.unwrap();
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn packets_that_end_reads_all_come() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            use rustix::pipe::{PipeFlags, pipe_with};

            let (reader, writer) = pipe_with(PipeFlags::DIRECT | PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
            let mut writer = File::from(writer);
            for _ in 0..5 {
                writer.write_all(b"packet").unwrap();
            }
            // No event comes after the first; the other end stays open.
            let mut receiver = Receiver::from_owned_fd(reader).unwrap();
            let mut received = 0;
            while received < 30 {
                received += receiver.read(&mut [0; 1024]).await.unwrap();
            }
            drop(writer);
        });
    });
}

#[test]
fn what_is_no_pipe_or_the_wrong_end_is_refused() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let refused = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            std::fs::write(&path, "text").unwrap();
            refused(OpenOptions::new().open_receiver(&path).map(drop).unwrap_err());
            refused(OpenOptions::new().open_sender(&path).map(drop).unwrap_err());
            refused(Receiver::from_file(File::open(&path).unwrap()).map(drop).unwrap_err());
            refused(Sender::from_file(File::create(&path).unwrap()).map(drop).unwrap_err());
            let missing = OpenOptions::new().open_receiver(folder.path().join("none")).map(drop);
            assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
            let (reader, writer) = std::io::pipe().unwrap();
            refused(Sender::from_owned_fd(reader.into()).map(drop).unwrap_err());
            refused(Receiver::from_owned_fd(writer.into()).map(drop).unwrap_err());
            // A file that is always ready cannot be waited for.
            #[cfg(target_os = "linux")]
            {
                let opened = OpenOptions::new().unchecked(true).open_receiver(&path).map(drop);
                assert_eq!(opened.unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
        });
    });
}

#[test]
fn a_pipe_is_taken_over_and_handed_back_in_the_mode_that_is_asked_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (reader, writer) = std::io::pipe().unwrap();
            assert!(!is_nonblocking(&reader) && !is_nonblocking(&writer));
            let mut receiver = Receiver::from_file(File::from(OwnedFd::from(reader))).unwrap();
            let mut sender = Sender::from_owned_fd(writer.into()).unwrap();
            assert!(is_nonblocking(&receiver) && is_nonblocking(&sender));
            sender.write_all(b"hello").await.unwrap();
            receiver.read_exact(&mut [0; 5]).await.unwrap();
            let number = sender.as_raw_fd();
            let writer = sender.into_nonblocking_fd().unwrap();
            assert!(is_nonblocking(&writer) && writer.as_raw_fd() == number);
            let reader = receiver.into_blocking_fd().unwrap();
            assert!(!is_nonblocking(&reader));
            File::from(writer).write_all(b"again").unwrap();
            let mut buffer = [0; 5];
            File::from(reader).read_exact(&mut buffer).unwrap();
            assert_eq!(&buffer, b"again");
        });
    });
}

#[test]
fn without_its_runtime_an_end_answers_an_error() {
    on_every_flavour(|runtime: Runtime| {
        let (sender, receiver) = runtime.block_on(async { pipe().unwrap() });
        let (count, waker) = counting();
        assert!(receiver.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
        drop(runtime);
        assert_eq!(count.get(), 1);
        let error = futures::executor::block_on(receiver.readable()).unwrap_err();
        assert!(error.to_string().contains("has shut down"), "{error}");
        drop(receiver.into_blocking_fd().unwrap());
        drop(sender);
    });
}
