//! Streams in memory: what one end writes the other reads, who waits is woken, and an end that is closed or dropped is told of.

#![cfg(feature = "net")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::collections::{HashSet, VecDeque};
use std::io::{IoSlice, IoSliceMut};
use std::sync::{Arc, Mutex};

use fusee::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ErrorKind, SimplexStream, duplex, simplex, split};
use streams::{body, now, turns_beside};
use support::wakers::{calling, counting, hooked};
use support::{Latch, Random, on_every_flavour, on_one_worker, poll_once, watchdog};

#[test]
fn a_write_into_a_full_pipe_waits_until_it_is_read_from() {
    let (mut one, mut other) = duplex(4);
    let (woken, waker) = counting();
    assert_eq!(now(one.write(b"123456")).unwrap().unwrap(), 4, "as much as there is room for");
    let mut more = one.write(b"56");
    assert!(poll_once(&mut more, &waker).is_pending());
    assert!(poll_once(&mut more, &waker).is_pending());
    assert_eq!(woken.get(), 0);
    assert_eq!(now(other.read(&mut [0; 1])).unwrap().unwrap(), 1);
    assert_eq!(woken.get(), 1);
    assert_eq!(now(more).unwrap().unwrap(), 1);
    let mut rest = [0; 8];
    assert_eq!(now(other.read(&mut rest)).unwrap().unwrap(), 4);
    assert_eq!(&rest[..4], b"2345");
    assert_eq!(woken.get(), 1, "nobody waits any more");
}

#[test]
fn a_read_waits_until_something_is_written_and_wakes_the_task_that_polled_it_last() {
    let (mut one, mut other) = duplex(4);
    let ((first, stale), (second, waker)) = (counting(), counting());
    let mut buffer = [0; 4];
    let mut read = other.read(&mut buffer);
    assert!(poll_once(&mut read, &stale).is_pending());
    assert!(poll_once(&mut read, &waker).is_pending());
    assert_eq!(now(one.write(b"ab")).unwrap().unwrap(), 2);
    assert_eq!((first.get(), second.get()), (0, 1));
    assert_eq!(now(read).unwrap().unwrap(), 2);
    assert_eq!(&buffer[..2], b"ab");
}

#[test]
fn an_end_that_is_dropped_is_read_to_its_end_and_breaks_the_writes_of_the_other() {
    let (mut one, other) = duplex(4);
    let (mut reader, mut writer) = split(other);
    now(one.write_all(b"last")).unwrap().unwrap();
    now(writer.write_all(b"full")).unwrap().unwrap();
    let ((written, of_writer), mut waiting) = (counting(), writer.write(b"more"));
    assert!(poll_once(&mut waiting, &of_writer).is_pending());
    drop(one);
    assert_eq!(written.get(), 1);
    assert_eq!(now(waiting).unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(now(writer.write(b"")).unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut text = String::new();
    assert_eq!(now(reader.read_to_string(&mut text)).unwrap().unwrap(), 4);
    assert_eq!(text, "last");
    assert_eq!(now(reader.read(&mut [0; 4])).unwrap().unwrap(), 0);
}

#[test]
fn an_end_that_is_dropped_wakes_the_reader_of_the_other() {
    let (one, mut other) = duplex(4);
    let (woken, waker) = counting();
    let mut buffer = [0; 4];
    let mut read = other.read(&mut buffer);
    assert!(poll_once(&mut read, &waker).is_pending());
    drop(one);
    assert_eq!(woken.get(), 1);
    assert_eq!(now(read).unwrap().unwrap(), 0);
}

#[test]
fn a_closed_end_is_read_to_its_end_while_the_other_direction_goes_on() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (mut client, mut server) = duplex(8);
            let serves = fusee::spawn(async move {
                let mut question = Vec::new();
                server.read_to_end(&mut question).await.unwrap();
                server.write_all(&question).await.unwrap();
                server
            });
            client.write_all(b"a question of more than eight bytes").await.unwrap();
            client.close().await.unwrap();
            assert_eq!(client.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            let mut answer = [0; 35];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"a question of more than eight bytes");
            drop(serves.await.unwrap());
            assert_eq!(client.read(&mut answer).await.unwrap(), 0);
        });
    });
}

