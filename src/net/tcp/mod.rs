//! The halves of a [`TcpStream`](super::TcpStream).
//!
//! | | borrowed, by [`split`](super::TcpStream::split) | owned, by [`into_split`](super::TcpStream::into_split) |
//! |---|---|---|
//! | to be read | [`ReadHalf`] | [`OwnedReadHalf`] |
//! | to be written | [`WriteHalf`] | [`OwnedWriteHalf`] |
//!
//! Owned halves may go to different tasks. They cost an allocation, borrowed ones nothing.

mod halves;
pub(super) mod listener;
pub(super) mod socket;
mod socket_options;
mod split;
mod split_owned;
pub(super) mod stream;
mod stream_options;
mod transfer;

pub use split::{ReadHalf, WriteHalf};
pub use split_owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
