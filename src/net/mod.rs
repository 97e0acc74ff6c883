//! Sockets: TCP, UDP, those of Unix and its pipes, and the look-up of names.
//!
//! ```
//! use fusee::io::{AsyncReadExt, AsyncWriteExt};
//! use fusee::net::{TcpListener, TcpStream};
//!
//! fusee::runtime::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = fusee::spawn(async move {
//!         let (mut stream, _) = listener.accept().await?;
//!         let mut question = [0; 4];
//!         stream.read_exact(&mut question).await?;
//!         stream.write_all(b"pong").await
//!     });
//!
//!     let mut stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"ping").await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     assert_eq!(answer, "pong");
//!     server.await?
//! })
//! # .unwrap();
//! ```
//!
//! # Traits
//! Streams, their halves and the ends of pipes have `AsyncRead` and `AsyncWrite`
//! - of futures-io, always: extension methods for these are in [`io`](crate::io);
//! - of tokio, besides, with the feature `tokio-io`, which is on by default: extension methods for those are in `tokio::io`, of the crate tokio with its feature
//!   `io-util`. Methods with tokio's `ReadBuf` (`poll_peek`, `poll_recv` and their kin) are there with this feature alone.
//!
//! So with `default-features = false, features = ["net"]` a function that asks for tokio's traits does not take them: add `tokio-io`. Shared references have none of these traits:
//! [`TcpStream`] says what takes their place. Sockets for messages have methods, which borrow them, and no traits.
//!
//! # Runtimes
//! A socket belongs to the runtime on which it was made: threads of that one are told when it is ready. It may be used on any other runtime, or on
//! none, as long as its own is there. When that ends, whoever waits is woken, and gets an error. After that an operation answers the error unless the
//! socket was told before that it is ready, and no operation has found otherwise since: what comes later is not seen. So read what is to be
//! read before the runtime ends, or take the socket out of it, then or later, by `into_std`.
//!
//! # Who is woken
//! Functions that are `async` may be awaited by any number of tasks at a time. If several tasks call `poll_…` for one direction, only the last is
//! woken; so with the methods of the traits.
//!
//! Every operation that succeeds within a task spends a unit of the task's [budget](crate::task::coop), so that a socket that is always ready starves
//! nobody.
//!
//! # Cancel safety
//! To drop what waits for one operation of the kernel's loses nothing: `accept`, `read`, `write`, `recv`, `send`, `peek`, `ready` and their kin. What
//! makes several of them out of one call, as `read_exact`, `write_all` and `copy` do, has done a part when it is dropped. A `connect` that is dropped
//! closes its socket.
//!
//! # Errors
//! Errors of the operating system are returned unchanged; `WouldBlock` is not returned, but by the functions that begin with `try_`: the call waits. On a runtime that has ended, what makes a
//! socket and what would wait answer an error that says so.
//!
//! # Panics
//! What makes a source of a socket (`bind`, `connect`, `listen`, `accept`, `pair`, `from_std`) panics outside a runtime, and so does the look-up of a name. A [`TcpSocket`] and a `UnixSocket` are
//! none yet, and are made anywhere. In a child that was forked from a process with the socket's runtime, whatever would wait panics.

mod addr;
mod conversion;
mod halves;
mod lookup;
mod options;
mod readiness;
pub mod tcp;
mod udp;
#[cfg(feature = "tokio-io")]
mod uninitialized;
#[cfg(unix)]
pub mod unix;
mod vectored;

pub use addr::ToSocketAddrs;
pub use lookup::lookup_host;
pub use tcp::listener::TcpListener;
pub use tcp::socket::TcpSocket;
pub use tcp::stream::TcpStream;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{datagram::UnixDatagram, listener::UnixListener, socket::UnixSocket, stream::UnixStream};
