//! UDP: messages arrive whole, to whoever waits; what the kernel says of those before is told.
#![cfg(feature = "net")]

mod support;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fusee::io::Interest;
use fusee::net::UdpSocket;
use futures::future::join_all;
use support::sockets::kind;
use support::{current_thread, driven, on_every_flavour, until_within, wakers, watchdog, workers};

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.expect("a socket")
}

/// Two sockets that are each other's peers.
async fn pair() -> (UdpSocket, UdpSocket) {
    let (here, there) = (socket().await, socket().await);
    here.connect(there.local_addr().unwrap()).await.unwrap();
    there.connect(here.local_addr().unwrap()).await.unwrap();
    (here, there)
}

#[test]
fn messages_keep_their_bounds_and_their_senders() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = (socket().await, socket().await);
            let (here_at, there_at) = (here.local_addr().unwrap(), there.local_addr().unwrap());
            let echoes = fusee::spawn(async move {
                let mut buffer = [0; 2000];
                loop {
                    let (count, from) = there.recv_from(&mut buffer).await.unwrap();
                    assert_eq!(from, here_at);
                    assert_eq!(there.send_to(&buffer[..count], from).await.unwrap(), count);
                }
            });
            let mut buffer = [0; 2000];
            for length in [0, 1, 1400, 0, 7] {
                let message: Vec<u8> = (0..length).map(|at| at as u8).collect();
                here.send_to(&message, there_at).await.unwrap();
                assert_eq!(here.recv_from(&mut buffer).await.unwrap(), (length, there_at));
                assert_eq!(buffer[..length], message);
            }
            echoes.abort();
        });
    });
}

#[test]
fn a_message_that_was_short_is_not_the_last() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            for _ in 0..100 {
                here.send(b"short").await.unwrap();
            }
            // All of them are there, and no event tells of them one by one.
            for _ in 0..100 {
                assert_eq!(there.recv(&mut [0; 2000]).await.unwrap(), 5);
            }
        });
    });
}

#[test]
fn a_message_that_is_peeked_is_still_there_and_one_that_is_cut_is_not() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            let from = here.local_addr().unwrap();
            here.send(b"hello").await.unwrap();
            here.send(b"again").await.unwrap();
            let mut buffer = [0; 8];
            assert_eq!(there.peek(&mut buffer[..2]).await.unwrap(), 2);
            assert_eq!(there.peek_from(&mut buffer).await.unwrap(), (5, from));
            assert_eq!(there.peek_sender().await.unwrap(), from);
            assert_eq!(there.try_peek(&mut buffer).unwrap(), 5);
            assert_eq!(there.try_peek_from(&mut buffer).unwrap(), (5, from));
            assert_eq!(there.try_peek_sender().unwrap(), from);
            assert_eq!(there.recv(&mut buffer[..1]).await.unwrap(), 1);
            assert_eq!(there.recv_from(&mut buffer).await.unwrap(), (5, from));
            assert_eq!(&buffer[..5], b"again");
        });
    });
}

#[test]
fn what_is_tried_in_vain_would_block() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            let mut buffer = [0; 8];
            assert_eq!(kind(here.try_recv(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_recv_from(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_peek(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_peek_from(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_peek_sender()), ErrorKind::WouldBlock);
            there.writable().await.unwrap();
            assert_eq!(there.try_send(b"x").unwrap(), 1);
            assert!(here.ready(Interest::READABLE).await.unwrap().is_readable());
            assert_eq!(here.try_recv(&mut buffer).unwrap(), 1);
            // A try in vain is noted; an event that was on its way may be one more guess.
            poll_fn(|context| {
                while here.poll_recv_ready(context).is_ready() {
                    assert_eq!(kind(here.try_recv(&mut buffer)), ErrorKind::WouldBlock);
                }
                Poll::Ready(())
            })
            .await;
        });
    });
}

#[test]
fn many_tasks_receive_on_one_socket() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let there = Arc::new(socket().await);
            let address = there.local_addr().unwrap();
            let receivers: Vec<_> = (0..10)
                .map(|_| {
                    let there = there.clone();
                    fusee::spawn(async move {
                        let mut buffer = [0; 8];
                        let count = there.recv(&mut buffer).await.unwrap();
                        std::str::from_utf8(&buffer[..count]).unwrap().parse::<u8>().unwrap()
                    })
                })
                .collect();
            fusee::task::yield_now().await;
            let here = socket().await;
            for number in 0..10u8 {
                here.send_to(number.to_string().as_bytes(), address).await.unwrap();
            }
            let mut numbers: Vec<_> = join_all(receivers).await.into_iter().map(Result::unwrap).collect();
            numbers.sort();
            assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        });
    });
}