#[test]
fn operations_of_no_bytes_never_wait() {
    let (mut one, mut other) = duplex(1);
    assert_eq!(now(other.read(&mut [])).unwrap().unwrap(), 0);
    assert_eq!(now(one.write(b"x")).unwrap().unwrap(), 1);
    assert_eq!(now(one.write(b"")).unwrap().unwrap(), 0);
    assert_eq!(now(one.write_vectored(&[IoSlice::new(b""), IoSlice::new(b"")])).unwrap().unwrap(), 0);
    assert_eq!(now(other.read(&mut [])).unwrap().unwrap(), 0);
    assert_eq!(now(other.read(&mut [0; 1])).unwrap().unwrap(), 1);
    let (mut full, _other) = duplex(0);
    assert!(now(full.write(b"x")).is_none(), "there is no room, ever");
}

#[test]
fn operations_move_as_much_as_they_can_wherever_it_lies_in_the_pipe() {
    const ROOM: usize = 10;
    let mut random = Random::new(7);
    let (mut one, mut other) = duplex(ROOM);
    let (mut held, mut next) = (VecDeque::<u8>::new(), 0u8);
    let mut sizes = HashSet::new();
    for _ in 0..10_000 {
        // Two buffers; where one of them is empty it is the one that counts.
        let lengths = [random.below(8) as usize, random.below(8) as usize];
        let asked: usize = lengths.iter().sum();
        if random.below(2) == 0 {
            let sent: Vec<u8> = (0..asked).map(|n| next.wrapping_add(n as u8)).collect();
            let (first, second) = sent.split_at(lengths[0]);
            let written = match second {
                [] => now(one.write(first)),
                _ => now(one.write_vectored(&[IoSlice::new(first), IoSlice::new(second)])),
            };
            let count = asked.min(ROOM - held.len());
            assert_eq!(written.map(Result::unwrap), (count > 0 || asked == 0).then_some(count));
            held.extend(&sent[..count]);
            next = next.wrapping_add(count as u8);
        } else {
            let mut got = vec![0; asked];
            let (first, second) = got.split_at_mut(lengths[0]);
            let read = match second {
                [] => now(other.read(first)),
                _ => now(other.read_vectored(&mut [IoSliceMut::new(first), IoSliceMut::new(second)])),
            };
            let count = asked.min(held.len());
            assert_eq!(read.map(Result::unwrap), (count > 0 || asked == 0).then_some(count));
            assert!(held.drain(..count).eq(got[..count].iter().copied()));
            sizes.insert(count);
        }
    }
    assert_eq!(sizes.len(), ROOM + 1, "reads of all sizes came about");
}

#[test]
fn a_large_body_goes_through_a_small_pipe_in_both_directions() {
    on_every_flavour(|runtime| {
        let sent = body(1_000_000);
        let expected = sent.clone();
        runtime.block_on(async move {
            let (client, server) = duplex(1000);
            let echo = fusee::spawn(async move {
                let (mut reader, mut writer) = split(server);
                fusee::io::copy(&mut reader, &mut writer).await.unwrap();
                writer.close().await.unwrap();
            });
            let (mut reader, mut writer) = split(client);
            let writes = fusee::spawn(async move {
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
            });
            let mut got = vec![0; 1_000_001];
            let mut count = 0;
            while let read @ 1.. = reader.read(&mut got[count..]).await.unwrap() {
                count += read;
            }
            assert!(got[..count] == expected, "{count} bytes came back");
            writes.await.unwrap();
            echo.await.unwrap();
        });
    });
}

