//! Streams that claim what is not so.

use std::io;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fusee_hyper::{FuturesIo, Io};
use hyper::rt::{Read, ReadBuf};

/// Puts other buffers in place of the one that it is to fill: this one.
struct Swaps(Option<&'static mut [MaybeUninit<u8>]>);

impl tokio::io::AsyncRead for Swaps {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buffer = tokio::io::ReadBuf::uninit(self.0.take().unwrap());
        buffer.put_slice(b"four");
        Poll::Ready(Ok(()))
    }
}

/// Says that it has filled more than there is.
struct Boasts;

impl futures_io::AsyncRead for Boasts {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len() + 1))
    }
}

/// The message of the panic that a read ends in.
fn panic_of(stream: impl Read + Unpin, room: &mut [MaybeUninit<u8>]) -> String {
    let mut stream = stream;
    let read = || {
        let mut buffer = ReadBuf::uninit(room);
        let _ = Pin::new(&mut stream).poll_read(&mut Context::from_waker(Waker::noop()), buffer.unfilled());
    };
    let panic = catch_unwind(AssertUnwindSafe(read)).expect_err("the claim is noticed");
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    text.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
}

fn leaked() -> &'static mut [MaybeUninit<u8>] {
    Box::leak(Box::new([MaybeUninit::uninit(); 8]))
}

#[test]
fn a_buffer_in_place_of_the_one_to_fill_is_noticed() {
    let message = panic_of(Io::new(Swaps(Some(leaked()))), leaked());
    assert!(message.contains("the stream has put another buffer in place of the one to fill"), "{message}");
    // One that begins at the same place, for there is no room there.
    let (none, all) = leaked().split_at_mut(0);
    let message = panic_of(Io::new(Swaps(Some(all))), none);
    assert_eq!(message, "the stream says that it has read more than there was room for");
}

#[test]
fn more_than_there_is_room_for_is_noticed() {
    let message = panic_of(FuturesIo::new(Boasts), leaked());
    assert_eq!(message, "the stream says that it has read more than there was room for");
}
