//! What goes over connections by Unix sockets: all of it, in order, both ways at once, to their ends.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fusee::io::{AsyncReadExt, AsyncWriteExt, Interest};
use fusee::net::{UnixListener, UnixStream};
use support::readiness::{all_events_told, waits};
use support::wakers::counting;
use support::{on_every_flavour, workers};
use tempfile::TempDir;

/// A folder, and a listener in it that answers each connection with what it says, until the runtime ends.
fn echo() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo");
    let listener = UnixListener::bind(&path).unwrap();
    drop(fusee::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(fusee::spawn(async move {
                let mut bytes = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    stream.write_all(&bytes[..count]).await.expect("the client is there");
                }
            }));
        }
    }));
    (folder, path)
}

#[test]
fn what_is_written_comes_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (_folder, path) = echo();
            let clients: Vec<_> = (0..16u8)
                .map(|n| {
                    let path = path.clone();
                    fusee::spawn(async move {
                        let mut stream = UnixStream::connect(&path).await.unwrap();
                        for round in 0..50u8 {
                            let text = [n, round, 1, 2, 3];
                            stream.write_all(&text).await.unwrap();
                            let mut answer = [0; 5];
                            stream.read_exact(&mut answer).await.unwrap();
                            assert_eq!(answer, text);
                        }
                    })
                })
                .collect();
            for client in clients {
                client.await.unwrap();
            }
        });
    });
}

#[test]
fn more_than_there_is_room_for_comes_whole_in_both_directions_at_once() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let sent: Arc<Vec<u8>> = Arc::new((0..1_000_000u32).map(|n| (n % 251) as u8).collect());
            let mut tasks = Vec::new();
            for stream in [one, other] {
                let (mut reader, mut writer) = stream.into_split();
                let expected = sent.clone();
                let writes = sent.clone();
                tasks.push(fusee::spawn(async move { writer.write_all(&writes).await.unwrap() }));
                tasks.push(fusee::spawn(async move {
                    let mut received = Vec::new();
                    reader.read_to_end(&mut received).await.unwrap();
                    assert!(received == *expected);
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

#[test]
fn a_half_that_is_closed_reads_on() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.close().await.unwrap();
            assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 0);
            other.write_all(b"still here").await.unwrap();
            let mut answer = [0; 10];
            one.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"still here");
            assert_eq!(one.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn a_peer_that_is_gone_ends_reads_and_breaks_writes() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, other) = UnixStream::pair().unwrap();
            let reader = fusee::spawn(async move {
                let read = one.read(&mut [0; 8]).await.unwrap();
                (read, one)
            });
            fusee::task::yield_now().await;
            drop(other);
            let (read, mut one) = reader.await.unwrap();
            assert_eq!(read, 0);
            assert_eq!(one.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(one.try_write_vectored(&[IoSlice::new(b"x")]).unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn several_buffers_go_and_come_in_one_call() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, other) = UnixStream::pair().unwrap();
            let parts = [IoSlice::new(b"he"), IoSlice::new(b""), IoSlice::new(b"llo")];
            assert_eq!(one.write_vectored(&parts).await.unwrap(), 5);
            other.readable().await.unwrap();
            let (mut head, mut rest) = ([0; 1], [0; 8]);
            let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
            assert_eq!(other.try_read_vectored(&mut buffers).unwrap(), 5);
            assert_eq!((&head, &rest[..4]), (b"h", &b"ello"[..]));
            // The kernel takes no more than 1,024 buffers at once.
            let many = vec![IoSlice::new(b"x"); 3_000];
            let count = one.write_vectored(&many).await.unwrap();
            assert!((1..=3_000).contains(&count));
            let mut bytes = [[0; 1]; 3_000];
            let mut buffers: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
            let mut other = other;
            assert!(other.read_vectored(&mut buffers).await.unwrap() >= 1);
        });
    });
}

#[test]
fn what_is_tried_without_readiness_would_block() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let mut buffer = [0; 8];
            assert_eq!(one.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            one.writable().await.unwrap();
            let mut written = 0;
            loop {
                match one.try_write(&[0; 10_000]) {
                    Ok(count) => written += count,
                    Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            assert!(waits(one.writable()).await);
            let (count, waker) = counting();
            assert!(one.poll_write_ready(&mut Context::from_waker(&waker)).is_pending());
            while written > 0 {
                other.readable().await.unwrap();
                match other.try_read(&mut [0; 10_000]) {
                    Ok(count) => written -= count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            one.writable().await.unwrap();
            while count.get() == 0 {
                fusee::task::yield_now().await;
            }
            assert!(one.poll_write_ready(&mut Context::from_waker(&waker)).is_ready());
        });
    });
}

#[test]
fn a_read_that_is_dropped_loses_no_byte() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            for n in 0..100u8 {
                let mut buffer = [0; 4];
                {
                    let mut read = pin!(other.read(&mut buffer));
                    poll_fn(|context| {
                        assert!(read.as_mut().poll(context).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                    one.write_all(&[n]).await.unwrap();
                    if n % 2 == 0 {
                        fusee::task::yield_now().await;
                    }
                }
                assert_eq!(other.read(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], n);
            }
        });
    });
}

#[test]
fn an_operation_of_the_users_own_is_tried_when_it_is_ready() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, other) = UnixStream::pair().unwrap();
            let other = Arc::new(other);
            let peeking = other.clone();
            let peek = fusee::spawn(async move {
                let peek = || Ok(rustix::net::recv(&*peeking, &mut [0; 8], rustix::net::RecvFlags::PEEK)?.0);
                peeking.async_io(Interest::READABLE, peek).await
            });
            fusee::task::yield_now().await;
            one.write_all(b"hello").await.unwrap();
            assert_eq!(peek.await.unwrap().unwrap(), 5);
            all_events_told().await;
            let mut buffer = [0; 8];
            assert_eq!(other.try_io(Interest::READABLE, || Ok(rustix::io::read(&*other, &mut buffer)?)).unwrap(), 5);
            let again = other.try_io(Interest::READABLE, || Ok(rustix::io::read(&*other, &mut buffer)?));
            assert_eq!(again.unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(waits(other.readable()).await);
        });
    });
}

#[test]
fn a_stream_works_on_another_runtime() {
    on_every_flavour(|other| {
        let own = workers(1);
        let (mut one, mut two) = own.block_on(async { UnixStream::pair().unwrap() });
        let task = other.spawn(async move {
            let mut buffer = [0; 8];
            for _ in 0..50 {
                let count = two.read(&mut buffer).await.unwrap();
                two.write_all(&buffer[..count]).await.unwrap();
            }
        });
        let asking = async move {
            for n in 0..50u8 {
                one.write_all(&[n]).await.unwrap();
                let mut answer = [0];
                one.read_exact(&mut answer).await.unwrap();
                assert_eq!(answer, [n]);
            }
        };
        other.block_on(asking);
        other.block_on(task).unwrap();
    });
}

#[test]
fn a_task_that_only_reads_what_is_there_lets_others_run() {
    const BYTES: usize = 20_000;

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.write_all(&[0; BYTES]).await.unwrap();
            other.readable().await.unwrap();
            let pending = fusee::spawn(async move {
                let (mut byte, mut pending) = ([0], 0);
                for _ in 0..BYTES {
                    let mut read = pin!(other.read(&mut byte));
                    poll_fn(|context| {
                        let answer = read.as_mut().poll(context);
                        pending += usize::from(answer.is_pending());
                        answer
                    })
                    .await
                    .unwrap();
                }
                pending
            });
            // Each poll may read 128 times.
            assert!(pending.await.unwrap() >= BYTES / 129);
        });
    });
}
