//! Copies: what arrives, when it is flushed, what a dropped copy loses, and that one between ends that are always ready starves nobody.

#![cfg(feature = "net")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

// Ends that spend no budget: those of this crate do.
use fusee::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter, Cursor, ErrorKind, copy, copy_buf, duplex};
use futures::io::{repeat, sink};
use streams::{Asked, By, Writes, body, now, turns_beside};
use support::wakers::counting;
use support::{on_every_flavour, on_one_worker};

#[test]
fn all_bytes_arrive_and_are_flushed_and_the_writer_stays_open() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for buffered in [false, true] {
                let sent = body(1_000_000);
                let (writer, mut end) = duplex(777);
                let expected = sent.clone();
                let copies = fusee::spawn(async move {
                    let mut writer = BufWriter::new(writer);
                    let copied = if buffered {
                        copy_buf(&mut sent.as_slice(), &mut writer).await
                    } else {
                        copy(&mut sent.as_slice(), &mut writer).await
                    };
                    assert_eq!(copied.unwrap(), 1_000_000);
                    writer
                });
                let mut got = vec![0; 1_000_000];
                end.read_exact(&mut got).await.unwrap();
                assert!(got == expected);
                let mut writer = copies.await.unwrap();
                writer.write_all(b"more").await.unwrap();
                writer.close().await.unwrap();
                let mut more = String::new();
                end.read_to_string(&mut more).await.unwrap();
                assert_eq!(more, "more");
            }
        });
    });
}

#[test]
fn a_writer_that_buffers_is_flushed_while_the_reader_has_nothing() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for buffered in [false, true] {
                let (mut asks, reader) = duplex(64);
                let (writer, mut answers) = duplex(64);
                let copies = fusee::spawn(async move {
                    let mut writer = BufWriter::new(writer);
                    match buffered {
                        true => copy_buf(&mut BufReader::new(reader), &mut writer).await,
                        false => copy(&mut BufReader::new(reader), &mut writer).await,
                    }
                });
                // The next question depends on the answer, which lies in the writer's buffer unless it is flushed.
                for round in 0..10 {
                    asks.write_all(&[round]).await.unwrap();
                    let mut answer = [0];
                    answers.read_exact(&mut answer).await.unwrap();
                    assert_eq!(answer, [round]);
                }
                drop(asks);
                assert_eq!(copies.await.unwrap().unwrap(), 10);
            }
        });
    });
}

#[test]
fn a_copy_between_ends_that_are_always_ready_starves_no_task_of_its_worker() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            // A turn moves 8 KiB; a poll has 128 turns.
            let bytes = 8192 * 128 * 20;
            let (turns, copied) =
                turns_beside(async move { copy(&mut repeat(7).take(bytes), &mut sink()).await }).await;
            assert_eq!(copied.unwrap(), bytes);
            assert!(turns >= 19, "another task of the worker was polled {turns} times beside `copy`");
            let reader = BufReader::new(repeat(7).take(bytes));
            let (turns, copied) = turns_beside(async move { copy_buf(&mut { reader }, &mut sink()).await }).await;
            assert_eq!(copied.unwrap(), bytes);
            assert!(turns >= 19, "another task of the worker was polled {turns} times beside `copy_buf`");
        });
    });
}

#[test]
fn a_copy_without_end_hinders_no_shutdown() {
    on_every_flavour(|runtime| {
        let (mut writer, mut end) = duplex(1);
        let copies = async move {
            writer.write_all(b"x").await.unwrap();
            copy(&mut repeat(7), &mut sink()).await
        };
        let _copies = runtime.spawn(copies);
        runtime.block_on(async { end.read_exact(&mut [0]).await }).unwrap();
        drop(runtime);
    });
}

#[test]
fn a_copy_that_is_dropped_loses_what_it_has_read_and_not_written() {
    let mut reader: &[u8] = &body(10_000);
    let (mut writer, mut end) = duplex(100);
    assert!(now(copy(&mut reader, &mut writer)).is_none());
    drop(writer);
    let mut got = Vec::new();
    now(end.read_to_end(&mut got)).unwrap().unwrap();
    assert_eq!(got, body(10_000)[..100]);
    assert_eq!(reader.len(), 10_000 - 8192, "a buffer of 8 KiB was full");
}

