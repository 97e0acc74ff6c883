//! What concerns the file as a whole.
//!
//! These methods borrow the file shared. Each waits for the job that runs first, so that it sees what was written before.

use std::fs::{File as StdFile, FileTimes, Metadata, Permissions};
use std::future::poll_fn;
use std::io;
use std::time::SystemTime;

use super::File;
use crate::io::on_pool::run;

impl File {
    /// Has the operating system put everything that was written on its disk, data and metadata.
    ///
    /// # Errors
    /// That of a write before, if nobody was told; else what the operating system says.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done; nothing is lost.
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
    /// file.sync_all().await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn sync_all(&self) -> io::Result<()> {
        self.written().await?;
        self.on_std(StdFile::sync_all).await
    }

    /// As [`sync_all`](Self::sync_all), of metadata only what is needed to read the data again.
    ///
    /// # Errors
    /// As [`sync_all`](Self::sync_all).
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done; nothing is lost.
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
    /// file.sync_data().await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn sync_data(&self) -> io::Result<()> {
        self.written().await?;
        self.on_std(StdFile::sync_data).await
    }

    /// Cuts the file to `size` bytes, or lengthens it by zeros. The position stays where it is.
    ///
    /// # Errors
    /// What the operating system says, as for a file that is not open for writing.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let file = File::create(&path).await?;
    /// file.set_len(10).await?;
    /// assert_eq!(file.metadata().await?.len(), 10);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let mut desk = self.desk.lock().await;
        poll_fn(|context| desk.poll_settled(context)).await;
        // What was read ahead may be what is cut off.
        desk.begin_other(&self.std, move |std| std.set_len(size))?;
        poll_fn(|context| desk.poll_other(context)).await
    }

    /// What the file system knows of the file. What was written before is in it.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// assert!(File::open("Cargo.toml").await?.metadata().await?.is_file());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.settled().await;
        self.on_std(StdFile::metadata).await
    }

    /// Changes who may do what with the file.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    ///
    /// let file = File::create(&path).await?;
    /// let mut permissions = file.metadata().await?.permissions();
    /// permissions.set_readonly(true);
    /// file.set_permissions(permissions).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.on_std(|std| std.set_permissions(permissions)).await
    }

    /// Changes when the file was read and written, as the file system tells. What was written before does not change that any more.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("diary");
    /// # fusee::runtime::block_on(async {
    /// use std::time::SystemTime;
    ///
    /// use fusee::fs::{File, FileTimes};
    ///
    /// let file = File::create(&path).await?;
    /// file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH)).await?;
    /// assert_eq!(file.metadata().await?.modified()?, SystemTime::UNIX_EPOCH);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.settled().await;
        self.on_std(move |std| std.set_times(times)).await
    }

    /// As [`set_times`](Self::set_times), of when the file was written alone.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not be done.
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// Another one for the same file as it was opened: both have one position. What this one has read ahead is given back first, so that the other reads on where
    /// this one has stopped; where there is no position, as in a named pipe, it stays with this one.
    ///
    /// # Errors
    /// The process has no descriptors left.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::File;
    /// use fusee::io::AsyncReadExt;
    ///
    /// let mut file = File::open("Cargo.toml").await?;
    /// let mut clone = file.try_clone().await?;
    /// let (mut first, mut second) = ([0; 4], [0; 4]);
    /// file.read_exact(&mut first).await?;
    /// clone.read_exact(&mut second).await?;
    /// # let text = std::fs::read("Cargo.toml")?;
    /// # assert_eq!((&first[..], &second[..]), (&text[..4], &text[4..8]));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn try_clone(&self) -> io::Result<Self> {
        let mut desk = self.desk.lock().await;
        poll_fn(|context| desk.poll_settled(context)).await;
        if desk.is_ahead() {
            desk.begin_other(&self.std, |_| Ok(()))?;
            poll_fn(|context| desk.poll_other(context)).await?;
        }
        drop(desk);
        Ok(Self::new(self.on_std(StdFile::try_clone).await?, self.max_buf_size))
    }

    /// Waits until no job runs.
    pub(super) async fn settled(&self) {
        let mut desk = self.desk.lock().await;
        poll_fn(|context| desk.poll_settled(context)).await;
    }

    /// Waits until what was written is.
    async fn written(&self) -> io::Result<()> {
        let mut desk = self.desk.lock().await;
        poll_fn(|context| desk.poll_flush(context)).await
    }

    /// Runs `operation` on the pool, beside whatever else is done with the file.
    pub(super) async fn on_std<R: Send + 'static>(
        &self,
        operation: impl FnOnce(&StdFile) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let std = self.std.clone();
        run(move || operation(&std)).await
    }
}
