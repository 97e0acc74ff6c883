//! Messages over Unix sockets: they come whole, in turn, from whom they say, and wait where there is no room.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::unix::net;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fusee::io::Interest;
use fusee::net::{UnixDatagram, UnixSocket};
use fusee::runtime::Runtime;
use support::on_every_flavour;
use support::readiness::{all_events_told, waits};
use support::wakers::counting;

#[test]
fn a_server_answers_each_client_by_its_name() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("server");
            let server = UnixDatagram::bind(&path).unwrap();
            let echo = fusee::spawn(async move {
                let mut buffer = [0; 64];
                for _ in 0..160 {
                    let (count, from) = server.recv_from(&mut buffer).await.unwrap();
                    server.send_to(&buffer[..count], from.as_pathname().unwrap()).await.unwrap();
                }
            });
            let clients: Vec<_> = (0..8u8)
                .map(|n| {
                    let client = UnixDatagram::bind(folder.path().join(n.to_string())).unwrap();
                    let path = path.clone();
                    fusee::spawn(async move {
                        client.connect(&path).unwrap();
                        let mut buffer = [0; 64];
                        for round in 0..20 {
                            assert_eq!(client.send(&[n, round]).await.unwrap(), 2);
                            assert_eq!(client.recv(&mut buffer).await.unwrap(), 2);
                            assert_eq!(buffer[..2], [n, round]);
                        }
                    })
                })
                .collect();
            for client in clients {
                client.await.unwrap();
            }
            echo.await.unwrap();
        });
    });
}

#[test]
fn messages_keep_their_borders_and_their_order_while_the_sender_waits_for_room() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let sender = fusee::spawn(async move {
                for n in 0..500usize {
                    assert_eq!(one.send(&vec![n as u8; n % 50 + 1]).await.unwrap(), n % 50 + 1);
                }
                // Of length zero, which is no end.
                assert_eq!(one.send(&[]).await.unwrap(), 0);
                one
            });
            let mut buffer = [0; 64];
            for n in 0..500usize {
                let count = other.recv(&mut buffer).await.unwrap();
                assert_eq!(buffer[..count], vec![n as u8; n % 50 + 1]);
            }
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 0);
            let one = sender.await.unwrap();
            one.send(b"longer than the room for it").await.unwrap();
            assert_eq!(other.recv(&mut buffer[..4]).await.unwrap(), 4);
            one.send(b"next").await.unwrap();
            assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        });
    });
}

#[test]
fn what_is_tried_would_block_where_it_would() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let mut buffer = [0; 8];
            assert_eq!(other.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(other.try_recv_from(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            one.writable().await.unwrap();
            let mut sent = 0;
            while one.try_send(b"x").is_ok() {
                sent += 1;
            }
            assert!(sent > 0);
            assert!(waits(one.writable()).await);
            let (count, waker) = counting();
            assert!(one.poll_send(&mut Context::from_waker(&waker), b"y").is_pending());
            assert!(one.poll_send_ready(&mut Context::from_waker(&waker)).is_pending());
            other.readable().await.unwrap();
            for _ in 0..sent {
                other.try_recv(&mut buffer).unwrap();
            }
            all_events_told().await;
            assert_eq!(other.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(other.poll_recv_ready(&mut Context::from_waker(Waker::noop())).is_pending());
            one.writable().await.unwrap();
            while count.get() == 0 {
                fusee::task::yield_now().await;
            }
            one.send(b"z").await.unwrap();
            assert_eq!(other.async_io(Interest::READABLE, || other_recv(&other)).await.unwrap(), 1);
        });
    });
}

fn other_recv(socket: &UnixDatagram) -> io::Result<usize> {
    Ok(rustix::net::recv(socket, &mut [0; 8], rustix::net::RecvFlags::empty())?.0)
}

#[test]
#[cfg(feature = "tokio-io")]
fn messages_are_polled_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("server");
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::unbound().unwrap();
            assert_eq!(poll_fn(|context| client.poll_send_to(context, b"hello", &path)).await.unwrap(), 5);
            let mut room = [0; 8];
            let mut buffer = tokio::io::ReadBuf::new(&mut room);
            let from = poll_fn(|context| server.poll_recv_from(context, &mut buffer)).await.unwrap();
            assert!(from.is_unnamed() && buffer.filled() == b"hello");
            client.connect(&path).unwrap();
            assert_eq!(poll_fn(|context| client.poll_send(context, b"you")).await.unwrap(), 3);
            poll_fn(|context| server.poll_recv(context, &mut buffer)).await.unwrap();
            assert_eq!(buffer.filled(), b"helloyou");
        });
    });
}

#[test]
fn what_cannot_be_sent_answers_an_error_of_its_kind() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            let client = UnixDatagram::unbound().unwrap();
            assert_eq!(client.send(b"x").await.unwrap_err().kind(), ErrorKind::NotConnected);
            assert_eq!(client.send_to(b"x", &path).await.unwrap_err().kind(), ErrorKind::NotFound);
            drop(UnixDatagram::bind(&path).unwrap());
            assert_eq!(client.send_to(b"x", &path).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
            assert_eq!(client.connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
            let (one, other) = UnixDatagram::pair().unwrap();
            one.writable().await.unwrap();
            assert!(one.send(&vec![0; 10_000_000]).await.is_err());
            other.shutdown(Shutdown::Read).unwrap();
            assert_eq!(one.send(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
    });
}

#[test]
fn a_name_may_be_chosen_before() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            let socket = UnixSocket::new_datagram().unwrap();
            socket.bind(&path).unwrap();
            let socket = socket.datagram().unwrap();
            assert_eq!(socket.local_addr().unwrap().as_pathname(), Some(&*path));
            assert_eq!(UnixDatagram::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        });
    });
}

#[test]
fn the_standard_librarys_sockets_are_taken_over_and_handed_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (near, far) = net::UnixDatagram::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let socket = UnixDatagram::from_std(near).unwrap();
            socket.send(b"hello").await.unwrap();
            assert_eq!(far.recv(&mut [0; 8]).unwrap(), 5);
            far.send(b"you").unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 3);
            let near = socket.into_std().unwrap();
            assert_eq!(near.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn a_receive_that_is_dropped_loses_no_message() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = UnixDatagram::pair().unwrap();
            let other = Arc::new(other);
            for n in 0..50 {
                let mut buffer = [0; 8];
                {
                    let mut receive = pin!(other.recv(&mut buffer));
                    poll_fn(|context| {
                        assert!(receive.as_mut().poll(context).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                    one.send(&[n]).await.unwrap();
                }
                assert_eq!(other.recv(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], n);
            }
        });
    });
}

#[test]
fn without_its_runtime_a_socket_answers_an_error() {
    on_every_flavour(|runtime: Runtime| {
        let (one, other) = runtime.block_on(async { UnixDatagram::pair().unwrap() });
        let (count, waker) = counting();
        assert!(one.poll_recv_ready(&mut Context::from_waker(&waker)).is_pending());
        drop(runtime);
        assert_eq!(count.get(), 1);
        let error = futures::executor::block_on(one.recv(&mut [0; 8])).unwrap_err();
        assert!(error.to_string().contains("has shut down"), "{error}");
        drop(other);
    });
}
