//! Both directions of a copy at once: each is closed at its end while the other goes on, and neither starves the other, or anybody else.

#![cfg(feature = "net")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

// Ends that spend no budget: those of this crate do.
use fusee::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter, ErrorKind, copy_bidirectional,
    copy_bidirectional_with_sizes, duplex, split,
};
use fusee::net::{TcpListener, TcpStream};
use futures::io::{repeat, sink};
use streams::{Asked, Both, By, Writes, body, now, turns_beside};
use support::{on_every_flavour, on_one_worker};

#[test]
fn each_direction_is_closed_at_its_end_and_the_other_goes_on() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for first in [false, true] {
                let (mut a, mut front) = duplex(16);
                let (mut back, mut b) = duplex(16);
                let proxy = fusee::spawn(async move { copy_bidirectional(&mut front, &mut back).await });
                let (closes, goes_on) = if first { (&mut a, &mut b) } else { (&mut b, &mut a) };
                closes.write_all(b"five!").await.unwrap();
                closes.close().await.unwrap();
                let mut got = String::new();
                goes_on.read_to_string(&mut got).await.unwrap();
                assert_eq!(got, "five!");
                assert!(!proxy.is_finished());
                for _ in 0..100 {
                    goes_on.write_all(b"much more").await.unwrap();
                    let mut got = [0; 9];
                    closes.read_exact(&mut got).await.unwrap();
                    assert_eq!(&got, b"much more");
                }
                goes_on.close().await.unwrap();
                assert_eq!(closes.read(&mut [0; 1]).await.unwrap(), 0);
                let copied = proxy.await.unwrap().unwrap();
                assert_eq!(copied, if first { (5, 900) } else { (900, 5) });
            }
        });
    });
}

/// Sends `sends` and closes, and reads meanwhile, until the end, what must be `expects`.
async fn exchange<S>(stream: S, sends: Vec<u8>, expects: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut reader, mut writer) = split(stream);
    let writes = fusee::spawn(async move {
        writer.write_all(&sends).await.unwrap();
        writer.close().await.unwrap();
    });
    let mut got = Vec::new();
    reader.read_to_end(&mut got).await.unwrap();
    assert!(got == expects, "{} bytes arrived of {}", got.len(), expects.len());
    writes.await.unwrap();
}

#[test]
fn a_proxy_carries_large_bodies_both_ways_at_once() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for sizes in [(8192, 8192), (1, 3000), (100_000, 0)] {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (mut front, _) = listener.accept().await.unwrap();
                let (mut back, server) = duplex(5000);
                let proxy = fusee::spawn(async move {
                    copy_bidirectional_with_sizes(&mut front, &mut back, sizes.0, sizes.1).await
                });
                let (request, answer) = (body(50_000), body(90_000));
                let served = fusee::spawn(exchange(server, answer.clone(), request.clone()));
                exchange(client, request, answer).await;
                served.await.unwrap();
                assert_eq!(proxy.await.unwrap().unwrap(), (50_000, 90_000));
            }
        });
    });
}

#[test]
fn what_lies_in_a_writers_buffer_is_flushed_before_it_is_closed_and_while_nothing_comes() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut a, front) = duplex(16);
            let (back, mut b) = duplex(16);
            let mut front = BufWriter::new(front);
            let proxy = fusee::spawn(async move { copy_bidirectional(&mut front, &mut BufWriter::new(back)).await });
            for round in 0..10 {
                a.write_all(&[round]).await.unwrap();
                b.read_exact(&mut [0]).await.unwrap();
                b.write_all(&[round]).await.unwrap();
                a.read_exact(&mut [0]).await.unwrap();
            }
            a.write_all(b"last words").await.unwrap();
            drop((a.close().await, b.close().await));
            let mut words = String::new();
            b.read_to_string(&mut words).await.unwrap();
            assert_eq!(words, "last words");
            assert_eq!(proxy.await.unwrap().unwrap(), (20, 10));
        });
    });
}

