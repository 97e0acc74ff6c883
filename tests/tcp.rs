//! TCP: what connects, reads and writes does so in order and in full, whoever waits and on whichever runtime.
#![cfg(feature = "net")]

mod support;

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use fusee::net::TcpStream;
use futures::future::join_all;
use support::sockets::{fill, kind, listener, pair, pair_with_std};
use support::{current_thread, driven, on_every_flavour, until, until_within, wakers, watchdog, workers};

/// Some bytes, of which no two parts are alike.
fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 31 + at / 251) as u8).collect()
}

#[test]
fn many_connections_echo_at_the_same_time() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            let server = fusee::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    fusee::spawn(async move {
                        let mut buffer = [0; 1000];
                        loop {
                            match stream.read(&mut buffer).await.unwrap() {
                                0 => break,
                                count => stream.write_all(&buffer[..count]).await.unwrap(),
                            }
                        }
                    });
                }
            });
            let clients = (0..50).map(|_| {
                fusee::spawn(async move {
                    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
                    let sent = pattern(100_000);
                    let expected = sent.clone();
                    let writes = fusee::spawn(async move { writer.write_all(&sent).await.unwrap() });
                    let mut received = Vec::new();
                    reader.read_to_end(&mut received).await.unwrap();
                    writes.await.unwrap();
                    assert!(received == expected);
                })
            });
            join_all(clients).await.into_iter().for_each(|client| client.unwrap());
            server.abort();
        });
    });
}

#[test]
fn what_is_peeked_is_still_there() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair().await;
            there.write_all(b"hello").await.unwrap();
            let mut buffer = [0; 5];
            assert_eq!(here.peek(&mut buffer[..2]).await.unwrap(), 2);
            assert_eq!(&buffer[..2], b"he");
            let (mut reader, _writer) = here.split();
            assert_eq!(reader.peek(&mut buffer[..1]).await.unwrap(), 1);
            reader.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"hello");
            drop(there);
            assert_eq!(here.peek(&mut buffer).await.unwrap(), 0);
        });
    });
}

#[test]
fn halves_come_together_again_if_they_are_of_one_stream() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, mut there) = pair().await;
            let (other, _other) = pair().await;
            let (reader, writer) = here.into_split();
            let (other_reader, other_writer) = other.into_split();
            let error = reader.reunite(other_writer).unwrap_err();
            assert_eq!(error.to_string(), "the halves are not of the same stream");
            let (reader, _) = (error.0, error.1);
            let mut here = writer.reunite(reader).unwrap();
            drop(other_reader);
            // Neither half has shut it down.
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut [0]).await.unwrap();
        });
    });
}

#[test]
fn more_buffers_than_one_call_takes_lose_nothing_and_hang_nobody() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair().await;
            let sent = pattern(10_000);
            let expected = sent.clone();
            let writes = fusee::spawn(async move {
                let mut left = &sent[..];
                while !left.is_empty() {
                    let slices: Vec<_> = left.chunks(1).map(IoSlice::new).collect();
                    let count = there.write_vectored(&slices).await.unwrap();
                    left = &left[count..];
                }
                there
            });
            let mut received = Vec::new();
            let _there = writes.await.unwrap();
            // All of it is there, and no event will come for what is left by one read.
            while received.len() < expected.len() {
                let mut bytes = [0; 2000];
                let mut slices: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
                let count = here.read_vectored(&mut slices).await.unwrap();
                received.extend_from_slice(&bytes[..count]);
            }
            assert!(received == expected);
        });
    });
}

#[test]
fn what_is_tried_in_vain_would_block_and_is_waited_for() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, mut there) = pair().await;
            let mut buffer = [0; 8];
            assert_eq!(kind(here.try_read(&mut buffer)), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_io(Interest::READABLE, || Ok(()))), ErrorKind::WouldBlock);
            fill(&here).await;
            assert_eq!(kind(here.try_write(b"x")), ErrorKind::WouldBlock);
            assert_eq!(kind(here.try_write_vectored(&[IoSlice::new(b"x")])), ErrorKind::WouldBlock);

            there.write_all(b"hello").await.unwrap();
            assert!(here.ready(Interest::READABLE).await.unwrap().is_readable());
            let (mut head, mut rest) = ([0; 1], [0; 8]);
            let mut slices = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut rest)];
            assert_eq!(here.try_read_vectored(&mut slices).unwrap(), 5);
            assert_eq!(kind(here.try_read(&mut buffer)), ErrorKind::WouldBlock);

            let reads = fusee::spawn(async move {
                let mut buffer = vec![0; 1 << 20];
                while there.read(&mut buffer).await.unwrap() > 0 {}
            });
            here.writable().await.unwrap();
            let mut answer = here.try_write(b"x");
            while answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
                here.writable().await.unwrap();
                answer = here.try_write(b"x");
            }
            answer.unwrap();
            drop(here);
            reads.await.unwrap();
        });
    });
}

#[test]
fn readers_writers_and_those_who_wait_for_readiness_are_all_woken() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (here, there) = pair().await;
            fill(&here).await;
            let (here, there) = (Arc::new(here), Arc::new(there));
            let waits = |interest: Interest| {
                let here = here.clone();
                fusee::spawn(async move { here.ready(interest).await.unwrap() })
            };
            let waiting: Vec<_> = (0..4).flat_map(|_| [waits(Interest::READABLE), waits(Interest::WRITABLE)]).collect();
            let peeks = fusee::spawn({
                let here = here.clone();
                async move { here.peek(&mut [0]).await.unwrap() }
            });
            fusee::task::yield_now().await;
            there.writable().await.unwrap();
            assert_eq!(there.try_write(b"x").unwrap(), 1);
            let drains = fusee::spawn(async move {
                let mut buffer = vec![0; 1 << 20];
                loop {
                    there.readable().await.unwrap();
                    match there.try_read(&mut buffer) {
                        Ok(0) => break,
                        Ok(_) => {}
                        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                    }
                }
            });
            for ready in join_all(waiting).await {
                assert!(!ready.unwrap().is_empty());
            }
            assert_eq!(peeks.await.unwrap(), 1);
            // A stream that is dropped with bytes to be read resets the connection.
            assert_eq!(here.try_read(&mut [0]).unwrap(), 1);
            drop(here);
            drains.await.unwrap();
        });
    });
}