#[test]
fn a_copy_out_of_the_readers_buffer_loses_nothing_when_it_is_dropped() {
    let mut reader = BufReader::new(Cursor::new(body(10_000)));
    let (mut writer, mut end) = duplex(100);
    let mut got = vec![0; 10_000];
    let (most, last) = got.split_at_mut(9_900);
    for part in most.chunks_mut(100) {
        assert!(now(copy_buf(&mut reader, &mut writer)).is_none());
        now(end.read_exact(part)).unwrap().unwrap();
    }
    assert_eq!(now(copy_buf(&mut reader, &mut writer)).unwrap().unwrap(), 100);
    now(end.read_exact(last)).unwrap().unwrap();
    assert!(got == body(10_000));
}

#[test]
fn errors_of_either_end_are_answered_and_so_is_a_writer_that_takes_nothing() {
    let refused = || io::Error::from(ErrorKind::ConnectionReset);
    let mut fails = By(|_: &mut Context<'_>, _: &mut [u8]| Poll::Ready(Err(refused())));
    assert_eq!(now(copy(&mut fails, &mut sink())).unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
    for (answer, kind) in [(None, ErrorKind::ConnectionReset), (Some(0), ErrorKind::WriteZero)] {
        let mut writer = Writes(|_: &mut Context<'_>, _: Asked<'_>| Poll::Ready(answer.ok_or_else(refused)));
        assert_eq!(now(copy(&mut repeat(7), &mut writer)).unwrap().unwrap_err().kind(), kind);
        assert_eq!(now(copy_buf(&mut &b"x"[..], &mut writer)).unwrap().unwrap_err().kind(), kind);
    }
}

#[test]
fn a_writer_that_waits_is_told_of_by_the_reader_as_well() {
    // While the writer is full the copy reads ahead, for as long as its buffer has room, and then waits for the writer alone.
    let (mut asks, mut reader) = duplex(64 * 1024);
    let (mut writer, mut end) = duplex(10);
    let mut copies = pin!(copy(&mut reader, &mut writer));
    let (woken, waker) = counting();
    let mut context = Context::from_waker(&waker);
    now(asks.write_all(&[1; 100])).unwrap().unwrap();
    assert!(copies.as_mut().poll(&mut context).is_pending());
    now(asks.write_all(&[2; 100])).unwrap().unwrap();
    assert_eq!(woken.get(), 1, "by the reader");
    assert!(copies.as_mut().poll(&mut context).is_pending());
    now(end.read(&mut [0; 10])).unwrap().unwrap();
    assert_eq!(woken.get(), 2, "by the writer");
    now(asks.write_all(&[3; 20_000])).unwrap().unwrap();
    assert!(copies.as_mut().poll(&mut context).is_pending());
    let before = woken.get();
    now(asks.write_all(&[4])).unwrap().unwrap();
    assert_eq!(woken.get(), before, "the buffer is full");
}

#[test]
fn the_end_is_flushed_before_it_is_told_also_by_a_writer_that_takes_its_time() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (writes, mut waited) = (log.clone(), false);
    let mut writer = Writes(move |context: &mut Context<'_>, asked: Asked<'_>| {
        let (entry, count) = match asked {
            Asked::Write(bytes) => ("write", bytes.len().min(3)),
            Asked::Flush => ("flush", 0),
            Asked::Close => ("close", 0),
        };
        waited = !waited;
        if waited {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        writes.lock().unwrap().push(entry);
        Poll::Ready(Ok(count))
    });
    let mut reader: &[u8] = b"seven b";
    let mut copies = pin!(copy(&mut reader, &mut writer));
    let copied = loop {
        if let Poll::Ready(copied) = copies.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            break copied;
        }
    };
    assert_eq!(copied.unwrap(), 7);
    assert_eq!(*log.lock().unwrap(), ["write", "write", "write", "flush"]);
}
