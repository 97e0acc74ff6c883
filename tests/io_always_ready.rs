//! Ends that are always ready, in both worlds' words: what they read and take, and that loops over them give way.

#![cfg(feature = "net")]

#[path = "support/streams.rs"]
mod streams;
mod support;

use std::io::{IoSlice, IoSliceMut};

use fusee::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom, empty, repeat, sink};
use streams::{now, turns_beside};
use support::on_one_worker;

#[test]
fn they_answer_at_once() {
    let (mut first, mut second) = ([0; 2], [0; 3]);
    let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(now(repeat(7).read_vectored(&mut slices)).unwrap().unwrap(), 5);
    assert_eq!((first, second), ([7; 2], [7; 3]));
    assert_eq!(now(repeat(8).read(&mut first)).unwrap().unwrap(), 2);
    assert_eq!(first, [8; 2]);
    let slices = [IoSlice::new(b"two"), IoSlice::new(b"slices")];
    assert_eq!(now(sink().write_vectored(&slices)).unwrap().unwrap(), 9);
    assert_eq!(now(empty().write_vectored(&slices)).unwrap().unwrap(), 9);
    now(sink().write_all(&[0; 100_000])).unwrap().unwrap();
    now(sink().flush()).unwrap().unwrap();
    now(sink().close()).unwrap().unwrap();
    assert_eq!(now(empty().read(&mut first)).unwrap().unwrap(), 0);
    assert_eq!(now(empty().fill_buf()).unwrap().unwrap(), b"");
    for position in [SeekFrom::Start(5), SeekFrom::End(-5), SeekFrom::Current(i64::MIN)] {
        assert_eq!(now(empty().seek(position)).unwrap().unwrap(), 0);
    }
}

#[cfg(feature = "tokio-io")]
#[test]
fn they_answer_at_once_in_tokios_words_too() {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

    let mut buffer = [0; 3];
    assert_eq!(now(AsyncReadExt::read_exact(&mut repeat(7), &mut buffer)).unwrap().unwrap(), 3);
    assert_eq!(buffer, [7; 3]);
    now(AsyncWriteExt::write_all(&mut sink(), &[0; 100_000])).unwrap().unwrap();
    now(AsyncWriteExt::shutdown(&mut sink())).unwrap().unwrap();
    assert_eq!(now(AsyncReadExt::read(&mut empty(), &mut buffer)).unwrap().unwrap(), 0);
    assert_eq!(now(AsyncBufReadExt::read_line(&mut empty(), &mut String::new())).unwrap().unwrap(), 0);
    assert_eq!(now(AsyncSeekExt::seek(&mut empty(), SeekFrom::Start(5))).unwrap().unwrap(), 0);
}

/// Each operation, made over and over in a task, leaves another task of the same worker its turns.
macro_rules! assert_gives_way {
    ($($operation:expr),* $(,)?) => {
        $(
            let (turns, ()) = turns_beside(async {
                for _ in 0..128 * 20 {
                    let _ = $operation.await;
                }
            })
            .await;
            assert!(turns >= 19, "beside {} another task was polled {turns} times", stringify!($operation));
        )*
    };
}

#[test]
fn loops_over_them_give_way_every_128_operations() {
    on_one_worker(|runtime| {
        runtime.block_on(async {
            assert_gives_way!(
                empty().read(&mut [0]),
                empty().read_line(&mut String::new()),
                empty().seek(SeekFrom::Start(1)),
                empty().write(b"x"),
                repeat(7).read(&mut [0]),
                repeat(7).read_vectored(&mut [IoSliceMut::new(&mut [0])]),
                sink().write(b"x"),
                sink().write_vectored(&[IoSlice::new(b"x")]),
                sink().flush(),
                sink().close(),
            );
        });
    });
}
