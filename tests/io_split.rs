//! A stream in two halves: each has what the stream has of both worlds' traits, and the halves become the stream again.

#![cfg(feature = "net")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::io::{self, IoSlice, IoSliceMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use fusee::io::{AsyncReadExt, AsyncWriteExt, Cursor, duplex, split};
use streams::{Asked, Both, By, Writes, body, now};
use support::{message, on_every_flavour, quiet_panic};

#[test]
fn the_halves_read_and_write_in_two_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = duplex(100);
            let (mut reader, mut writer) = split(one);
            let echo = fusee::spawn(async move {
                let (mut reader, mut writer) = split(other);
                let copied = fusee::io::copy(&mut reader, &mut writer).await.unwrap();
                writer.close().await.unwrap();
                copied
            });
            let writes = fusee::spawn(async move {
                writer.write_all(&body(100_000)).await.unwrap();
                writer.close().await.unwrap();
            });
            let mut got = Vec::new();
            reader.read_to_end(&mut got).await.unwrap();
            assert!(got == body(100_000));
            writes.await.unwrap();
            assert_eq!(echo.await.unwrap(), 100_000);
        });
    });
}

#[test]
fn halves_of_one_stream_are_put_together_and_halves_of_two_refused() {
    let (reader, writer) = split(Cursor::new(vec![1]));
    let (stranger, _writer) = split(Cursor::new(vec![2]));
    assert!(reader.is_pair_of(&writer) && writer.is_pair_of(&reader));
    assert!(!stranger.is_pair_of(&writer) && !writer.is_pair_of(&stranger));
    let payload = catch_unwind(AssertUnwindSafe(|| stranger.unsplit(writer))).unwrap_err();
    assert!(message(&*payload).contains("two streams"));
    let (reader, writer) = split(Cursor::new(vec![1]));
    assert_eq!(reader.unsplit(writer).into_inner(), [1]);
}

#[test]
fn vectored_operations_reach_the_stream_as_such() {
    let (one, other) = duplex(64);
    let ((mut reader, _other), (_one, mut writer)) = (split(other), split(one));
    let slices = [IoSlice::new(b"two "), IoSlice::new(b"slices")];
    assert_eq!(now(writer.write_vectored(&slices)).unwrap().unwrap(), 10);
    let (mut first, mut second) = ([0; 3], [0; 7]);
    let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(now(reader.read_vectored(&mut slices)).unwrap().unwrap(), 10);
    assert_eq!((&first, &second), (b"two", b" slices"));
}

#[test]
fn a_half_is_flushed_and_closed_when_it_is_told_to_and_not_when_it_is_dropped() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writes = log.clone();
    let stream = Both(
        By(|_: &mut Context<'_>, _: &mut [u8]| Poll::<io::Result<usize>>::Pending),
        Writes(move |_: &mut Context<'_>, asked: Asked<'_>| {
            writes.lock().unwrap().push(match asked {
                Asked::Write(_) => "write",
                Asked::Flush => "flush",
                Asked::Close => "close",
            });
            Poll::Ready(Ok(1))
        }),
    );
    let (_reader, mut writer) = split(stream);
    now(writer.write(b"x")).unwrap().unwrap();
    now(writer.flush()).unwrap().unwrap();
    now(writer.close()).unwrap().unwrap();
    drop(writer);
    assert_eq!(*log.lock().unwrap(), ["write", "flush", "close"]);
}

#[test]
fn a_poll_that_panics_leaves_the_other_half_usable() {
    let stream = Both(
        By(|_: &mut Context<'_>, _: &mut [u8]| -> Poll<io::Result<usize>> { quiet_panic("a reader's poll") }),
        Writes(|_: &mut Context<'_>, _: Asked<'_>| Poll::Ready(Ok(1))),
    );
    let (mut reader, mut writer) = split(stream);
    assert!(catch_unwind(AssertUnwindSafe(|| now(reader.read(&mut [0])))).is_err());
    assert_eq!(now(writer.write(b"x")).unwrap().unwrap(), 1);
}

#[cfg(feature = "tokio-io")]
#[test]
fn a_stream_of_tokios_world_alone_splits_as_well() {
    use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, mut other) = tokio::io::duplex(100);
            let (mut reader, mut writer) = split(one);
            assert!(writer.is_write_vectored());
            let writes = fusee::spawn(async move {
                AsyncWriteExt::write_all(&mut writer, &body(100_000)).await.unwrap();
                AsyncWriteExt::flush(&mut writer).await.unwrap();
                AsyncWriteExt::shutdown(&mut writer).await.unwrap();
                writer
            });
            let mut got = Vec::new();
            AsyncReadExt::read_to_end(&mut other, &mut got).await.unwrap();
            assert!(got == body(100_000));
            drop(other);
            assert_eq!(AsyncReadExt::read(&mut reader, &mut [0]).await.unwrap(), 0);
            drop(reader.unsplit(writes.await.unwrap()));
        });
    });
}
