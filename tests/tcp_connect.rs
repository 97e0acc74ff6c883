//! TCP: how connections are made, to what and from what.
#![cfg(feature = "net")]

mod support;

use std::future::poll_fn;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, lookup_host};
use futures::future::join_all;
use support::sockets::{kind, listener, refusing};
use support::{current_thread, on_every_flavour};

#[test]
fn an_address_is_anything_that_names_one() {
    on_every_flavour(|runtime| {
        async fn reaches(listener: &TcpListener, address: impl ToSocketAddrs) {
            let stream = TcpStream::connect(address).await.unwrap();
            let (_, from) = listener.accept().await.unwrap();
            assert_eq!(from, stream.local_addr().unwrap());
        }
        runtime.block_on(async {
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            let SocketAddr::V4(v4) = address else { panic!("{address} is of IPv4") };
            let port = address.port();
            reaches(&listener, address).await;
            reaches(&listener, &address).await;
            reaches(&listener, v4).await;
            reaches(&listener, (*v4.ip(), port)).await;
            reaches(&listener, (address.ip(), port)).await;
            reaches(&listener, &[address][..]).await;
            reaches(&listener, address.to_string()).await;
            reaches(&listener, &*address.to_string()).await;
            reaches(&listener, ("127.0.0.1", port)).await;
            reaches(&listener, ("127.0.0.1".to_owned(), port)).await;
            reaches(&listener, ("localhost", port)).await;
            reaches(&listener, format!("localhost:{port}")).await;
        });
    });
}

#[test]
fn an_address_in_digits_is_not_looked_up() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // The first poll answers: nothing went to the blocking pool.
            let mut look_up = pin!(lookup_host(("127.0.0.1", 80)));
            let answer = look_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(answer, Poll::Ready(Ok(_))));
            assert_eq!(lookup_host("[::1]:7").await.unwrap().collect::<Vec<_>>(), ["[::1]:7".parse().unwrap()]);
            assert_eq!(kind(lookup_host("no port").await), ErrorKind::InvalidInput);
            for (address, why) in [
                ("localhost", r#"the address "localhost" has no port: as with `localhost:80`"#),
                ("127.0.0.1", r#"the address "127.0.0.1" has no port: as with `127.0.0.1:80`"#),
                ("::1", r#"the address "::1" has no port: as with `[::1]:80`"#),
                (":80", r#"the address ":80" has no host: as with `localhost:80`"#),
                ("localhost:65536", r#"the port of the address "localhost:65536" is no number up to 65535"#),
            ] {
                let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                for error in [
                    TcpListener::bind(address).await.unwrap_err(),
                    TcpStream::connect(address.to_owned()).await.unwrap_err(),
                    UdpSocket::bind(&address).await.unwrap_err(),
                    udp.connect(address).await.unwrap_err(),
                    udp.send_to(b"x", address).await.unwrap_err(),
                ] {
                    assert_eq!((error.kind(), error.to_string()), (ErrorKind::InvalidInput, why.to_owned()));
                }
            }
            assert!(lookup_host("no-such-host.invalid:80").await.is_err());
        });
    });
}

#[test]
fn of_several_addresses_the_first_that_answers_is_connected_to_and_the_last_error_is_told() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let there = listener().await;
            let (_refuses, gone) = refusing();
            let addresses = [gone, there.local_addr().unwrap()];
            let stream = TcpStream::connect(&addresses[..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
            assert_eq!(kind(TcpStream::connect(&[gone, gone][..]).await), ErrorKind::ConnectionRefused);
            assert_eq!(kind(TcpStream::connect(&[][..] as &[SocketAddr]).await), ErrorKind::InvalidInput);
            assert_eq!(kind(TcpListener::bind(addresses[1]).await), ErrorKind::AddrInUse);
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let bound = TcpListener::bind(&[addresses[1], any][..]).await.unwrap();
            assert_ne!(bound.local_addr().unwrap(), addresses[1]);
        });
    });
}

#[test]
fn a_connect_that_is_dropped_closes() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = listener().await;
            {
                let mut connect = pin!(TcpStream::connect(listener.local_addr().unwrap()));
                // Once: it is under way, or done already.
                let _ = poll_fn(|context| Poll::Ready(connect.as_mut().poll(context))).await;
            }
            let last = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut stream, from) = listener.accept().await.unwrap();
            // One that was given up before the kernel had answered was none.
            if from != last.local_addr().unwrap() {
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            }
        });
    });
}

#[test]
fn every_task_that_accepts_gets_a_connection() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = Arc::new(listener().await);
            let accepts: Vec<_> = (0..10)
                .map(|_| {
                    let listener = listener.clone();
                    fusee::spawn(async move { listener.accept().await.unwrap().1 })
                })
                .collect();
            fusee::task::yield_now().await;
            let address = listener.local_addr().unwrap();
            let streams = join_all((0..10).map(|_| TcpStream::connect(address))).await;
            let mut here: Vec<_> =
                streams.iter().map(|stream| stream.as_ref().unwrap().local_addr().unwrap()).collect();
            let mut there: Vec<_> = join_all(accepts).await.into_iter().map(Result::unwrap).collect();
            here.sort();
            there.sort();
            assert_eq!(here, there);
        });
    });
}

#[test]
fn sockets_of_the_standard_library_are_taken_over_and_given_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let listener = TcpListener::try_from(listener).unwrap();
            let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut here = TcpStream::from_std(stream).unwrap();
            let (mut there, _) = listener.accept().await.unwrap();
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut [0]).await.unwrap();

            let mut here = here.into_std().unwrap();
            here.set_nonblocking(false).unwrap();
            there.write_all(b"hello").await.unwrap();
            let mut buffer = [0; 5];
            here.read_exact(&mut buffer).unwrap();
            assert_eq!(&buffer, b"hello");
            let listener = listener.into_std().unwrap();
            assert_eq!(kind(listener.accept()), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn a_socket_in_blocking_mode_is_refused() {
    let runtime = current_thread();
    let _entered = runtime.enter();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = std::panic::catch_unwind(|| TcpListener::from_std(listener)).unwrap_err();
    assert!(support::message(&*refused).contains("set_nonblocking(true)"));
}

#[test]
fn a_socket_that_was_set_up_connects_and_listens() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(8).unwrap();
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            socket.set_keepalive(true).unwrap();
            let bound = socket.local_addr().unwrap();
            let mut here = socket.connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut there, from) = listener.accept().await.unwrap();
            assert_eq!(from, bound);
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut [0]).await.unwrap();
        });
    });
}
