//! Files where something is in the way: errors of writes, no runtime, one that ends, a pool that is full or has no thread; a paused clock.
#![cfg(all(unix, feature = "fs"))]

mod support;

use std::io::{self, ErrorKind, Read, SeekFrom, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use fusee::fs::{self, File, OpenOptions};
use fusee::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use fusee::runtime::{Builder, Handle};
use fusee::task::spawn_blocking;
use futures::executor;
use support::files::{begin_read, with_busy_pool};
use support::{on_every_flavour, watchdog};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    std::fs::write(&path, "The quick brown fox").unwrap();
    (folder, path)
}

/// A file that takes nothing.
#[cfg(target_os = "linux")]
async fn full() -> File {
    OpenOptions::new().read(true).write(true).open("/dev/full").await.unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn the_error_of_a_write_is_told_once_by_what_comes_next() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut file = full().await;
            assert_eq!(file.write(b"lost").await.unwrap(), 4);
            assert_eq!(file.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
            file.flush().await.unwrap();
            assert_eq!(file.write(b"lost").await.unwrap(), 4);
            assert_eq!(file.write(b"not taken").await.unwrap_err().raw_os_error(), Some(28));
            file.flush().await.unwrap();
            assert_eq!(file.write(b"lost").await.unwrap(), 4);
            assert_eq!(file.close().await.unwrap_err().kind(), ErrorKind::StorageFull);
            for data_only in [false, true] {
                assert_eq!(file.write(b"lost").await.unwrap(), 4);
                let synced = if data_only { file.sync_data().await } else { file.sync_all().await };
                assert_eq!(synced.unwrap_err().kind(), ErrorKind::StorageFull);
            }
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_error_of_a_write_outlasts_reads_and_seeks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let mut file = full().await;
            file.write_all(b"lost").await.unwrap();
            assert_eq!(file.read(&mut [1; 4]).await.unwrap(), 4);
            file.seek(SeekFrom::Start(0)).await.unwrap();
            file.metadata().await.unwrap();
            assert_eq!(file.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
        });
    });
}

#[test]
fn what_may_not_be_read_or_written_errs() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            file.write_all(b"x").await.unwrap();
            assert!(file.flush().await.is_err());
            let mut text = String::new();
            file.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "The quick brown fox");
            let mut file = OpenOptions::new().write(true).open(&path).await.unwrap();
            assert!(file.read(&mut [0]).await.is_err());
            file.write_all(b"x").await.unwrap();
            file.flush().await.unwrap();
            assert!(file.read_at(vec![0], 0).await.0.is_err());
        });
    });
}

/// Polls what nobody may run.
#[track_caller]
fn errs<R: std::fmt::Debug>(future: impl Future<Output = io::Result<R>>, text: &str) {
    let error = executor::block_on(future).unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
}

/// Each operation errs with `text`, and the file is as it was.
fn nothing_is_done(path: &PathBuf, file: &mut File, text: &str) {
    errs(fs::read(path), text);
    errs(fs::write(path, "lost"), text);
    errs(fs::read_dir("."), text);
    errs(File::create(path), text);
    errs(file.read(&mut [0; 4]), text);
    errs(file.write(b"lost"), text);
    errs(file.seek(SeekFrom::Start(0)), text);
    errs(file.metadata(), text);
    errs(file.set_len(0), text);
    errs(file.sync_all(), text);
    let (written, buffer) = executor::block_on(file.write_at(b"lost".to_vec(), 0));
    assert!(written.unwrap_err().to_string().contains(text));
    assert_eq!(buffer, b"lost", "the buffer comes back");
    executor::block_on(file.flush()).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"The quick brown fox");
}

/// A file of which more was read than was taken.
async fn read_ahead(path: &PathBuf) -> File {
    let mut file = File::options().read(true).write(true).open(path).await.unwrap();
    begin_read(&mut file, 10).await;
    file.read_exact(&mut [0; 4]).await.unwrap();
    file.metadata().await.unwrap();
    file
}

/// On another runtime.
fn goes_on(mut file: File) {
    support::workers(1).block_on(async {
        let mut rest = String::new();
        file.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "quick brown fox");
    });
}