#[test]
fn a_read_that_is_dropped_loses_no_byte() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair().await;
            let sent = pattern(20_000);
            let expected = sent.clone();
            let writes = fusee::spawn(async move {
                for part in sent.chunks(10) {
                    there.write_all(part).await.unwrap();
                    fusee::task::yield_now().await;
                }
            });
            let mut received = Vec::new();
            let mut dropped = 0;
            loop {
                let mut buffer = [0; 64];
                let mut reads = 0;
                let read = {
                    let mut read = pin!(here.read(&mut buffer));
                    // Every other read is given up if it has to wait.
                    poll_fn(|context| {
                        reads += 1;
                        match read.as_mut().poll(context) {
                            Poll::Pending if dropped % 2 == 0 || reads > 1 => Poll::Ready(None),
                            answer => answer.map(Some),
                        }
                    })
                    .await
                };
                match read {
                    None => {
                        dropped += 1;
                        fusee::task::yield_now().await;
                    }
                    Some(count) => match count.unwrap() {
                        0 => break,
                        count => received.extend_from_slice(&buffer[..count]),
                    },
                }
            }
            writes.await.unwrap();
            assert!(received == expected);
        });
    });
}

#[test]
fn a_stream_works_on_another_runtime_and_on_none() {
    on_every_flavour(|runtime| {
        let (mut here, mut there) = runtime.block_on(pair());
        driven(&runtime, || {
            for other in [current_thread(), workers(2)] {
                other.block_on(async {
                    let mut buffer = [0; 5];
                    let (read, written) =
                        futures::join!(here.read_exact(&mut buffer), async { there.write_all(b"hello").await });
                    read.unwrap();
                    written.unwrap();
                    assert_eq!(&buffer, b"hello");
                });
            }
            futures::executor::block_on(async {
                let mut buffer = [0; 5];
                let read = futures::join!(here.read_exact(&mut buffer), there.write_all(b"again"));
                read.0.unwrap();
                assert_eq!(&buffer, b"again");
            });
        });
    });
}

#[test]
fn with_the_standard_librarys_end_bytes_come_in_order() {
    on_every_flavour(|runtime| {
        let (mut here, mut there) = runtime.block_on(pair_with_std());
        let sent = pattern(3_000_000);
        let expected = sent.clone();
        let thread = std::thread::spawn(move || {
            let mut received = vec![0; sent.len()];
            there.read_exact(&mut received).unwrap();
            there.write_all(&received).unwrap();
        });
        runtime.block_on(async {
            let (mut reader, mut writer) = here.split();
            let mut received = vec![0; expected.len()];
            let (written, read) = futures::join!(writer.write_all(&expected), reader.read_exact(&mut received));
            written.unwrap();
            read.unwrap();
            assert!(received == expected);
        });
        thread.join().unwrap();
    });
}

#[test]
fn of_two_who_poll_a_direction_the_last_is_woken_and_the_other_direction_is_apart() {
    on_every_flavour(|runtime| {
        let (mut here, mut there) = runtime.block_on(pair_with_std());
        runtime.block_on(fill(&here));
        let mut buffer = [0; 1];
        let (first, first_waker) = wakers::counting();
        let (last, last_waker) = wakers::counting();
        let (writer, writer_waker) = wakers::counting();
        let mut here = Pin::new(&mut here);
        let mut poll_read = |waker| here.as_mut().poll_read(&mut Context::from_waker(waker), &mut buffer).is_pending();
        assert!(poll_read(&first_waker) && poll_read(&last_waker));
        assert!(here.as_mut().poll_write(&mut Context::from_waker(&writer_waker), b"x").is_pending());
        there.write_all(b"x").unwrap();
        until_within(&runtime, "the last is woken", || last.get() == 1);
        assert_eq!((first.get(), writer.get()), (0, 0));
    });
}

#[test]
fn a_stream_outlives_its_runtime_and_tells_of_it() {
    watchdog(|| {
        for runtime in [current_thread(), workers(2)] {
            let (mut here, mut there) = runtime.block_on(pair_with_std());
            let listener = runtime.block_on(listener());
            let other = workers(1);
            let (mut waiting, _peer) = runtime.block_on(pair());
            let waits = other.spawn(async move { waiting.read(&mut [0]).await });
            let accepts = other.spawn(async move { listener.accept().await.map(drop) });
            until("they wait", || other.metrics().worker_poll_count(0) >= 2);
            drop(runtime);
            let gone = |error: std::io::Error| assert!(error.to_string().contains("shut down"), "{error}");
            gone(other.block_on(waits).unwrap().unwrap_err());
            gone(other.block_on(accepts).unwrap().unwrap_err());
            other.block_on(async {
                gone(here.read(&mut [0]).await.unwrap_err());
                gone(here.readable().await.unwrap_err());
                gone(here.try_read(&mut [0]).unwrap_err());
            });
            // What needs no runtime still works.
            here.set_nodelay(true).unwrap();
            let mut here = here.into_std().unwrap();
            here.write_all(b"x").unwrap();
            there.read_exact(&mut [0]).unwrap();
        }
    });
}
