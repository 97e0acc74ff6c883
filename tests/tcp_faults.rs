//! TCP when something goes wrong: resets, ends, urgent data, refusals. Nobody spins, hangs, loses a byte or is woken twice.
#![cfg(feature = "net")]

#[path = "support/child.rs"]
mod child;
mod support;

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use fusee::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use fusee::net::{TcpListener, TcpSocket, TcpStream};
use fusee::time::{Duration, timeout};
use socket2::SockRef;
use support::sockets::{fill, kind, listener, pair, pair_with_std, refusing};
use support::{Latch, on_every_flavour, on_one_worker, quiet_panic, until_within, wakers, watchdog, workers};

/// Awaits `future`, and counts how often it is polled.
async fn counting_polls<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let answer = poll_fn(|context| {
        polls += 1;
        future.as_mut().poll(context)
    })
    .await;
    (answer, polls)
}

/// Exchanges a byte with a socket of its own: whoever waits for events has been through since.
async fn next_event() {
    let (mut here, mut there) = pair().await;
    there.write_all(b"x").await.unwrap();
    here.read_exact(&mut [0]).await.unwrap();
}

#[test]
fn a_reset_amid_a_write_is_an_error_and_nobody_spins() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, there) = pair_with_std().await;
            fill(&here).await;
            let (reset, reset_at) = futures::channel::oneshot::channel();
            let writes = fusee::spawn(async move {
                let (answer, polls) = counting_polls(async {
                    reset.send(()).unwrap();
                    here.write_all(&[7; 100_000]).await
                })
                .await;
                // Once it is over it stays so, at once.
                let again = counting_polls(here.write(b"x")).await;
                (answer, polls, again, here.read(&mut [0]).await)
            });
            reset_at.await.unwrap();
            SockRef::from(&there).set_linger(Some(Duration::ZERO)).unwrap();
            drop(there);
            let (answer, polls, (again, polls_again), read) = writes.await.unwrap();
            let reset = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            assert!(reset.contains(&kind(answer)));
            assert!(polls <= 4, "{polls} polls");
            assert_eq!((kind(again), polls_again), (ErrorKind::BrokenPipe, 1));
            // The error was told to the writer: to the reader it is the end.
            assert!(read.is_ok_and(|count| count == 0));
        });
    });
}

#[test]
fn after_a_half_close_reads_answer_the_end_and_writes_go_on() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair().await;
            there.write_all(b"last words").await.unwrap();
            there.close().await.unwrap();
            let mut text = String::new();
            here.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "last words");
            for _ in 0..3 {
                let (count, polls) = counting_polls(here.read(&mut [0])).await;
                assert_eq!((count.unwrap(), polls), (0, 1));
                here.write_all(b"still here").await.unwrap();
                there.read_exact(&mut [0; 10]).await.unwrap();
            }
            // A writer that is full waits for room, and not for the end of the other direction.
            let written = fill(&here).await;
            let writes = fusee::spawn(async move {
                let polls = counting_polls(here.write_all(b"x")).await.1;
                (here, polls)
            });
            let mut received = vec![0; written + 1];
            there.read_exact(&mut received).await.unwrap();
            let (_here, polls) = writes.await.unwrap();
            assert!(polls <= 4, "{polls} polls");
        });
    });
}

#[test]
fn the_end_is_told_to_a_reader_once() {
    on_every_flavour(|runtime| {
        let (mut here, there) = runtime.block_on(pair_with_std());
        let (count, waker) = wakers::counting();
        let mut here = Pin::new(&mut here);
        let mut context = Context::from_waker(&waker);
        assert!(here.as_mut().poll_read(&mut context, &mut [0]).is_pending());
        drop(there);
        until_within(&runtime, "it is woken", || count.get() > 0);
        runtime.block_on(next_event());
        assert_eq!(count.get(), 1);
        runtime.block_on(async {
            assert_eq!(here.read(&mut [0]).await.unwrap(), 0);
        });
        runtime.block_on(next_event());
        assert_eq!(count.get(), 1);
    });
}