#[test]
fn without_a_runtime_nothing_is_done_nor_lost() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        let mut file = runtime.block_on(read_ahead(&path));
        // What is there needs none.
        let mut buffer = [0; 6];
        executor::block_on(file.read_exact(&mut buffer)).unwrap();
        assert_eq!(&buffer, b"quick ");
        nothing_is_done(&path, &mut file, "no current fusee runtime");
    });
}

#[test]
fn after_the_shutdown_nothing_is_done_nor_lost() {
    on_every_flavour(|runtime| {
        let (_folder, path) = folder();
        let (mut empty, mut ahead) = runtime.block_on(async {
            (File::options().read(true).write(true).open(&path).await.unwrap(), read_ahead(&path).await)
        });
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        nothing_is_done(&path, &mut empty, "the fusee runtime has shut down");
        errs(ahead.write(b"lost"), "the fusee runtime has shut down");
        errs(ahead.seek(SeekFrom::Current(1)), "the fusee runtime has shut down");
        errs(ahead.set_len(1), "the fusee runtime has shut down");
        errs(ahead.try_clone(), "the fusee runtime has shut down");
        drop(_entered);
        goes_on(ahead);
    });
}

#[test]
fn a_write_that_was_taken_is_carried_out_though_the_runtime_ends() {
    watchdog(|| {
        let (_folder, path) = folder();
        for is_patient in [true, false] {
            let (runtime, end) = with_busy_pool();
            let (mut file, other) =
                (File::from_std(std::fs::File::create(&path).unwrap()), path.with_extension(is_patient.to_string()));
            let (job, write) = runtime.block_on(async {
                let job = spawn_blocking(|| ());
                let write = fusee::spawn(fs::write(other.clone(), "not promised"));
                // So that it is queued before the runtime ends.
                while Handle::current().metrics().blocking_queue_depth() < 2 {
                    fusee::task::yield_now().await;
                }
                file.write_all(b"promised").await.unwrap();
                (job, write)
            });
            drop((job, write, file));
            if is_patient {
                let thread = std::thread::spawn(move || drop(runtime));
                end.open();
                thread.join().unwrap();
            } else {
                runtime.shutdown_background();
                end.open();
            }
            support::until("the write is carried out", || std::fs::read(&path).unwrap() == b"promised");
            if !is_patient {
                assert!(!other.exists(), "what nobody was promised is not done");
            }
        }
    });
}

#[test]
fn a_write_is_carried_out_though_the_file_is_dropped() {
    watchdog(|| {
        let (_folder, path) = folder();
        let (runtime, end) = with_busy_pool();
        runtime.block_on(async {
            let mut file = File::from_std(std::fs::File::create(&path).unwrap());
            file.write_all(b"promised").await.unwrap();
            drop(file);
            end.open();
        });
        drop(runtime);
        assert_eq!(std::fs::read(&path).unwrap(), b"promised");
    });
}

