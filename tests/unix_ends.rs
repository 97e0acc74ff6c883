//! The ends of connections over Unix sockets: what they know of each other, their halves, where they come from, and
//! what becomes of them without their runtime.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use fusee::net::{UnixListener, UnixSocket, UnixStream};
use fusee::runtime::Runtime;
use support::on_every_flavour;
use support::readiness::waits;
use support::wakers::counting;

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
