//! Reading and writing: the traits that every stream has, buffered readers and writers, copies, and streams in memory.
//!
//! # Which traits
//! There are two worlds: crates that ask for the traits of futures-io ([`AsyncRead`], [`AsyncWrite`], [`AsyncBufRead`], [`AsyncSeek`]: `futures`, smol's crates, `async-tungstenite`,
//! `futures-rustls`), and crates that ask for tokio's traits of the same names (`tokio-util`, `tokio-rustls`, `tokio-tungstenite`, and most others). **Each stream of this crate has both**, the latter with the feature `tokio-io`, which is on by
//! default: it goes into either crate as it is.
//!
//! What is in this module speaks futures-io's. That is:
//!
//! | | |
//! |---|---|
//! | the crate `futures`'s, which is the same as `futures::io` has | the extension traits [`AsyncWriteExt`], [`AsyncBufReadExt`], [`AsyncSeekExt`]; [`BufReader`], [`BufWriter`], [`LineWriter`], [`Cursor`] and what they answer |
//! | this crate's | the extension trait [`AsyncReadExt`], which is `futures`'s but for its `split`; [`copy()`], [`copy_buf`], [`copy_bidirectional()`]; and, of both worlds, [`duplex()`], [`simplex()`], [`split()`], [`empty`], [`repeat`], [`sink`]; with the feature `io-std` the streams of the process: `stdin`, `stdout`, `stderr` |
//!
//! An echo in each:
//!
//! ```
//! # #[cfg(feature = "tokio-io")] {
//! use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
//!
//! /// In the words of futures-io.
//! async fn echo(mut stream: DuplexStream) -> std::io::Result<()> {
//!     let mut buffer = [0; 1024];
//!     loop {
//!         let count = stream.read(&mut buffer).await?;
//!         if count == 0 {
//!             return stream.close().await;
//!         }
//!         stream.write_all(&buffer[..count]).await?;
//!     }
//! }
//!
//! mod in_tokios_words {
//!     use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
//!
//!     pub async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, question: &str) -> std::io::Result<String> {
//!         stream.write_all(question.as_bytes()).await?;
//!         stream.shutdown().await?;
//!         let mut answer = String::new();
//!         stream.read_to_string(&mut answer).await?;
//!         Ok(answer)
//!     }
//! }
//!
//! fusee::runtime::block_on(async {
//!     let (client, server) = duplex(64);
//!     fusee::spawn(echo(server));
//!     assert_eq!(in_tokios_words::ask(client, "is anybody there?").await.unwrap(), "is anybody there?");
//! });
//! # }
//! ```
//!
//! # Line by line
//! [`lines`](AsyncBufReadExt::lines) of a [`BufReader`] answers a stream of lines, without what ends them. The methods of streams are in the crate `futures`: `TryStreamExt::try_next` ends at an error,
//! and is safe to cancel. A server that answers each line in capitals:
//!
//! ```
//! use fusee::io::{self, AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use fusee::net::{TcpListener, TcpStream};
//! use fusee::time::{Duration, sleep};
//! use futures::TryStreamExt;
//!
//! async fn serve(mut stream: TcpStream) -> io::Result<()> {
//!     let (reader, mut writer) = stream.split();
//!     let mut lines = BufReader::new(reader).lines();
//!     while let Some(line) = lines.try_next().await? {
//!         writer.write_all(format!("{}\n", line.to_uppercase()).as_bytes()).await?;
//!     }
//!     Ok(())
//! }
//!
//! fusee::runtime::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     fusee::spawn(async move {
//!         loop {
//!             match listener.accept().await {
//!                 Ok((stream, _)) => drop(fusee::spawn(serve(stream))),
//!                 // The process may have no descriptors left: it may have some soon.
//!                 Err(_) => sleep(Duration::from_millis(100)).await,
//!             }
//!         }
//!     });
//!
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"one\ntwo\n").await?;
//!     client.close().await?;
//!     let answers: Vec<String> = BufReader::new(client).lines().try_collect().await?;
//!     assert_eq!(answers, ["ONE", "TWO"]);
//!     io::Result::Ok(())
//! })
//! # .unwrap();
//! ```
//!
//! A line is as long as who sends it likes, and is kept as a whole: `BufReader::new(reader.take(limit))` bounds what is read. Without the crate `futures`,
//! [`read_line`](AsyncBufReadExt::read_line) appends the next line to a string, with what ends it, and answers zero at the end; it is not safe to cancel.
//!
//! # A program in tokio's words
//! may keep them: `tokio::io` with the feature `io-util` and no other needs no runtime, and its extension traits, `BufReader`, `BufStream`, `Lines::next_line`, `read_u32`, `copy` and all the rest take the streams of
//! this crate. Only the streams themselves come from here. Both worlds' extension traits in one file make method calls ambiguous; both in one program do not.
//!
//! # From one world to the other
//! A stream of another crate that has only one world's traits is wrapped: by `tokio_util::compat` (feature `compat`; `.compat()` on what has tokio's traits, for a function that asks for
//! futures-io's, and `.compat()` from `FuturesAsyncReadCompatExt` the other way round), or by the crate `async-compat`.
//!
//! ```
//! use fusee::io::{AsyncReadExt, copy_bidirectional, duplex};
//! use tokio_util::compat::TokioAsyncReadCompatExt;
//!
//! fusee::runtime::block_on(async {
//!     // Of tokio's traits alone.
//!     let (theirs, mut far_end) = tokio::io::duplex(64);
//!     let (mut near_end, mut ours) = duplex(64);
//!     let copies = fusee::spawn(async move { copy_bidirectional(&mut theirs.compat(), &mut ours).await });
//!     tokio::io::AsyncWriteExt::write_all(&mut far_end, b"across").await.unwrap();
//!     drop(far_end);
//!     let mut text = String::new();
//!     near_end.read_to_string(&mut text).await.unwrap();
//!     assert_eq!(text, "across");
//!     drop(near_end);
//!     copies.await.unwrap().unwrap();
//! });
//! ```
//!
//! # Cancel safety
//! Dropped before it is done, `read`, `write`, `read_vectored`, `write_vectored`, `flush`, `close`, `fill_buf` and [`copy_buf`] have lost nothing. `read_until` and `read_to_end` have put what they took into their
//! vector, and go on behind it if they are called again; the streams that `lines` answers keep it. Not so `read_exact` and `write_all`, of which nobody knows how far they came, `read_line` and
//! `read_to_string`, which drop what they took, and leave their string as it was, as they do when it is not UTF-8. [`copy()`] and [`copy_bidirectional()`] lose what they have read and not yet written.
//!
//! # Giving way
//! Each operation of a stream of this crate that succeeds spends a unit of the task's [budget](crate::task::coop), and so does each turn of a copy. A [`Cursor`], slices and vectors are ready at once and spend none: a loop over
//! them gives way if it calls [`consume_budget`](crate::task::coop::consume_budget).

