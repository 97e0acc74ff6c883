//! Reading and writing at a position, with buffers that are handed over.
//!
//! The buffer goes with the operation, and comes back with its answer: this is the form in which a kernel can do the operation by itself (`io_uring`), which keeps the
//! buffer until it is done, whoever awaits that or not. Today it is a job on the blocking pool.

use std::io;
use std::os::unix::fs::FileExt;

use super::File;
use crate::facade::{Arc, Mutex};

impl File {
    /// Reads at the position `offset`, and leaves the file's own position alone. The buffer is filled from its front, as far as one call of the operating system's goes, at most up to its length:
    /// zero bytes at the end of the file, if it has room. It comes back with the answer.
    ///
    /// Any number of tasks may read at a time. What was written before by this `File` is seen.
    ///
    /// # Errors
    /// What the operating system says, as of what has no positions; those of [`File`].
    ///
    /// # Cancel safety
    /// Dropped, the buffer is gone; the file is as it was.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let file = File::open("Cargo.toml").await?;
    /// let (count, buffer) = file.read_at(vec![0; 4096], 2).await;
    /// assert!(buffer[..count?].windows(9).any(|bytes| bytes == b"[package]"));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn read_at(&self, buffer: Vec<u8>, offset: u64) -> (io::Result<usize>, Vec<u8>) {
        self.with_buffer(buffer, move |std, buffer| uninterrupted(|| std.read_at(buffer, offset))).await
    }

    /// As [`read_at`](Self::read_at), until the buffer is full.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at); [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), if the file ends before.
    ///
    /// # Cancel safety
    /// Dropped, the buffer is gone; the file is as it was.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let file = File::open("Cargo.toml").await?;
    /// let (read, buffer) = file.read_exact_at(vec![0; 5], 1).await;
    /// read?;
    /// # assert_eq!(buffer, std::fs::read("Cargo.toml")?[1..6]);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn read_exact_at(&self, buffer: Vec<u8>, offset: u64) -> (io::Result<()>, Vec<u8>) {
        self.with_buffer(buffer, move |std, buffer| std.read_exact_at(buffer, offset)).await
    }

    /// Writes at the position `offset`, and leaves the file's own position alone: as many bytes as one call of the operating system's takes. It has, when this is done. The buffer comes back with the answer.
    ///
    /// A file that was opened to be appended to is written at its end, whatever the position, on Linux.
    ///
    /// # Errors
    /// What the operating system says, as of what has no positions; those of [`File`].
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done, and the buffer is gone.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::{self, File};
    ///
    /// let file = File::create(&path).await?;
    /// let (count, _buffer) = file.write_at(b"a line".to_vec(), 2).await;
    /// assert_eq!(count?, 6);
    /// assert_eq!(fs::read(&path).await?, b"\0\0a line");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn write_at(&self, buffer: Vec<u8>, offset: u64) -> (io::Result<usize>, Vec<u8>) {
        self.with_buffer(buffer, move |std, buffer| uninterrupted(|| std.write_at(buffer, offset))).await
    }

    /// As [`write_at`](Self::write_at), until all is written.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at); a part may be written.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done, or in part, and the buffer is gone.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::{self, File};
    ///
    /// let file = File::create(&path).await?;
    /// let (written, _buffer) = file.write_all_at(b"a line".to_vec(), 0).await;
    /// written?;
    /// assert_eq!(fs::read(&path).await?, b"a line");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn write_all_at(&self, buffer: Vec<u8>, offset: u64) -> (io::Result<()>, Vec<u8>) {
        self.with_buffer(buffer, move |std, buffer| std.write_all_at(buffer, offset)).await
    }

    /// Runs `operation` on the pool, with a buffer that comes back, even if nothing is run.
    async fn with_buffer<R: Send + 'static>(
        &self,
        buffer: Vec<u8>,
        operation: impl FnOnce(&std::fs::File, &mut [u8]) -> io::Result<R> + Send + 'static,
    ) -> (io::Result<R>, Vec<u8>) {
        self.settled().await;
        // The job's half of the buffer's way is a slot, so that the buffer is there, too, when the job is not run.
        let slot = Arc::new(Mutex::new(buffer));
        let shared = slot.clone();
        let answer = self.on_std(move |std| operation(std, &mut shared.lock())).await;
        let buffer = std::mem::take(&mut *slot.lock());
        (answer, buffer)
    }
}

/// Repeats `operation` if a signal interrupts it.
fn uninterrupted(mut operation: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}
