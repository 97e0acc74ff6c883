//! Pipes: what one end writes, the other reads.
//!
//! [`pipe`] makes one; [`OpenOptions`] opens one that has a name in the file system, as `mkfifo` makes it.
//!
//! ```
//! use fusee::io::{AsyncReadExt, AsyncWriteExt};
//! use fusee::net::unix::pipe;
//!
//! fusee::runtime::block_on(async {
//!     let (mut sender, mut receiver) = pipe::pipe()?;
//!     let writer = fusee::spawn(async move { sender.write_all(b"hello").await });
//!     let mut text = String::new();
//!     receiver.read_to_string(&mut text).await?;
//!     assert_eq!(text, "hello");
//!     writer.await?
//! })
//! # .unwrap();
//! ```
//!
//! A read that gets less than it has room for need not have emptied a pipe: one with borders between packets
//! (`O_DIRECT`) ends a read at each.

// | file | holds |
// |---|---|
// | `sender.rs`, `receiver.rs` | the two ends |
// | `open_options.rs` | how one with a name is opened |
// | `mode.rs` | what a descriptor is open for |
//
// Who calls it: users, on any thread. Checked by `tests/pipe.rs`.

mod mode;
mod open_options;
mod receiver;
mod sender;

use std::io;

pub use open_options::OpenOptions;
pub use receiver::Receiver;
pub use sender::Sender;

/// A new pipe, without a name.
///
/// # Errors
/// The process or the system has no descriptors left.
///
/// # Panics
/// Outside a runtime, and in a forked child of the process that built it.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::unix::pipe;
///
/// # fusee::runtime::block_on(async {
/// let (mut sender, mut receiver) = pipe::pipe()?;
/// sender.write_all(b"hello").await?;
/// let mut buffer = [0; 5];
/// receiver.read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = mio::unix::pipe::new()?;
    Ok((Sender::new(sender)?, Receiver::new(receiver)?))
}
