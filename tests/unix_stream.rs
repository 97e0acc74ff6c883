//! Connections over Unix sockets: bytes, ends, names, halves, and what becomes of them without their runtime.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Interest};
use fusee::net::{UnixListener, UnixSocket, UnixStream};
use fusee::runtime::Runtime;
use support::wakers::counting;
use support::{message, on_every_flavour, workers};
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

async fn waits<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
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
            let sent: Arc<Vec<u8>> = Arc::new((0..3_000_000u32).map(|n| (n % 251) as u8).collect());
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
            let mut buffer = [0; 8];
            assert_eq!(other.try_io(Interest::READABLE, || Ok(rustix::io::read(&*other, &mut buffer)?)).unwrap(), 5);
            let again = other.try_io(Interest::READABLE, || Ok(rustix::io::read(&*other, &mut buffer)?));
            assert_eq!(again.unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(waits(other.readable()).await);
        });
    });
}

#[test]
fn the_ends_know_each_other() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (path, own) = (folder.path().join("listener"), folder.path().join("client"));
            let listener = UnixListener::bind(&path).unwrap();
            assert_eq!(UnixListener::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
            let socket = UnixSocket::new_stream().unwrap();
            socket.bind(&own).unwrap();
            let stream = socket.connect(&path).await.unwrap();
            let (accepted, address) = listener.accept().await.unwrap();
            assert_eq!(address.as_pathname(), Some(&*own));
            assert_eq!(accepted.peer_addr().unwrap().as_pathname(), Some(&*own));
            assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(&*path));
            assert_eq!(stream.local_addr().unwrap().as_pathname(), Some(&*own));
            #[cfg(target_os = "linux")]
            for stream in [&stream, &accepted] {
                let credentials = stream.peer_cred().unwrap();
                assert_eq!(credentials.uid(), rustix::process::geteuid().as_raw());
                assert_eq!(credentials.gid(), rustix::process::getegid().as_raw());
                assert_eq!(credentials.pid(), Some(std::process::id() as i32));
            }
        });
    });
}

#[test]
fn what_nobody_listens_to_refuses() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            assert_eq!(UnixStream::connect(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
            drop(UnixListener::bind(&path).unwrap());
            assert_eq!(UnixStream::connect(&path).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            let long = folder.path().join("x".repeat(200));
            assert_eq!(UnixStream::connect(&long).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            assert_eq!(UnixListener::bind(&long).unwrap_err().kind(), ErrorKind::InvalidInput);
        });
    });
}

#[test]
fn halves_that_are_apart_come_together_only_if_they_belong_together() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            let number = one.as_raw_fd();
            let (one_reader, one_writer) = one.into_split();
            let (other_reader, other_writer) = other.into_split();
            let error = one_reader.reunite(other_writer).unwrap_err();
            let (one_reader, other_writer) = (error.0, error.1);
            let mut one = one_reader.reunite(one_writer).unwrap();
            assert_eq!(one.as_raw_fd(), number);
            let mut other = other_writer.reunite(other_reader).unwrap();
            // Nothing was said about an end.
            one.write_all(b"x").await.unwrap();
            assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 1);
            let (reader, writer) = one.split();
            assert!(reader.as_ref().as_raw_fd() == writer.as_ref().as_raw_fd());
            assert_eq!(writer.try_write(b"y").unwrap(), 1);
            let (_reader, writer) = one.into_split();
            drop(writer);
            let mut rest = Vec::new();
            other.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"y");
        });
    });
}

#[test]
fn a_writer_that_is_forgotten_says_no_end() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, mut other) = UnixStream::pair().unwrap();
            let (reader, writer) = one.into_split();
            writer.forget();
            assert!(waits(other.read(&mut [0; 8])).await);
            drop(reader);
            assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 0);
        });
    });
}

#[test]
fn the_standard_librarys_sockets_are_taken_over_and_handed_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (near, far) = net::UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let mut stream = UnixStream::from_std(near).unwrap();
            stream.write_all(b"hello").await.unwrap();
            assert_eq!((&far).read(&mut [0; 8]).unwrap(), 5);
            let near = stream.into_std().unwrap();
            assert_eq!((&near).read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            near.set_nonblocking(false).unwrap();
            (&far).write_all(b"hello").unwrap();
            assert_eq!((&near).read(&mut [0; 8]).unwrap(), 5);

            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            let listener = net::UnixListener::bind(&path).unwrap();
            listener.set_nonblocking(true).unwrap();
            let listener = UnixListener::try_from(listener).unwrap();
            let _client = UnixStream::connect(&path).await.unwrap();
            listener.accept().await.unwrap();
            let listener = listener.into_std().unwrap();
            assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
        });
    });
}

#[test]
fn a_socket_in_blocking_mode_is_refused() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let (near, _far) = net::UnixStream::pair().unwrap();
        let refused = std::panic::catch_unwind(|| UnixStream::from_std(near).map(drop));
        assert!(message(&*refused.unwrap_err()).contains("set_nonblocking"));
    });
}

#[test]
fn sockets_for_messages_neither_listen_nor_connect_as_streams() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            assert!(UnixSocket::new_datagram().unwrap().listen(1).is_err());
            assert!(UnixSocket::new_datagram().unwrap().connect("/nowhere").await.is_err());
            assert!(UnixSocket::new_stream().unwrap().datagram().is_err());
            // It has no name.
            assert!(UnixSocket::new_stream().unwrap().listen(1).is_err());
            let socket = UnixSocket::new_datagram().unwrap();
            assert!(socket.as_fd().as_raw_fd() >= 0);
            assert!(socket.datagram().unwrap().local_addr().unwrap().is_unnamed());
        });
    });
}

#[test]
fn without_its_runtime_a_stream_answers_an_error_and_a_listener_too() {
    on_every_flavour(|runtime: Runtime| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (mut one, other, listener) = runtime.block_on(async {
            let (one, other) = UnixStream::pair().unwrap();
            (one, other, UnixListener::bind(&path).unwrap())
        });
        let (count, waker) = counting();
        let mut context = Context::from_waker(&waker);
        assert!(Pin::new(&mut one).poll_read(&mut context, &mut [0; 8]).is_pending());
        assert!(listener.poll_accept(&mut context).is_pending());
        drop(runtime);
        assert_eq!(count.get(), 2);
        let gone = |error: io::Error| assert!(error.to_string().contains("has shut down"), "{error}");
        let Poll::Ready(Err(error)) = Pin::new(&mut one).poll_read(&mut context, &mut [0; 8]) else {
            panic!("no error")
        };
        gone(error);
        gone(futures::executor::block_on(listener.accept()).map(drop).unwrap_err());
        gone(futures::executor::block_on(other.readable()).unwrap_err());
        gone(other.try_read(&mut [0; 8]).unwrap_err());
        let one = one.into_std().unwrap();
        drop(other);
        assert_eq!((&one).read(&mut [0; 8]).unwrap(), 0);
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
fn an_accept_that_is_dropped_loses_no_connection() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            let listener = UnixListener::bind(&path).unwrap();
            for _ in 0..20 {
                let mut accept = Box::pin(listener.accept());
                poll_fn(|context| {
                    assert!(accept.as_mut().poll(context).is_pending());
                    Poll::Ready(())
                })
                .await;
                let client = UnixStream::connect(&path).await.unwrap();
                drop(accept);
                let (stream, _) = poll_fn(|context| listener.poll_accept(context)).await.unwrap();
                assert_eq!(stream.peer_cred().unwrap(), client.peer_cred().unwrap());
            }
        });
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