#[test]
fn an_error_of_one_direction_ends_both() {
    let reset = || io::Error::from(ErrorKind::ConnectionReset);
    let (mut silent, _end) = duplex(1);
    let fails = By(|_: &mut Context<'_>, _: &mut [u8]| Poll::Ready(Err(reset())));
    let mut fails = Both(fails, sink());
    for (a, b) in [(true, false), (false, true)] {
        assert!(a ^ b);
        let ended = match a {
            true => now(copy_bidirectional(&mut fails, &mut silent)),
            false => now(copy_bidirectional(&mut silent, &mut fails)),
        };
        assert_eq!(ended.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    let takes_none = Writes(|_: &mut Context<'_>, _: Asked<'_>| Poll::Ready(Ok(0)));
    let ended = now(copy_bidirectional(&mut Both(repeat(7), takes_none), &mut Both(repeat(7), sink())));
    assert_eq!(ended.unwrap().unwrap_err().kind(), ErrorKind::WriteZero);
    let fails_to_close = Writes(|_: &mut Context<'_>, asked: Asked<'_>| match asked {
        Asked::Close => Poll::Ready(Err(reset())),
        _ => Poll::Ready(Ok(1)),
    });
    let ended = now(copy_bidirectional(&mut Both(silent, fails_to_close), &mut Both(fusee::io::empty(), sink())));
    assert_eq!(ended.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// A reader that is ready `times` times, and counts how often it was read.
fn counted(times: usize) -> (Arc<AtomicUsize>, impl AsyncRead + Unpin + Send) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let read = move |_: &mut Context<'_>, buffer: &mut [u8]| {
        let is_over = counter.fetch_add(1, Ordering::SeqCst) >= times;
        Poll::Ready(Ok(if is_over { 0 } else { buffer.len() }))
    };
    (count, By(read))
}

#[test]
fn two_directions_that_are_always_ready_share_the_budget_and_starve_nobody() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let ((there, a), (back, b)) = (counted(usize::MAX), counted(usize::MAX));
            let copies = async move { copy_bidirectional(&mut Both(a, sink()), &mut Both(b, sink())).await };
            let copies = fusee::spawn(copies);
            // Of the same worker, which runs it between two polls of the copy.
            let looks = fusee::spawn(async move {
                while there.load(Ordering::SeqCst) < 1000 {
                    fusee::task::yield_now().await;
                }
                (there.load(Ordering::SeqCst), back.load(Ordering::SeqCst))
            });
            let (there, back) = looks.await.unwrap();
            assert!(there.abs_diff(back) <= 2, "{there} turns of the one and {back} of the other");
            copies.abort();

            let ((_, a), (_, b)) = (counted(64 * 20), counted(64 * 20));
            let (turns, copied) =
                turns_beside(async move { copy_bidirectional(&mut Both(a, sink()), &mut Both(b, sink())).await }).await;
            assert_eq!(copied.unwrap(), (64 * 20 * 8192, 64 * 20 * 8192));
            assert!(turns >= 19, "another task of the worker was polled {turns} times");
        });
    });
}

#[test]
fn a_direction_that_waits_is_not_polled_again_within_the_poll() {
    let polls = AtomicUsize::new(0);
    let waits = By(|_: &mut Context<'_>, _: &mut [u8]| {
        polls.fetch_add(1, Ordering::SeqCst);
        Poll::Pending
    });
    let (count, ready) = counted(100);
    let (mut a, mut b) = (Both(ready, sink()), Both(waits, sink()));
    let mut copies = pin!(copy_bidirectional(&mut a, &mut b));
    assert!(copies.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!((count.load(Ordering::SeqCst), polls.load(Ordering::SeqCst)), (101, 1));
}

#[test]
fn a_copy_that_is_dropped_loses_what_it_has_read_and_not_written() {
    let (mut a, mut front) = duplex(10_000);
    let (mut back, mut b) = duplex(100);
    now(a.write_all(&body(10_000))).unwrap().unwrap();
    assert!(now(copy_bidirectional_with_sizes(&mut front, &mut back, 1000, 1)).is_none());
    drop(back);
    let (mut arrived, mut left) = (Vec::new(), Vec::new());
    now(b.read_to_end(&mut arrived)).unwrap().unwrap();
    now(a.close()).unwrap().unwrap();
    now(front.read_to_end(&mut left)).unwrap().unwrap();
    assert!(arrived == body(10_000)[..100] && left == body(10_000)[1000..]);
}