#[test]
fn a_reader_that_waits_is_told_when_its_own_end_is_shut() {
    on_every_flavour(|runtime| {
        let (mut here, _there) = runtime.block_on(pair_with_std());
        let (count, waker) = wakers::counting();
        assert!(Pin::new(&mut here).poll_read(&mut Context::from_waker(&waker), &mut [0]).is_pending());
        SockRef::from(&here).shutdown(Shutdown::Read).unwrap();
        until_within(&runtime, "it is woken", || count.get() > 0);
        assert_eq!(runtime.block_on(here.read(&mut [0])).unwrap(), 0);
    });
}

#[test]
fn at_an_urgent_mark_no_byte_is_left() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for waits_first in [true, false] {
                let (mut here, mut there) = pair_with_std().await;
                there.set_nodelay(true).unwrap();
                let sends = move || {
                    for _ in 0..100 {
                        there.write_all(b"before").unwrap();
                        SockRef::from(&there).send_out_of_band(b"!").unwrap();
                        there.write_all(b"after").unwrap();
                    }
                    there
                };
                let thread = std::thread::spawn(sends);
                let mut held = None;
                let mut thread = Some(thread);
                if !waits_first {
                    held = Some(thread.take().unwrap().join().unwrap());
                }
                let mut received = 0;
                // The urgent byte itself is not among those that are read; of several marks the last counts, and what was urgent before is read as other bytes are.
                while received < 100 * 11 {
                    received += here.read(&mut [0; 4096]).await.unwrap();
                }
                let there = held.unwrap_or_else(|| thread.take().unwrap().join().unwrap());
                drop(there);
                while here.read(&mut [0; 4096]).await.unwrap() > 0 {}
            }
        });
    });
}

#[test]
fn what_stands_behind_an_urgent_mark_needs_no_event() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair_with_std().await;
            there.write_all(b"before").unwrap();
            SockRef::from(&there).send_out_of_band(b"!").unwrap();
            there.write_all(b"after").unwrap();
            // All of it is there before the first read.
            while here.peek(&mut [0; 64]).await.unwrap() < 6 {}
            let mut text = [0; 11];
            here.read_exact(&mut text).await.unwrap();
            assert_eq!(&text, b"beforeafter");
        });
    });
}

#[test]
fn a_connect_that_is_refused_says_so() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            for _ in 0..10 {
                let (_refuses, gone) = refusing();
                let (answer, polls) = counting_polls(TcpStream::connect(gone)).await;
                assert_eq!(kind(answer), ErrorKind::ConnectionRefused);
                assert!(polls <= 3, "{polls} polls");
            }
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_connect_that_nobody_answers_times_out() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(0).unwrap();
            let address = listener.local_addr().unwrap();
            // Once as many wait as there is room for, the kernel drops what asks for more.
            let mut waiting = Vec::new();
            let hangs = loop {
                let socket = TcpSocket::new_v4().unwrap();
                SockRef::from(&socket).set_tcp_user_timeout(Some(Duration::from_millis(100))).unwrap();
                // tidy: real time, because the kernel's own timers are what is waited for.
                match timeout(Duration::from_secs(20), socket.connect(address)).await.expect("the kernel gives up") {
                    Ok(stream) => waiting.push(stream),
                    Err(error) => break error,
                }
            };
            assert_eq!(hangs.kind(), ErrorKind::TimedOut);
            // A limit of the caller's own ends it, too.
            let connects = timeout(Duration::from_millis(20), TcpStream::connect(address));
            assert!(connects.await.is_err());
            drop(waiting);
        });
    });
}

#[test]
fn a_waker_that_panics_leaves_the_others_woken_and_the_socket_usable() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut bad, mut there) = pair_with_std().await;
            let (mut good, mut good_there) = pair_with_std().await;
            let panics = wakers::calling(|| quiet_panic("a waker"));
            assert!(Pin::new(&mut bad).poll_read(&mut Context::from_waker(&panics), &mut [0]).is_pending());
            let reads = fusee::spawn(async move { good.read(&mut [0]).await.unwrap() });
            there.write_all(b"x").unwrap();
            good_there.write_all(b"x").unwrap();
            assert_eq!(reads.await.unwrap(), 1);
            assert_eq!(bad.read(&mut [0; 8]).await.unwrap(), 1);
        });
    });
}

