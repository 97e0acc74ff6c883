//! Connections within the process, for tests of sockets.

use std::io::{self, ErrorKind};
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use fusee::net::{TcpListener, TcpSocket, TcpStream};

/// A listener on this host.
pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a listener")
}

/// The two ends of a connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener().await;
    let here = TcpStream::connect(listener.local_addr().unwrap()).await.expect("a connection");
    let (there, _) = listener.accept().await.expect("its other end");
    (here, there)
}

/// The two ends of a connection, of which the other is the standard library's, in blocking mode.
pub(crate) async fn pair_with_std() -> (TcpStream, std::net::TcpStream) {
    let (here, there) = pair().await;
    let there = there.into_std().unwrap();
    there.set_nonblocking(false).unwrap();
    (here, there)
}

/// An address that refuses connections, as long as the socket lives: it has the port, so that nobody else gets it, and does not listen.
pub(crate) fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let address = socket.local_addr().expect("an address");
    (socket, address)
}

/// Fills the buffers on the way of `stream`, until nothing more goes in, and nothing is on its way that would make room. How many bytes have gone.
pub(crate) async fn fill(stream: &TcpStream) -> usize {
    let mut total = 0;
    stream.writable().await.unwrap();
    loop {
        let is_quiet = is_all_acknowledged(stream);
        #[cfg(unix)]
        super::readiness::all_events_told().await;
        match stream.try_write(&[7; 64 * 1024]) {
            Ok(count) => total += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock && is_quiet => return total,
            Err(error) if error.kind() == ErrorKind::WouldBlock => fusee::task::yield_now().await,
            Err(error) => panic!("cannot write: {error}"),
        }
    }
}

/// Whether the peer's kernel has all that has gone.
#[cfg(target_os = "linux")]
fn is_all_acknowledged(stream: &TcpStream) -> bool {
    use std::os::fd::AsRawFd;

    use nix::libc;

    let mut told = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut size = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the pointers lead to as much room as is said, which lives throughout.
    let answer = unsafe {
        libc::getsockopt(stream.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, told.as_mut_ptr().cast(), &raw mut size)
    };
    assert_eq!(answer, 0, "{}", io::Error::last_os_error());
    // SAFETY: zeroes are a value of this type, as is what the kernel has put there.
    unsafe { told.assume_init() }.tcpi_unacked == 0
}

#[cfg(not(target_os = "linux"))]
fn is_all_acknowledged(_: &TcpStream) -> bool {
    true
}

/// The kind of an error.
#[track_caller]
pub(crate) fn kind<R>(answer: io::Result<R>) -> ErrorKind {
    answer.map(drop).expect_err("an error").kind()
}
