//! Unix sockets: addresses, the halves of a stream, who is at the other end, and pipes.
//!
//! The sockets are [`UnixListener`](super::UnixListener), [`UnixStream`], [`UnixDatagram`](super::UnixDatagram) and
//! [`UnixSocket`](super::UnixSocket). They have names in the file system, or, on Linux, *abstract* ones, which are in
//! no file system and end with the socket: a path whose first byte is NUL stands for one. What [`net`](super) says of
//! runtimes, waking, cancelling and errors holds for them.
//!
//! ```
//! use fusee::io::{AsyncReadExt, AsyncWriteExt};
//! use fusee::net::{UnixListener, UnixStream};
//!
//! fusee::runtime::block_on(async {
//!     let folder = tempfile::tempdir()?;
//!     let path = folder.path().join("socket");
//!     let listener = UnixListener::bind(&path)?;
//!     let server = fusee::spawn(async move {
//!         let (mut stream, _) = listener.accept().await?;
//!         stream.write_all(b"welcome").await
//!     });
//!
//!     let mut text = String::new();
//!     UnixStream::connect(&path).await?.read_to_string(&mut text).await?;
//!     assert_eq!(text, "welcome");
//!     server.await?
//! })
//! # .unwrap();
//! ```

// | file | holds |
// |---|---|
// | `address.rs` | what sockets are called |
// | `credentials.rs` | who is at the other end |
// | `listener.rs`, `stream.rs`, `connecting.rs` | connections, and how they come about |
// | `patience.rs` | how something is waited for that no event tells of |
// | `transfer.rs`, `passing.rs` | what goes over them: bytes, and descriptors |
// | `split.rs`, `split_owned.rs` | the two directions of one, apart |
// | `datagram/` | messages |
// | `socket.rs` | sockets before they are connected or listen |
// | `pipe/` | pipes, and those that have names |
//
// Who calls it: users, on any thread. Checked by `tests/unix_*.rs` and `tests/pipe.rs`. Deliberately not here: how an
// operation waits (`source/`). A read that gets less than it has room for has *not* emptied a Unix socket: it ends
// where descriptors are passed, with more behind them. So the rule by which TCP saves a call is not for these.

mod address;
mod connecting;
mod credentials;
pub(super) mod datagram;
pub(super) mod listener;
mod passing;
mod patience;
pub mod pipe;
pub(super) mod socket;
mod split;
mod split_owned;
pub(super) mod stream;
mod transfer;

pub use address::SocketAddr;
pub use credentials::{UCred, gid_t, pid_t, uid_t};
pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};

#[cfg(doc)]
use super::UnixStream;
