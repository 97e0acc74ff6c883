//! The extension methods of readers.
//!
//! They are those of `futures::io::AsyncReadExt` but for its `split`, which takes its stream by value: with that trait in scope `stream.split()` would be
//! the trait's, and never the stream's own.

use std::io::IoSliceMut;

use futures_util::AsyncReadExt as Theirs;
use futures_util::io::{AsyncRead, Chain, Read, ReadExact, ReadVectored, Take};

use super::read_all::{ReadToEnd, ReadToString};

/// Methods for whatever is read by [`AsyncRead`]. The crate `futures` has a trait of this name, too, with a `split` besides: that is
/// [`split()`](super::split()) here, and streams have their own. Both traits in one file make calls ambiguous: import `futures::StreamExt` by name, and not `futures::prelude::*`.
///
/// ```
/// use fusee::io::AsyncReadExt;
///
/// fusee::runtime::block_on(async {
///     let mut text = String::new();
///     (&b"all of"[..]).chain(&b" it"[..]).read_to_string(&mut text).await.unwrap();
///     assert_eq!(text, "all of it");
/// });
/// ```
pub trait AsyncReadExt: AsyncRead {
    /// Reads once into `buffer`. The number of bytes; zero at the end, and for an empty buffer.
    ///
    /// # Errors
    /// What the reader answers.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is done, it has read nothing.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut buffer = [0; 4];
    ///     assert_eq!((&b"ping pong"[..]).read(&mut buffer).await.unwrap(), 4);
    ///     assert_eq!(&buffer, b"ping");
    /// });
    /// ```
    fn read<'a>(&'a mut self, buffer: &'a mut [u8]) -> Read<'a, Self>
    where
        Self: Unpin,
    {
        Theirs::read(self, buffer)
    }

    /// Reads once into several buffers, one after the other. The number of bytes.
    ///
    /// # Errors
    /// What the reader answers.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is done, it has read nothing.
    ///
    /// ```
    /// use std::io::IoSliceMut;
    ///
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let (mut first, mut second) = ([0; 2], [0; 2]);
    ///     let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    ///     assert_eq!((&b"ping"[..]).read_vectored(&mut buffers).await.unwrap(), 4);
    ///     assert_eq!(&second, b"ng");
    /// });
    /// ```
    fn read_vectored<'a>(&'a mut self, buffers: &'a mut [IoSliceMut<'a>]) -> ReadVectored<'a, Self>
    where
        Self: Unpin,
    {
        Theirs::read_vectored(self, buffers)
    }

    /// Reads until `buffer` is full.
    ///
    /// # Errors
    /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof) if the reader ends before; else what it answers. How much was read is not said.
    ///
    /// # Cancel safety
    /// Not safe: what it has read is lost.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut buffer = [0; 4];
    ///     (&b"ping pong"[..]).read_exact(&mut buffer).await.unwrap();
    ///     assert_eq!(&buffer, b"ping");
    /// });
    /// ```
    fn read_exact<'a>(&'a mut self, buffer: &'a mut [u8]) -> ReadExact<'a, Self>
    where
        Self: Unpin,
    {
        Theirs::read_exact(self, buffer)
    }

    /// Reads to the end, and appends what comes. The number of bytes.
    ///
    /// # Errors
    /// What the reader answers; what came before is in the vector.
    ///
    /// # Panics
    /// If the reader says that it has read more than there was room for.
    ///
    /// # Cancel safety
    /// What it has read is in the vector: called again it goes on behind that.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut bytes = vec![1];
    ///     assert_eq!((&[2, 3][..]).read_to_end(&mut bytes).await.unwrap(), 2);
    ///     assert_eq!(bytes, [1, 2, 3]);
    /// });
    /// ```
    fn read_to_end<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> ReadToEnd<'a, Self>
    where
        Self: Unpin,
    {
        ReadToEnd::new(self, bytes)
    }

    /// Reads to the end, and appends what comes. The number of bytes.
    ///
    /// # Errors
    /// [`InvalidData`](std::io::ErrorKind::InvalidData) for what is not UTF-8; else what the reader answers. `text` is as it was then.
    ///
    /// # Panics
    /// As [`read_to_end`](Self::read_to_end).
    ///
    /// # Cancel safety
    /// Not safe: what it has read is lost. `text` is as it was.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut text = String::new();
    ///     (&b"to the end"[..]).read_to_string(&mut text).await.unwrap();
    ///     assert_eq!(text, "to the end");
    /// });
    /// ```
    fn read_to_string<'a>(&'a mut self, text: &'a mut String) -> ReadToString<'a, Self>
    where
        Self: Unpin,
    {
        ReadToString::new(self, text)
    }

    /// A reader of this one to its end, and then of `next`.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut bytes = Vec::new();
    ///     (&[1][..]).chain(&[2][..]).read_to_end(&mut bytes).await.unwrap();
    ///     assert_eq!(bytes, [1, 2]);
    /// });
    /// ```
    fn chain<R: AsyncRead>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
    {
        Theirs::chain(self, next)
    }

    /// A reader of the first `limit` bytes of this one.
    ///
    /// ```
    /// use fusee::io::AsyncReadExt;
    ///
    /// fusee::runtime::block_on(async {
    ///     let mut bytes = Vec::new();
    ///     (&[1, 2, 3][..]).take(2).read_to_end(&mut bytes).await.unwrap();
    ///     assert_eq!(bytes, [1, 2]);
    /// });
    /// ```
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Theirs::take(self, limit)
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}
