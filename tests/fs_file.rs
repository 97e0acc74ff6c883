//! Files that are open: what a read, a write and a seek do one after the other, given up or not.
#![cfg(feature = "fs")]

mod support;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, SeekFrom};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fusee::fs::{self, DirBuilder, DirEntry, File, FileTimes, OpenOptions, ReadDir};
use fusee::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use support::files::{begin_read, with_busy_pool};
use support::{Latch, occupy, on_every_flavour, watchdog};
use tempfile::TempDir;

const fn all<T: Send + Sync + Unpin + std::fmt::Debug>() {}
const fn unwind<T: UnwindSafe + RefUnwindSafe>() {}
const _: () = {
    all::<File>();
    all::<OpenOptions>();
    all::<DirBuilder>();
    all::<DirEntry>();
    all::<ReadDir>();
    unwind::<File>();
};

const TEXT: &[u8] = b"The quick brown fox jumps over the lazy dog";

fn text() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    std::fs::write(&path, TEXT).unwrap();
    (folder, path)
}

async fn both_ways(path: &PathBuf) -> File {
    File::options().read(true).write(true).open(path).await.unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            file.write_all(b"A slow").await.unwrap();
            let mut rest = String::new();
            file.read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest.as_bytes(), &TEXT[6..]);
            assert_eq!(file.read(&mut [0; 8]).await.unwrap(), 0);
            assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
            file.read_to_string(&mut rest).await.unwrap();
            assert!(rest.ends_with("A slowick brown fox jumps over the lazy dog"), "{rest}");
            file.close().await.unwrap();
        });
    });
}

#[test]
fn a_read_that_is_given_up_loses_no_byte() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            let mut read = Vec::new();
            for n in 1.. {
                begin_read(&mut file, n).await;
                // With less room than the one that was given up, and with more.
                let mut buffer = vec![0; n % 3 + 1];
                let count = file.read(&mut buffer).await.unwrap();
                read.extend_from_slice(&buffer[..count]);
                if count == 0 {
                    break;
                }
                while read.len() < TEXT.len() {
                    let first = Pin::new(&mut file).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
                    match first {
                        Poll::Ready(count) => read.extend_from_slice(&buffer[..count.unwrap()]),
                        Poll::Pending => break,
                    }
                }
            }
            assert_eq!(read, TEXT);
        });
    });
}

#[test]
fn a_write_comes_where_the_reader_is_not_where_a_job_was() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            begin_read(&mut file, 16).await;
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.unwrap();
            file.write_all(b"QUICK").await.unwrap();
            file.flush().await.unwrap();
            assert_eq!(&std::fs::read(&path).unwrap()[..15], b"The QUICK brown");
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b" bro");
        });
    });
}

#[test]
fn a_seek_counts_from_where_the_reader_is() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            begin_read(&mut file, 16).await;
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(file.stream_position().await.unwrap(), 4);
            begin_read(&mut file, 16).await;
            assert_eq!(file.seek(SeekFrom::Current(6)).await.unwrap(), 10);
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"brow");
            assert_eq!(file.seek(SeekFrom::End(-3)).await.unwrap(), TEXT.len() as u64 - 3);
        });
    });
}

#[test]
fn a_seek_that_fails_moves_nothing() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            begin_read(&mut file, 16).await;
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.unwrap();
            for to in [SeekFrom::Current(-5), SeekFrom::Current(i64::MIN)] {
                assert_eq!(file.seek(to).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            }
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"quic");
        });
    });
}

#[test]
fn a_seek_that_is_given_up_is_not_taken_for_another() {
    watchdog(|| {
        let (runtime, end) = with_busy_pool();
        let (_folder, path) = text();
        let mut file = File::from(std::fs::File::open(&path).unwrap());
        let give_up = |file: &mut File, end: Latch| {
            let begun = Pin::new(file).poll_seek(&mut Context::from_waker(Waker::noop()), SeekFrom::Start(9));
            assert!(begun.is_pending(), "the pool is busy");
            end.open();
        };
        runtime.block_on(async {
            give_up(&mut file, end);
            assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4);
        });
        let end = occupy(&runtime);
        runtime.block_on(async {
            give_up(&mut file, end);
            let mut buffer = [0; 5];
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b" brow");
            // That one has ended, and nobody was told: the same again is another one.
            assert_eq!(file.seek(SeekFrom::Start(9)).await.unwrap(), 9);
        });
    });
}

#[cfg(feature = "tokio-io")]
#[test]
fn a_seek_of_the_other_world_is_not_taken_for_one_that_has_failed() {
    watchdog(|| {
        let (runtime, end) = with_busy_pool();
        let (_folder, path) = text();
        let mut file = File::from(std::fs::File::open(&path).unwrap());
        let nowhere = SeekFrom::Current(-1);
        runtime.block_on(async {
            let begun = Pin::new(&mut file).poll_seek(&mut Context::from_waker(Waker::noop()), nowhere);
            assert!(begun.is_pending(), "the pool is busy");
            end.open();
            let told = tokio::io::AsyncSeekExt::seek(&mut file, SeekFrom::Start(4)).await.unwrap_err();
            assert_eq!(told.kind(), ErrorKind::InvalidInput);
            tokio::io::AsyncSeek::start_seek(Pin::new(&mut file), SeekFrom::Start(0)).unwrap();
            assert!(AsyncSeekExt::seek(&mut file, nowhere).await.is_err());
        });
    });
}