#[test]
fn a_waker_that_blocks_keeps_nobody_from_being_woken() {
    watchdog(|| {
        for runtime in [workers(2), workers(4)] {
            for _ in 0..20 {
                runtime.block_on(async {
                    let (mut bad, mut there) = pair_with_std().await;
                    let (mut good, mut good_there) = pair_with_std().await;
                    let latch = Latch::new();
                    let blocks = wakers::calling({
                        let latch = latch.clone();
                        move || latch.wait()
                    });
                    assert!(Pin::new(&mut bad).poll_read(&mut Context::from_waker(&blocks), &mut [0]).is_pending());
                    let reads = fusee::spawn(async move {
                        assert_eq!(good.read(&mut [0]).await.unwrap(), 1);
                        latch.open();
                    });
                    there.write_all(b"x").unwrap();
                    good_there.write_all(b"x").unwrap();
                    reads.await.unwrap();
                    assert_eq!(bad.read(&mut [0; 8]).await.unwrap(), 1);
                });
            }
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_write_that_nobody_reads_raises_no_signal() {
    use nix::sys::signal::{SigHandler, Signal, signal};

    child::in_child("a_write_that_nobody_reads_raises_no_signal", || {
        // SAFETY: no handler is installed: the default ends the process, which is what must not happen.
        unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
        on_every_flavour(|runtime| {
            runtime.block_on(async {
                for vectored in [false, true] {
                    let (mut here, there) = pair().await;
                    drop(there);
                    let error = loop {
                        let written = if vectored {
                            here.write_vectored(&[IoSlice::new(b"x"), IoSlice::new(b"y")]).await
                        } else {
                            here.write(b"xy").await
                        };
                        match written {
                            Ok(_) => fusee::task::yield_now().await,
                            Err(error) => break error,
                        }
                    };
                    let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                    assert!(gone.contains(&error.kind()), "{error}");
                    assert!(gone.contains(&kind(here.try_write(b"x"))));
                    assert!(gone.contains(&kind(here.try_write_vectored(&[IoSlice::new(b"x")]))));
                }
            });
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_kernel_says_of_sent_bytes_makes_no_writer_spin() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut here, mut there) = pair_with_std().await;
            note_when_sent(&here);
            // The note comes as an error without one: the stream is still open.
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut [0]).unwrap();
            here.ready(fusee::io::Interest::ERROR).await.unwrap();
            // In the end it waits, and does not try for ever.
            poll_fn(|context| {
                while Pin::new(&mut here).poll_write(context, &[7; 64 * 1024]).is_ready() {}
                Poll::Ready(())
            })
            .await;
        });
    });
}

/// Asks the kernel for a note in the socket's queue of errors whenever bytes are sent (`SO_TIMESTAMPING`).
#[cfg(target_os = "linux")]
fn note_when_sent(stream: &TcpStream) {
    use std::os::fd::AsRawFd;

    use nix::libc;

    let flags: libc::c_uint = libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    // SAFETY: the descriptor is open, and the option's value is the `flags` that live throughout, of the size that is told.
    let answer = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPING,
            (&raw const flags).cast(),
            size_of_val(&flags) as libc::socklen_t,
        )
    };
    assert_eq!(answer, 0);
}

#[test]
fn a_listener_goes_on_after_connections_that_were_given_up() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let listener = listener().await;
            let address = listener.local_addr().unwrap();
            for _ in 0..20 {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_zero_linger().unwrap();
            }
            let mut last = TcpStream::connect(address).await.unwrap();
            let from = last.local_addr().unwrap();
            let accepts = |listener: TcpListener| async move {
                loop {
                    // Where the system hands such connections out, they are reset.
                    let (mut stream, other) = listener.accept().await.expect("no error that is about one connection");
                    if other == from {
                        return stream.write_all(b"welcome").await.unwrap();
                    }
                    assert_eq!(kind(stream.read(&mut [0]).await), ErrorKind::ConnectionReset);
                }
            };
            let accepts = fusee::spawn(accepts(listener));
            last.read_exact(&mut [0; 7]).await.unwrap();
            accepts.await.unwrap();
        });
    });
}
