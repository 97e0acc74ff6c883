//! Jobs of files that are under way, or wait for a thread.

use std::io::SeekFrom;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fusee::fs::File;
use fusee::io::{AsyncRead, AsyncSeekExt};
use fusee::runtime::{Builder, Runtime};

use super::{Latch, occupy};

/// Begins to read up to `room` bytes, and gives that up.
pub(crate) async fn begin_read(file: &mut File, room: usize) {
    let mut buffer = vec![0; room];
    // The job may have ended as it was begun: then nothing was given up.
    while let Poll::Ready(read) = Pin::new(&mut *file).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
        let count = i64::try_from(read.unwrap()).unwrap();
        file.seek(SeekFrom::Current(-count)).await.unwrap();
    }
}

/// A runtime whose pool's only thread waits for a latch.
pub(crate) fn with_busy_pool() -> (Runtime, Latch) {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
    let end = occupy(&runtime);
    (runtime, end)
}