// Deliberately not here: sockets (`net/`), what waits for them (`source/`), adapters between the worlds.

mod always_ready;
#[cfg(unix)]
mod async_fd;
#[cfg(any(feature = "fs", feature = "io-std"))]
pub(crate) mod buffer;
mod copy;
mod copy_bidirectional;
mod duplex;
#[cfg(any(feature = "fs", feature = "io-std"))]
pub(crate) mod on_pool;
mod read_all;
mod read_ext;
mod simplex;
mod split;
#[cfg(feature = "io-std")]
mod standard;
pub(crate) mod traits;

pub use crate::reactor::{Interest, Ready};
pub use always_ready::{Empty, Repeat, Sink, empty, repeat, sink};
pub use copy::{copy, copy_buf};
pub use copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use duplex::{DuplexStream, duplex};
pub use read_all::{ReadToEnd, ReadToString};
pub use read_ext::AsyncReadExt;
pub use simplex::{SimplexStream, simplex};
pub use split::{ReadHalf, WriteHalf, split};
#[cfg(feature = "io-std")]
pub use standard::{Stderr, Stdin, Stdout, stderr, stdin, stdout};

#[doc(inline)]
pub use futures_util::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt, BufReader, BufWriter,
    Chain, Cursor, LineWriter, Lines, Take,
};

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};

/// What Unix has beside sockets and pipes: descriptors of any kind, for whose readiness an [`AsyncFd`](unix::AsyncFd) waits.
#[cfg(unix)]
pub mod unix {
    pub use super::async_fd::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdTryNewError, TryIoError};
}
