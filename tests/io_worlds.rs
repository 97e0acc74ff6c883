//! Both worlds' traits on the same streams: tokio's extension methods and futures-io's, in turn and across.

#![cfg(feature = "tokio-io")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::future::poll_fn;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Waker};

use fusee::net::{TcpListener, TcpStream};
use streams::{body, now};
use support::on_every_flavour;
use tokio::io::ReadBuf;

/// Two streams that are connected.
async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

mod in_tokios {
    use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

    pub(crate) async fn asks<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> S {
        let mut stream = BufReader::new(stream);
        stream.write_u32(7).await.unwrap();
        stream.write_all(b"a line\n").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(stream.read_u64().await.unwrap(), 8);
        let mut line = String::new();
        assert_eq!(stream.read_line(&mut line).await.unwrap(), 8);
        assert_eq!(line, "answered");
        stream.into_inner()
    }
}

mod in_futures_ios {
    use fusee::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

    pub(crate) async fn answers<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> S {
        let mut stream = BufReader::new(stream);
        let mut number = [0; 4];
        stream.read_exact(&mut number).await.unwrap();
        assert_eq!(number, [0, 0, 0, 7]);
        let mut line = "so far: ".to_owned();
        assert_eq!(stream.read_line(&mut line).await.unwrap(), 7);
        assert_eq!(line, "so far: a line\n", "it is appended");
        stream.write_all(&8u64.to_be_bytes()).await.unwrap();
        stream.write_all(b"answered").await.unwrap();
        stream.flush().await.unwrap();
        stream.close().await.unwrap();
        stream.into_inner()
    }
}

#[test]
fn one_end_speaks_tokios_and_the_other_futures_ios() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, other) = fusee::io::duplex(16);
            let answers = fusee::spawn(in_futures_ios::answers(other));
            in_tokios::asks(one).await;
            answers.await.unwrap();
            let (one, other) = sockets().await;
            let answers = fusee::spawn(in_futures_ios::answers(other));
            in_tokios::asks(one).await;
            answers.await.unwrap();
        });
    });
}

#[test]
fn one_end_speaks_both_in_turn_and_ends_by_tokios_shutdown() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            use fusee::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut one, mut other) = sockets().await;
            tokio::io::AsyncWriteExt::write_all(&mut one, b"in tokio's ").await.unwrap();
            let slices = [IoSlice::new(b"and in "), IoSlice::new(b"futures's")];
            assert_eq!(one.write_vectored(&slices).await.unwrap(), 16);
            tokio::io::AsyncWriteExt::shutdown(&mut one).await.unwrap();
            let mut first = [0; 3];
            assert_eq!(other.read_vectored(&mut [IoSliceMut::new(&mut first)]).await.unwrap(), 3);
            let mut text = String::from_utf8(first.to_vec()).unwrap();
            tokio::io::AsyncReadExt::read_to_string(&mut other, &mut text).await.unwrap();
            assert_eq!(text, "in tokio's and in futures's");
        });
    });
}

#[test]
fn tokios_copies_and_halves_take_our_streams() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (one, mut front) = fusee::io::duplex(1000);
            let (mut back, other) = sockets().await;
            let proxy = fusee::spawn(async move { tokio::io::copy_bidirectional(&mut front, &mut back).await });
            let echo = fusee::spawn(async move {
                let (mut reader, mut writer) = tokio::io::split(other);
                let copied = tokio::io::copy(&mut reader, &mut writer).await.unwrap();
                tokio::io::AsyncWriteExt::shutdown(&mut writer).await.unwrap();
                copied
            });
            let (mut reader, mut writer) = fusee::io::split(one);
            let writes = fusee::spawn(async move {
                tokio::io::AsyncWriteExt::write_all(&mut writer, &body(500_000)).await.unwrap();
                tokio::io::AsyncWriteExt::shutdown(&mut writer).await.unwrap();
            });
            let mut got = Vec::new();
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut got).await.unwrap();
            assert!(got == body(500_000));
            writes.await.unwrap();
            assert_eq!(echo.await.unwrap(), 500_000);
            assert_eq!(proxy.await.unwrap().unwrap(), (500_000, 500_000));
        });
    });
}

#[test]
fn tokios_vectored_writes_go_out_in_one() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            use tokio::io::AsyncWrite;
            let slices = [IoSlice::new(b"two "), IoSlice::new(b"slices")];
            let (mut one, _other) = fusee::io::duplex(64);
            assert!(one.is_write_vectored());
            assert_eq!(tokio::io::AsyncWriteExt::write_vectored(&mut one, &slices).await.unwrap(), 10);
            let (mut one, _other) = sockets().await;
            assert!(one.is_write_vectored());
            assert_eq!(tokio::io::AsyncWriteExt::write_vectored(&mut one, &slices).await.unwrap(), 10);
        });
    });
}