#[test]
fn an_operation_that_waits_for_a_full_pool_errs_when_the_runtime_ends() {
    watchdog(|| {
        let (_folder, path) = folder();
        let (runtime, end) = with_busy_pool();
        let file = File::from_std(std::fs::File::open(&path).unwrap());
        let handle = runtime.handle().clone();
        let (begun, has_begun) = channel();
        let reader = std::thread::spawn(move || {
            let mut file = file;
            let _entered = handle.enter();
            let mut buffer = [0; 4];
            let mut reading = file.read(&mut buffer);
            assert!(Pin::new(&mut reading).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            begun.send(()).unwrap();
            let error = executor::block_on(reading).unwrap_err();
            assert!(error.to_string().contains("has shut down"), "{error}");
            drop(_entered);
            file
        });
        has_begun.recv().unwrap();
        runtime.shutdown_background();
        end.open();
        let mut file = reader.join().unwrap();
        let mut text = String::new();
        support::workers(1).block_on(file.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "The quick brown fox");
    });
}

/// A pipe with a name, opened at both ends.
fn named_pipe() -> (TempDir, File, std::fs::File) {
    let (folder, path) = folder();
    let path = path.with_extension("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let both = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    (folder, File::from_std(both.try_clone().unwrap()), both)
}

#[test]
fn where_there_is_no_position_nothing_that_was_read_is_lost() {
    on_every_flavour(|runtime| {
        let (_folder, mut file, mut other) = named_pipe();
        runtime.block_on(async {
            let begun = Pin::new(&mut file).poll_read(&mut Context::from_waker(Waker::noop()), &mut [0; 64]);
            assert!(begun.is_pending(), "there is nothing to read");
            other.write_all(b"The quick").unwrap();
            file.read_exact(&mut [0; 4]).await.unwrap();
            assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap_err().kind(), ErrorKind::NotSeekable);
            file.write_all(b" brown").await.unwrap();
            file.flush().await.unwrap();
            let mut rest = [0; 11];
            let file = file.try_into_std().unwrap_err();
            let mut clone = file.try_clone().await.unwrap();
            let mut file = file;
            file.read_exact(&mut rest[..5]).await.unwrap();
            clone.read_exact(&mut rest[5..]).await.unwrap();
            assert_eq!(&rest, b"quick brown");
            assert!(file.try_into_std().is_ok());
        });
    });
}

#[test]
fn a_read_that_blocks_keeps_no_worker_and_is_waited_for() {
    watchdog(|| {
        let runtime = support::workers(1);
        let (_folder, mut file, mut other) = named_pipe();
        let reader = runtime.spawn(async move {
            let mut buffer = [0; 4];
            file.read_exact(&mut buffer).await.map(|()| buffer)
        });
        support::until("the read is a job", || runtime.metrics().num_blocking_threads() > 0);
        runtime.block_on(async { fusee::spawn(async {}).await.unwrap() });
        other.write_all(b"text").unwrap();
        assert_eq!(&runtime.block_on(reader).unwrap().unwrap(), b"text");
    });
}

#[test]
fn a_call_that_is_given_up_is_no_panic_for_who_takes_the_file() {
    watchdog(|| {
        let (_folder, path) = folder();
        let (runtime, end) = with_busy_pool();
        runtime.block_on(async {
            let file = File::from_std(std::fs::File::open(&path).unwrap());
            let mut metadata = Box::pin(file.metadata());
            assert!(metadata.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(metadata);
            // The job has the file, and waits for a thread.
            let file = file.try_into_std().unwrap_err();
            let mut text = String::new();
            file.into_std().await.read_to_string(&mut text).unwrap();
            assert_eq!(text, "The quick brown fox");
            end.open();
        });
    });
}

#[test]
fn a_loop_over_what_is_there_gives_way() {
    watchdog(|| {
        let (_folder, path) = folder();
        std::fs::write(&path, vec![0; 4096]).unwrap();
        support::current_thread().block_on(async {
            let mut file = File::open(&path).await.unwrap();
            begin_read(&mut file, 4096).await;
            file.metadata().await.unwrap();
            let reads = fusee::spawn(async move {
                let mut reads = 0;
                let mut context = Context::from_waker(Waker::noop());
                while let Poll::Ready(Ok(1)) = Pin::new(&mut file).poll_read(&mut context, &mut [0]) {
                    reads += 1;
                }
                reads
            });
            assert_eq!(reads.await.unwrap(), 128);
        });
    });
}

#[cfg(feature = "test-util")]
#[test]
fn a_paused_clock_stands_still_while_files_are_read_and_written() {
    use fusee::time::{Duration, Instant, sleep};

    watchdog(|| {
        for current_thread in [true, false] {
            let mut builder = if current_thread { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.start_paused(true).build().unwrap();
            let (_folder, path) = folder();
            runtime.block_on(async {
                let start = Instant::now();
                let sleeper = fusee::spawn(async { sleep(Duration::from_secs(3600)).await });
                for _ in 0..20 {
                    let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
                    file.read_exact(&mut [0; 4]).await.unwrap();
                    file.write_all(b"text").await.unwrap();
                    file.sync_all().await.unwrap();
                    fs::read_dir(path.parent().unwrap()).await.unwrap().next_entry().await.unwrap();
                }
                assert_eq!(start.elapsed(), Duration::ZERO);
                assert!(!sleeper.is_finished());
                sleeper.await.unwrap();
                assert_eq!(start.elapsed(), Duration::from_secs(3600));
            });
        }
    });
}