#[test]
fn the_shared_methods_see_what_was_written_before() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            for size in [100_u64, 1_000_000] {
                file.seek(SeekFrom::Start(0)).await.unwrap();
                file.write_all(&vec![1; size as usize]).await.unwrap();
                let (length, other) = futures::join!(file.metadata(), file.metadata());
                assert_eq!((length.unwrap().len(), other.unwrap().len()), (size, size));
            }
            file.write_all(&[2; 1000]).await.unwrap();
            futures::future::join_all((0..4).map(|n| {
                let file = &file;
                async move { if n % 2 == 0 { file.sync_all().await } else { file.sync_data().await } }
            }))
            .await
            .into_iter()
            .for_each(|synced| synced.unwrap());
            let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            file.seek(SeekFrom::Start(0)).await.unwrap();
            file.write_all(&[3; 1000]).await.unwrap();
            file.set_modified(then).await.unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), then);
            file.set_times(FileTimes::new().set_accessed(then)).await.unwrap();
            assert_eq!(file.metadata().await.unwrap().accessed().unwrap(), then);
            file.set_len(1_000_500).await.unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 1_000_500);
        });
    });
}

#[test]
fn what_was_read_ahead_is_not_there_after_the_file_was_cut() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            begin_read(&mut file, 16).await;
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.unwrap();
            file.set_len(6).await.unwrap();
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"qu");
        });
    });
}

#[test]
fn a_clone_reads_on_where_the_reader_has_stopped() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            file.set_max_buf_size(20);
            begin_read(&mut file, 16).await;
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.unwrap();
            let mut clone = file.try_clone().await.unwrap();
            assert_eq!(clone.max_buf_size(), 20);
            clone.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"quic");
            file.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"k br");
        });
    });
}

#[test]
fn the_standard_librarys_file_reads_on_where_the_reader_has_stopped() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut buffer = [0; 4];
            for at_once in [false, true] {
                let mut file = File::from(std::fs::File::open(&path).unwrap());
                begin_read(&mut file, 16).await;
                file.read_exact(&mut buffer).await.unwrap();
                let mut std = if at_once { file.try_into_std().unwrap() } else { file.into_std().await };
                std.read_exact(&mut buffer).unwrap();
                assert_eq!(&buffer, b"quic");
            }
        });
    });
}

#[test]
fn a_file_with_a_job_is_made_nothing_of_at_once() {
    watchdog(|| {
        let (runtime, end) = with_busy_pool();
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = File::from(std::fs::OpenOptions::new().write(true).open(&path).unwrap());
            file.write_all(b"A slow").await.unwrap();
            file = file.try_into_std().unwrap_err();
            end.open();
            file.into_std().await;
            assert_eq!(&std::fs::read(&path).unwrap()[..6], b"A slow");
        });
    });
}

#[test]
fn no_job_is_larger_than_was_said() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            file.set_max_buf_size(5);
            assert_eq!(file.read(&mut [0; 16]).await.unwrap(), 5);
            assert_eq!(file.write(&[b'x'; 16]).await.unwrap(), 5);
            file.set_max_buf_size(usize::MAX);
            file.read_to_end(&mut Vec::new()).await.unwrap();
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| file.set_max_buf_size(0)));
            assert!(refused.is_err(), "of nothing nothing would ever come");
        });
    });
}

#[test]
fn several_buffers_are_one_operation() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            let (mut first, mut second) = ([0; 3], [0; 7]);
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut []), IoSliceMut::new(&mut second)];
            assert_eq!(file.read_vectored(&mut buffers).await.unwrap(), 10);
            assert_eq!((&first, &second), (b"The", b" quick "));
            let buffers = [IoSlice::new(b"B"), IoSlice::new(b""), IoSlice::new(b"LACK")];
            assert_eq!(file.write_vectored(&buffers).await.unwrap(), 5);
            file.flush().await.unwrap();
            assert_eq!(&std::fs::read(&path).unwrap()[..19], b"The quick BLACK fox");
        });
    });
}

#[test]
fn nothing_is_read_and_written_at_once() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(Pin::new(&mut file).poll_read(&mut context, &mut []), Poll::Ready(Ok(0))));
            assert!(matches!(Pin::new(&mut file).poll_write(&mut context, &[]), Poll::Ready(Ok(0))));
            assert!(matches!(Pin::new(&mut file).poll_flush(&mut context), Poll::Ready(Ok(()))));
        });
    });
}

#[cfg(unix)]
#[test]
fn positions_are_read_and_written_beside_the_files_own() {
    on_every_flavour(|runtime| {
        let (_folder, path) = text();
        runtime.block_on(async {
            let mut file = both_ways(&path).await;
            file.write_all(b"THE").await.unwrap();
            // What was written before is seen, though nobody has flushed it.
            let reads = (0..8).map(|n| file.read_at(vec![0; 9], n));
            for (n, (count, buffer)) in futures::future::join_all(reads).await.into_iter().enumerate() {
                let mut expected = TEXT.to_vec();
                expected[..3].copy_from_slice(b"THE");
                assert_eq!((count.unwrap(), &buffer[..]), (9, &expected[n..n + 9]));
            }
            let (count, buffer) = file.write_at(b"QUICK".to_vec(), 4).await;
            assert_eq!((count.unwrap(), &buffer[..]), (5, &b"QUICK"[..]));
            file.write_all_at(b"cat".to_vec(), TEXT.len() as u64 - 3).await.0.unwrap();
            let mut rest = String::new();
            file.read_to_string(&mut rest).await.unwrap();
            assert_eq!(rest, " QUICK brown fox jumps over the lazy cat");

            assert_eq!(file.read_at(vec![0; 9], 1000).await.0.unwrap(), 0);
            let (read, buffer) = file.read_exact_at(vec![7; 9], TEXT.len() as u64 - 3).await;
            assert_eq!((read.unwrap_err().kind(), buffer.len()), (ErrorKind::UnexpectedEof, 9));
            assert_eq!(fs::metadata(&path).await.unwrap().len(), TEXT.len() as u64);
        });
    });
}
