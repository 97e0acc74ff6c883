//! Descriptors: what a runtime does when the process has none left, and that it leaves none behind.
#![cfg(all(target_os = "linux", feature = "net"))]

#[path = "support/child.rs"]
mod child;
mod support;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};

use child::in_child;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream, UdpSocket};
use fusee::runtime::Runtime;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::proc::open_files;
use support::sockets::{kind, listener, pair};
use support::{current_thread, on_every_flavour, watchdog, workers};

/// All descriptors that this process may have, but for some.
struct Taken(Vec<File>);

impl Taken {
    /// Leaves `left`. For a process of its own: the limit stays.
    fn all_but(left: usize) -> Self {
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), ..getrlimit(Resource::Nofile) }).unwrap();
        let mut files = Vec::new();
        let error = loop {
            match File::open("/dev/null") {
                Ok(file) => files.push(file),
                Err(error) => break error,
            }
        };
        assert!(is_none_left(&error));
        files.truncate(files.len() - left);
        Self(files)
    }

    /// One more is free.
    fn give_back(&mut self) {
        self.0.pop();
    }
}

fn is_none_left(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::MFILE.raw_os_error())
}

#[test]
fn without_a_descriptor_to_accept_with_it_is_an_error_and_works_afterwards() {
    in_child("without_a_descriptor_to_accept_with_it_is_an_error_and_works_afterwards", || {
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                let listener = listener().await;
                let address = listener.local_addr().unwrap();
                let mut clients =
                    [std::net::TcpStream::connect(address).unwrap(), std::net::TcpStream::connect(address).unwrap()];
                let mut taken = Taken::all_but(0);
                for _ in 0..3 {
                    assert!(is_none_left(&listener.accept().await.unwrap_err()));
                    let polled = std::future::poll_fn(|context| listener.poll_accept(context));
                    assert!(is_none_left(&polled.await.unwrap_err()));
                    assert!(is_none_left(&TcpStream::connect(address).await.unwrap_err()));
                    assert!(is_none_left(&UdpSocket::bind("127.0.0.1:0").await.unwrap_err()));
                }
                for client in &mut clients {
                    taken.give_back();
                    // No event tells of it: it was there before.
                    let (mut stream, from) = listener.accept().await.unwrap();
                    assert_eq!(from, client.local_addr().unwrap());
                    io::Write::write_all(client, b"x").unwrap();
                    stream.read_exact(&mut [0]).await.unwrap();
                    std::mem::forget(stream);
                }
                drop(taken);
                let client = TcpStream::connect(address).await.unwrap();
                assert_eq!(listener.accept().await.unwrap().1, client.local_addr().unwrap());
            });
        });
    });
}

#[test]
fn without_descriptors_for_the_first_source_it_is_an_error_and_works_afterwards() {
    in_child("without_descriptors_for_the_first_source_it_is_an_error_and_works_afterwards", || {
        on_every_flavour(|runtime| {
            let _entered = runtime.enter();
            for left in 0..4 {
                let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                socket.set_nonblocking(true).unwrap();
                let taken = Taken::all_but(left);
                // A selector takes four.
                assert!(is_none_left(&TcpListener::from_std(socket).unwrap_err()), "with {left} left");
                // What it has taken of them is given back, and the socket's own, too.
                assert_eq!(Taken::all_but(0).0.len(), left + 1);
                drop(taken);
            }
            runtime.block_on(works());
        });
    });
}

async fn works() {
    let (mut here, mut there) = pair().await;
    there.write_all(b"x").await.unwrap();
    here.read_exact(&mut [0]).await.unwrap();
}

/// What a runtime is dropped with.
struct Sources {
    listener: TcpListener,
    streams: (TcpStream, TcpStream),
    datagrams: UdpSocket,
    address: SocketAddr,
}

impl Sources {
    async fn new() -> Self {
        let listener = TcpListener::bind((own_host(), 0)).await.unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), listener, streams: pair().await, datagrams }
    }

    /// Each says that its runtime is gone.
    async fn are_gone(&mut self) {
        let gone = |error: io::Error| assert!(error.to_string().contains("shut down"), "{error}");
        gone(self.listener.accept().await.unwrap_err());
        gone(self.streams.0.read(&mut [0]).await.unwrap_err());
        gone(self.streams.1.readable().await.unwrap_err());
        gone(self.datagrams.recv(&mut [0]).await.unwrap_err());
        gone(self.datagrams.try_recv(&mut [0]).unwrap_err());
    }
}

/// This host by a name of the process's own: what it gives back nobody else takes.
fn own_host() -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

fn drop_with_sources(runtime: Runtime, round: usize) {
    let mut sources = runtime.block_on(Sources::new());
    match round % 3 {
        0 => {
            drop(runtime);
            futures::executor::block_on(sources.are_gone());
        }
        1 => {
            // A task has them, which waits.
            let waits = runtime.spawn(async move {
                let _ = sources.listener.accept().await;
                drop(sources);
            });
            runtime.block_on(fusee::task::yield_now());
            drop(runtime);
            assert!(futures::executor::block_on(waits).unwrap_err().is_cancelled());
        }
        _ => {
            let address = sources.address;
            drop(sources);
            assert_eq!(kind(runtime.block_on(TcpStream::connect(address))), ErrorKind::ConnectionRefused);
            runtime.shutdown_background();
        }
    }
}

#[test]
fn a_thousand_runtimes_leave_no_descriptor_behind() {
    in_child("a_thousand_runtimes_leave_no_descriptor_behind", || {
        watchdog(|| {
            drop_with_sources(current_thread(), 0);
            drop_with_sources(workers(1), 0);
            let before = open_files();
            for round in 0..1000 {
                drop_with_sources(if round % 2 == 0 { current_thread() } else { workers(1 + round % 3) }, round);
            }
            support::until("what was shut down in the background is closed", || open_files() <= before);
            assert_eq!(open_files(), before);
        });
    });
}

#[test]
fn a_runtime_without_sources_has_no_descriptor() {
    in_child("a_runtime_without_sources_has_no_descriptor", || {
        watchdog(|| {
            let before = open_files();
            for runtime in [current_thread(), workers(2)] {
                runtime.block_on(async {
                    fusee::spawn(fusee::time::sleep(fusee::time::Duration::from_millis(1))).await.unwrap();
                });
                assert_eq!(open_files(), before);
                let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
                assert!(open_files() > before + 1);
                drop(socket);
            }
            assert_eq!(open_files(), before);
        });
    });
}
