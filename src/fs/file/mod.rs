//! A file that is open.
//!
//! | file | holds |
//! |---|---|
//! | `desk.rs` | what a file's jobs work on, and what came of them |
//! | `streams.rs` | reading, writing and seeking by the traits of both worlds |
//! | `whole.rs` | what concerns the file as a whole: its length, its metadata, its durability |
//! | `positioned.rs` | reading and writing at a position, with buffers that are handed over |
//! | `conversion.rs` | from and to the standard library's file, and its descriptor |
//!
//! Who calls it: users, in a task. Checked by `tests/fs_file.rs` and `fs_faults.rs`.
//! Deliberately not here: how a job is run (`io/on_pool.rs`).

mod conversion;
mod desk;
#[cfg(unix)]
mod positioned;
mod streams;
mod whole;

use std::fmt;
use std::fs::File as StdFile;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;

use futures_util::lock::Mutex;

use self::desk::Desk;
use super::OpenOptions;
use crate::facade::Arc;
use crate::io::buffer::MOST;

/// A file that is open. It reads, writes and seeks by the traits of futures-io, and by tokio's with the feature `tokio-io`.
///
/// # How it works
/// A read is a job on the blocking pool: as many bytes as the caller has room for, at most [`max_buf_size`](Self::max_buf_size). A write copies the bytes, hands
/// them to a job and is done: **it tells that the file has taken charge of them, not that they are written**. The next operation waits for that job. What
/// becomes of the job is told by the next write, by a flush, or by [`sync_all`](Self::sync_all) and [`sync_data`](Self::sync_data). So flush a file
/// before it is dropped: a drop waits for nothing, and nobody hears of an error. `close` flushes.
///
/// A file belongs to no runtime: each operation has its job on the runtime that is current when it is polled.
///
/// # Errors
/// What the operating system says. An error outside a runtime, and from a runtime that has shut down, or that can start no thread for its pool: nothing was done then, and a
/// write that answers so has taken no byte.
///
/// # Cancel safety
/// A read, a write, a flush and a seek may be dropped while they wait. What a read has got out of the file is answered by the next read. A write that was dropped pending has taken
/// nothing, one that has answered is carried out, even if the file is dropped, and even if the runtime shuts down before a thread of the pool was free: only the end of the
/// process, or a pool that can start no thread, undoes it. A seek that was dropped may have moved the position, or does so before the next operation.
///
/// # Examples
/// ```
/// use fusee::fs::File;
/// use fusee::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("diary");
/// fusee::runtime::block_on(async {
///     let mut file = File::options().read(true).write(true).create(true).open(&path).await?;
///     file.write_all(b"a line").await?;
///     file.flush().await?;
///     file.seek(SeekFrom::Start(2)).await?;
///     let mut text = String::new();
///     file.read_to_string(&mut text).await?;
///     assert_eq!(text, "line");
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct File {
    std: Arc<StdFile>,
    /// For methods that borrow the file shared, any number of which may wait at a time; the others need no lock.
    desk: Mutex<Desk>,
    max_buf_size: usize,
}

// A panic leaves no half of an operation behind: jobs are the standard library's calls.
impl UnwindSafe for File {}
impl RefUnwindSafe for File {}

impl File {
    fn new(std: StdFile, max_buf_size: usize) -> Self {
        Self { std: Arc::new(std), desk: Mutex::new(Desk::new()), max_buf_size }
    }

    /// Opens a file to be read. It must be there.
    ///
    /// # Errors
    /// Those of [`OpenOptions::open`].
    ///
    /// # Cancel safety
    /// Cancel-safe: what is opened by then is closed again.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    /// use fusee::io::AsyncReadExt;
    ///
    /// let mut text = String::new();
    /// File::open("Cargo.toml").await?.read_to_string(&mut text).await?;
    /// assert!(text.contains("[package]"));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().read(true).open(path).await
    }

    /// Opens a file to be written, which is created, or made empty if it is there.
    ///
    /// # Errors
    /// Those of [`OpenOptions::open`].
    ///
    /// # Cancel safety
    /// Dropped, it may have created or emptied the file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    /// use fusee::io::AsyncWriteExt;
    ///
    /// let mut file = File::create(&path).await?;
    /// file.write_all(b"a line").await?;
    /// file.flush().await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().write(true).create(true).truncate(true).open(path).await
    }

    /// Creates a file to be read and written. It must not be there.
    ///
    /// # Errors
    /// Those of [`OpenOptions::open`]; [`AlreadyExists`](io::ErrorKind::AlreadyExists).
    ///
    /// # Cancel safety
    /// Dropped, it may have created the file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// File::create_new(&path).await?;
    /// assert!(File::create_new(&path).await.is_err());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::options().read(true).write(true).create_new(true).open(path).await
    }

    /// How else a file may be opened; the same as [`OpenOptions::new`].
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let file = File::options().read(true).open("Cargo.toml").await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// How many bytes one job reads or writes at most; 2 MiB, if nothing else was said.
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Says how many bytes one job is to read or write at most. The file keeps a buffer for each direction that is used, as large as
    /// the largest job was.
    ///
    /// # Panics
    /// If it is none.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let mut file = File::open("Cargo.toml").await?;
    /// file.set_max_buf_size(16 * 1024);
    /// assert_eq!(file.max_buf_size(), 16 * 1024);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn set_max_buf_size(&mut self, max_buf_size: usize) {
        assert!(max_buf_size > 0, "a job that moves no byte never comes to an end");
        self.max_buf_size = max_buf_size;
    }
}

impl From<StdFile> for File {
    fn from(std: StdFile) -> Self {
        Self::new(std, MOST)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("std", &self.std).finish_non_exhaustive()
    }
}