#[test]
fn a_read_into_fresh_room_clears_little_of_it_and_one_into_room_that_was_used_fills_all() {
    const MEGABYTE: usize = 1 << 20;
    let (mut one, mut other) = fusee::io::duplex(MEGABYTE);
    let read = |stream: &mut fusee::io::DuplexStream, buffer: &mut ReadBuf<'_>| {
        let context = &mut Context::from_waker(Waker::noop());
        assert!(tokio::io::AsyncRead::poll_read(Pin::new(stream), context, buffer).is_ready());
    };
    now(tokio::io::AsyncWriteExt::write_all(&mut one, b"little")).unwrap().unwrap();
    let mut fresh = vec![MaybeUninit::uninit(); MEGABYTE];
    let mut buffer = ReadBuf::uninit(&mut fresh);
    read(&mut other, &mut buffer);
    assert_eq!(buffer.filled(), b"little");
    assert!(buffer.initialized().len() <= 64 * 1024, "{} bytes were cleared", buffer.initialized().len());

    now(tokio::io::AsyncWriteExt::write_all(&mut one, &body(MEGABYTE))).unwrap().unwrap();
    let mut used = vec![0; MEGABYTE];
    let mut buffer = ReadBuf::new(&mut used);
    read(&mut other, &mut buffer);
    assert!(buffer.filled() == body(MEGABYTE));
}

/// What comes from `writer` is read by `reader` into room that nobody has initialised, beside what is filled already.
async fn read_uninitialized(
    writer: &mut (impl tokio::io::AsyncWrite + Unpin),
    reader: &mut (impl tokio::io::AsyncRead + Unpin),
) {
    let mut fresh = [MaybeUninit::uninit(); 8192];
    let mut buffer = ReadBuf::uninit(&mut fresh);
    buffer.put_slice(b"filled, ");
    tokio::io::AsyncWriteExt::write_all(writer, b"and little").await.unwrap();
    poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut buffer)).await.unwrap();
    assert_eq!(buffer.filled(), b"filled, and little");
    assert_eq!(buffer.initialized().len(), buffer.filled().len(), "more than was read has been cleared");

    // Room for a part of what there is, then none.
    tokio::io::AsyncWriteExt::write_all(writer, b"much").await.unwrap();
    let mut small = [MaybeUninit::uninit(); 3];
    let mut buffer = ReadBuf::uninit(&mut small);
    for _ in 0..2 {
        poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut buffer)).await.unwrap();
        assert_eq!(buffer.filled(), b"muc");
    }
    let mut rest = [MaybeUninit::uninit(); 3];
    let mut buffer = ReadBuf::uninit(&mut rest);
    poll_fn(|context| Pin::new(&mut *reader).poll_read(context, &mut buffer)).await.unwrap();
    assert_eq!(buffer.filled(), b"h");
}

#[test]
fn sockets_are_read_into_fresh_room_without_clearing_it() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = sockets().await;
            read_uninitialized(&mut there, &mut here).await;
            read_uninitialized(&mut there, &mut here.split().0).await;
            read_uninitialized(&mut there, &mut here.into_split().0).await;
            #[cfg(unix)]
            {
                let (mut here, mut there) = fusee::net::UnixStream::pair().unwrap();
                read_uninitialized(&mut there, &mut here).await;
                read_uninitialized(&mut there, &mut here.split().0).await;
            }
        });
    });
}

#[test]
fn a_copy_of_ours_takes_streams_of_tokios_world_in_an_adapter() {
    use tokio_util::compat::{FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};

    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (theirs, mut far) = tokio::io::duplex(64);
            let (near, ours) = fusee::io::duplex(64);
            let copies = fusee::spawn(async move {
                let (mut theirs, mut ours) = (theirs.compat(), ours);
                fusee::io::copy_bidirectional(&mut theirs, &mut ours).await
            });
            tokio::io::AsyncWriteExt::write_all(&mut far, &body(60)).await.unwrap();
            tokio::io::AsyncWriteExt::shutdown(&mut far).await.unwrap();
            let mut got = Vec::new();
            // Needlessly: a stream of ours has tokio's traits already.
            let mut near = FuturesAsyncReadCompatExt::compat(near);
            tokio::io::AsyncReadExt::read_to_end(&mut near, &mut got).await.unwrap();
            assert!(got == body(60));
            drop(near);
            assert_eq!(copies.await.unwrap().unwrap(), (60, 0));
        });
    });
}
