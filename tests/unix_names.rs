//! What Unix sockets may be called: paths of every length, abstract names, nothing.
#![cfg(all(target_os = "linux", feature = "net"))]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::unix::SocketAddr;
use fusee::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use support::on_every_flavour;

/// An abstract name that nobody else has, as a path and by itself.
fn abstract_name() -> (PathBuf, Vec<u8>) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Names may have any bytes.
    let name = format!("fusee \0 test {} {count}", process::id()).into_bytes();
    let path = [b"\0".as_slice(), &name].concat();
    (PathBuf::from(OsStr::from_bytes(&path)), name)
}

#[test]
fn a_path_that_begins_with_nul_is_an_abstract_name() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (path, name) = abstract_name();
            let listener = UnixListener::bind(&path).unwrap();
            assert_eq!(listener.local_addr().unwrap().as_abstract_name(), Some(&*name));
            let mut one = UnixStream::connect(&path).await.unwrap();
            let mut two = UnixStream::connect_addr(&listener.local_addr().unwrap()).await.unwrap();
            assert_eq!(one.peer_addr().unwrap().as_abstract_name(), Some(&*name));
            for stream in [&mut one, &mut two] {
                let (mut accepted, address) = listener.accept().await.unwrap();
                assert!(address.is_unnamed());
                accepted.write_all(b"x").await.unwrap();
                stream.read_exact(&mut [0; 1]).await.unwrap();
            }
            drop(listener);
            // The name has ended with its socket.
            let again = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
            drop(again);
        });
    });
}

#[test]
fn the_abstract_name_of_who_connects_is_told() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let ((path, _), (own, name)) = (abstract_name(), abstract_name());
            let listener = UnixListener::bind(&path).unwrap();
            let socket = UnixSocket::new_stream().unwrap();
            socket.bind(&own).unwrap();
            let client = socket.connect(&path).await.unwrap();
            let (accepted, address) = listener.accept().await.unwrap();
            assert_eq!(address.as_abstract_name(), Some(&*name));
            assert_eq!(accepted.peer_addr().unwrap().as_abstract_name(), Some(&*name));
            assert_eq!(client.local_addr().unwrap().as_abstract_name(), Some(&*name));
        });
    });
}

#[test]
fn a_path_that_fills_all_its_room_is_told() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let folder = tempfile::tempdir_in("/tmp").unwrap();
            let path = folder.path().join("listener");
            let listener = UnixListener::bind(&path).unwrap();
            // 108 bytes without a NUL at the end are a name to the kernel.
            let own = format!("{}/{}", folder.path().display(), "x".repeat(107 - folder.path().as_os_str().len()));
            let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            rustix::net::bind(&socket, &SocketAddrUnix::new(own.as_str()).unwrap()).unwrap();
            rustix::net::connect(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
            let (_, address) = listener.accept().await.unwrap();
            assert_eq!(address.as_pathname().unwrap().as_os_str().len(), 108);
        });
    });
}

#[test]
fn an_empty_path_lets_the_kernel_choose() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = UnixListener::bind("").unwrap();
            let address = listener.local_addr().unwrap();
            assert!(address.as_abstract_name().is_some_and(|name| !name.is_empty()));
            UnixStream::connect_addr(&address).await.unwrap();
            listener.accept().await.unwrap();
        });
    });
}

#[test]
fn messages_go_to_abstract_names_and_back() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let ((path, name), (own, own_name)) = (abstract_name(), abstract_name());
            let server = UnixDatagram::bind(&path).unwrap();
            let client = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&own_name).unwrap()).unwrap();
            client.send_to(b"by path", &path).await.unwrap();
            let mut buffer = [0; 16];
            let (count, address) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..count], address.as_abstract_name()), (&b"by path"[..], Some(&*own_name)));
            server.send_to_addr(b"back", &address).await.unwrap();
            assert_eq!(client.recv(&mut buffer).await.unwrap(), 4);
            client.connect(&path).unwrap();
            assert_eq!(client.peer_addr().unwrap().as_abstract_name(), Some(&*name));
            client.send(b"connected").await.unwrap();
            assert_eq!(server.recv(&mut buffer).await.unwrap(), 9);
            assert_eq!(server.try_send_to(b"tried", &own).unwrap(), 5);
            assert_eq!(client.recv(&mut buffer).await.unwrap(), 5);
        });
    });
}

#[test]
fn addresses_are_the_standard_librarys() {
    let address = SocketAddr::from_pathname("/run/x").unwrap();
    let std = std::os::unix::net::SocketAddr::from(address.clone());
    assert_eq!(format!("{std:?}"), format!("{address:?}"));
    assert_eq!(SocketAddr::from(std).as_pathname(), address.as_pathname());
    assert!(SocketAddr::from_abstract_name([b'x'; 107]).is_ok());
    assert!(SocketAddr::from_abstract_name([b'x'; 108]).is_err());
}