#[test]
fn tasks_that_answer_each_other_are_woken_each_time() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let pairs = (0..8).map(|first| {
                let (mut one, mut other) = duplex(1);
                let answers = fusee::spawn(async move {
                    let mut byte = [0];
                    while other.read(&mut byte).await.unwrap() == 1 {
                        other.write_all(&[byte[0].wrapping_add(1)]).await.unwrap();
                    }
                });
                let asks = fusee::spawn(async move {
                    let mut byte = [first];
                    for _ in 0..500 {
                        one.write_all(&byte).await.unwrap();
                        one.read_exact(&mut byte).await.unwrap();
                    }
                    byte[0]
                });
                (first, asks, answers)
            });
            for (first, asks, answers) in pairs.collect::<Vec<_>>() {
                assert_eq!(asks.await.unwrap(), first.wrapping_add((500 % 256) as u8));
                answers.await.unwrap();
            }
        });
    });
}

#[test]
fn a_read_that_is_dropped_has_taken_nothing_and_is_woken_no_more() {
    let (mut one, mut other) = duplex(8);
    let (woken, waker) = counting();
    {
        let mut buffer = [0; 8];
        assert!(poll_once(&mut other.read(&mut buffer), &waker).is_pending());
    }
    now(one.write_all(b"kept")).unwrap().unwrap();
    assert_eq!(woken.get(), 1, "it may be told that there is something, and is not asked again");
    let mut buffer = [0; 8];
    assert_eq!(now(other.read(&mut buffer)).unwrap().unwrap(), 4);
    assert_eq!(&buffer[..4], b"kept");
}

#[test]
fn wakers_that_use_the_pipe_when_they_are_cloned_woken_or_dropped_find_it_unlocked() {
    watchdog(|| {
        let (one, other) = duplex(1);
        let (one, other) = (Arc::new(Mutex::new(one)), Arc::new(Mutex::new(other)));
        // Debug takes the locks of both directions.
        let looks = |end: &Arc<Mutex<DuplexStream>>| {
            let end = end.clone();
            move || drop(end.try_lock().map(|stream| format!("{stream:?}")))
        };
        let called = Latch::new();
        let (looks_when_woken, tells) = (looks(&other), called.clone());
        let calls = calling(move || {
            looks_when_woken();
            tells.open();
        });
        let mut buffer = [0; 1];
        // Each takes the place of the one before.
        for waker in [hooked(looks(&one), looks(&one)), counting().1, calls] {
            let mut other = other.lock().unwrap();
            assert!(poll_once(&mut other.read(&mut buffer), &waker).is_pending());
        }
        now(one.lock().unwrap().write_all(b"x")).unwrap().unwrap();
        assert!(called.is_open());
    });
}

#[test]
fn a_loop_over_a_pipe_that_is_always_ready_gives_way_every_128_operations() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            let (turns, ()) = turns_beside(async {
                let (mut one, mut other) = duplex(1);
                for _ in 0..64 * 100 {
                    one.write_all(b"x").await.unwrap();
                    other.read_exact(&mut [0]).await.unwrap();
                }
            })
            .await;
            assert!(turns >= 99, "another task of the worker was polled {turns} times");
        });
    });
}

#[test]
fn a_one_way_pipe_ends_when_its_writer_is_closed() {
    let (mut reader, mut writer) = simplex(8);
    assert!(now(writer.write_all(b"nine byte")).is_none(), "there is room for eight");
    let (woken, waker) = counting();
    assert!(poll_once(&mut writer.write(b"e"), &waker).is_pending());
    let mut text = [0; 8];
    now(reader.read_exact(&mut text)).unwrap().unwrap();
    assert_eq!((&text, woken.get()), (b"nine byt", 1));
    let mut stream: SimplexStream = reader.unsplit(writer);
    now(stream.write_all(b"the end")).unwrap().unwrap();
    now(stream.close()).unwrap().unwrap();
    assert_eq!(now(stream.write(b"x")).unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut text = String::new();
    assert_eq!(now(stream.read_to_string(&mut text)).unwrap().unwrap(), 7);
    assert_eq!(text, "the end");
}
