//! Reading to the end: large bodies in small pieces, errors and panics on the way.
#![cfg(feature = "net")]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, duplex};
use futures::FutureExt;

/// Gives three bytes, and then does something else.
struct Three<F>(bool, F);

impl<F: FnMut() -> io::Result<usize> + Unpin> AsyncRead for Three<F> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if !std::mem::replace(&mut self.0, true) {
            buffer[..3].copy_from_slice(b"abc");
            return Poll::Ready(Ok(3));
        }
        // It may leave anything in the rest of the room.
        buffer.fill(7);
        Poll::Ready((self.1)())
    }
}

#[test]
fn a_large_body_in_small_pieces_is_read_whole() {
    fusee::runtime::block_on(async {
        let (mut writer, mut reader) = duplex(777);
        let body: Vec<u8> = (0..4_000_000u32).map(|n| n as u8).collect();
        let sent = body.clone();
        let writing = fusee::spawn(async move { writer.write_all(&sent).await });
        let mut bytes = vec![1, 2];
        assert_eq!(reader.read_to_end(&mut bytes).await.unwrap(), body.len());
        assert!(bytes.starts_with(&[1, 2]) && bytes[2..] == body);
        writing.await.unwrap().unwrap();
    });
}

#[test]
fn an_error_leaves_what_came_before_in_the_vector_and_nothing_in_the_string() {
    let mut fails = Three(false, || Err(io::Error::other("it is broken")));
    let mut bytes = vec![1];
    let error = fails.read_to_end(&mut bytes).now_or_never().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "it is broken");
    assert_eq!(bytes, b"\x01abc");
    let (mut text, mut fails) = ("as it was".to_owned(), Three(false, || Err(io::Error::other("it is broken"))));
    fails.read_to_string(&mut text).now_or_never().unwrap().unwrap_err();
    assert_eq!(text, "as it was");
}

#[test]
fn what_is_no_utf8_leaves_the_string_as_it_was() {
    let mut text = "as it was".to_owned();
    let error = (&b"\xff"[..]).read_to_string(&mut text).now_or_never().unwrap().unwrap_err();
    assert_eq!((error.kind(), &*text), (io::ErrorKind::InvalidData, "as it was"));
}

#[test]
fn a_reader_that_panics_leaves_what_it_has_read_and_no_room() {
    let mut panics = Three(false, || panic!("on purpose"));
    let mut bytes = vec![1];
    let reading = AssertUnwindSafe(|| panics.read_to_end(&mut bytes).now_or_never());
    assert!(catch_unwind(reading).is_err());
    assert_eq!(bytes, b"\x01abc");
}

#[test]
fn an_interrupted_read_is_tried_again() {
    let mut times = 0;
    let mut interrupted = Three(false, move || {
        times += 1;
        if times == 1 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(0) }
    });
    let mut bytes = Vec::new();
    assert_eq!(interrupted.read_to_end(&mut bytes).now_or_never().unwrap().unwrap(), 3);
    assert_eq!(bytes, b"abc");
}