#[test]
fn a_receive_that_is_dropped_loses_no_message() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            let mut buffer = [0; 8];
            for number in 0..200u8 {
                {
                    let mut receives = pin!(there.recv(&mut buffer));
                    let waits = poll_fn(|context| Poll::Ready(receives.as_mut().poll(context).is_pending())).await;
                    assert!(waits);
                }
                here.send(&[number]).await.unwrap();
                assert_eq!(there.recv(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer[0], number);
            }
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_message_that_found_nobody_is_an_error_of_the_next_receive() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            // It keeps its port, so that nobody else gets it, and is none that the message is for.
            there.connect(there.local_addr().unwrap()).await.unwrap();
            here.send(b"x").await.unwrap();
            assert_eq!(kind(here.recv(&mut [0; 8]).await), ErrorKind::ConnectionRefused);
            // It is told once; and the socket is as good as before.
            assert!(here.take_error().unwrap().is_none());
            let other = socket().await;
            here.connect(other.local_addr().unwrap()).await.unwrap();
            other.connect(here.local_addr().unwrap()).await.unwrap();
            other.send(b"hello").await.unwrap();
            assert_eq!(here.recv(&mut [0; 8]).await.unwrap(), 5);
            here.send(b"hello").await.unwrap();
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 5);
        });
    });
}

#[test]
fn a_message_that_is_too_long_is_an_error() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            assert!(here.send(&[0; 70_000]).await.is_err());
            here.send(b"x").await.unwrap();
            assert_eq!(there.recv(&mut [0; 8]).await.unwrap(), 1);
            let nowhere: &[SocketAddr] = &[];
            assert_eq!(kind(here.send_to(b"x", nowhere).await), ErrorKind::InvalidInput);
            assert_eq!(kind(here.connect(nowhere).await), ErrorKind::InvalidInput);
        });
    });
}

#[test]
fn the_last_who_polls_is_woken() {
    on_every_flavour(|runtime| {
        let (here, there) = runtime.block_on(pair());
        let (first, first_waker) = wakers::counting();
        let (last, last_waker) = wakers::counting();
        assert!(here.poll_recv_ready(&mut Context::from_waker(&first_waker)).is_pending());
        assert!(here.poll_recv_ready(&mut Context::from_waker(&last_waker)).is_pending());
        runtime.block_on(there.send(b"x")).unwrap();
        until_within(&runtime, "the last is woken", || last.get() == 1);
        assert_eq!(first.get(), 0);
    });
}

#[test]
fn a_group_receives_what_is_sent_to_it() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let group = Ipv4Addr::new(224, 0, 0, 251);
            let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
            if member.join_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err() {
                // A system without multicast on its own interface.
                return;
            }
            member.set_multicast_loop_v4(true).unwrap();
            assert!(member.multicast_loop_v4().unwrap());
            member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
            assert!(member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
        });
    });
}

#[test]
fn sockets_of_the_standard_library_are_taken_over_and_given_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            let socket = UdpSocket::try_from(socket).unwrap();
            let address = socket.local_addr().unwrap();
            socket.send_to(b"hello", address).await.unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 5);
            let socket = socket.into_std().unwrap();
            socket.send_to(b"hello", address).unwrap();
            socket.set_nonblocking(false).unwrap();
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
        });
    });
}

#[test]
fn a_socket_works_on_another_runtime_and_on_none() {
    on_every_flavour(|runtime| {
        let (here, there) = runtime.block_on(pair());
        driven(&runtime, || {
            for other in [current_thread(), workers(2)] {
                other.block_on(async {
                    let mut buffer = [0; 8];
                    let (received, sent) = futures::join!(there.recv(&mut buffer), here.send(b"hello"));
                    assert_eq!((received.unwrap(), sent.unwrap()), (5, 5));
                });
            }
            let mut buffer = [0; 8];
            let received = async { futures::join!(there.recv(&mut buffer), here.send(b"x")).0.unwrap() };
            assert_eq!(futures::executor::block_on(received), 1);
        });
    });
}

#[test]
fn a_socket_outlives_its_runtime_and_tells_of_it() {
    watchdog(|| {
        for runtime in [current_thread(), workers(2)] {
            let (here, _there) = runtime.block_on(pair());
            let here = Arc::new(here);
            let other = workers(1);
            let waits = other.spawn({
                let here = here.clone();
                async move { here.recv(&mut [0; 8]).await }
            });
            support::until("it waits", || other.metrics().worker_poll_count(0) >= 1);
            drop(runtime);
            let told = other.block_on(waits).unwrap().unwrap_err();
            assert!(told.to_string().contains("shut down"), "{told}");
            let told = other.block_on(here.recv_from(&mut [0; 8])).unwrap_err();
            assert!(told.to_string().contains("shut down"), "{told}");
        }
    });
}
