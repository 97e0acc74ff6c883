//! Connections within the process, for tests of sockets.

use std::io::{self, ErrorKind};

use fusee::net::{TcpListener, TcpStream};

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

/// Fills the buffers on the way of `stream`, until nothing more goes in. How many bytes have gone.
pub(crate) async fn fill(stream: &TcpStream) -> usize {
    let mut total = 0;
    loop {
        stream.writable().await.unwrap();
        match stream.try_write(&[7; 64 * 1024]) {
            Ok(count) => total += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return total,
            Err(error) => panic!("cannot write: {error}"),
        }
    }
}

/// The kind of an error.
#[track_caller]
pub(crate) fn kind<R>(answer: io::Result<R>) -> ErrorKind {
    answer.map(drop).expect_err("an error").kind()
}
