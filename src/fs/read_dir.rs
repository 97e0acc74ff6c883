//! What is in a folder.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::blocking::AtClose;
use crate::facade::Arc;
use crate::io::on_pool::{OnPool, run};
use crate::task::coop::poll_leaf;

/// So many entries are read by one job.
const CHUNK: usize = 32;

/// Opens a folder, to be told what is in it.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors).
///
/// # Cancel safety
/// Cancel-safe: it changes nothing.
///
/// ```
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// let mut entries = fs::read_dir("src").await?;
/// let mut names = Vec::new();
/// while let Some(entry) = entries.next_entry().await? {
///     names.push(entry.file_name());
/// }
/// assert!(names.iter().any(|name| name == "lib.rs"));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let listing = run(move || {
        let mut listing =
            Listing { entries: std::fs::read_dir(path)?, read: VecDeque::with_capacity(CHUNK), is_over: false };
        listing.read_more();
        Ok(listing)
    });
    Ok(ReadDir(OnPool::new(listing.await?)))
}

/// What is in a folder, entry by entry, in no order; without the folder itself and the one above it. It is a [`Stream`], too.
///
/// Entries are read by the dozen: one that is created or removed meanwhile may or may not be among them.
#[must_use = "it does nothing unless it is asked for entries"]
pub struct ReadDir(OnPool<Listing, io::Result<()>>);

struct Listing {
    entries: std::fs::ReadDir,
    read: VecDeque<io::Result<DirEntry>>,
    is_over: bool,
}

impl Listing {
    fn read_more(&mut self) {
        for _ in 0..CHUNK {
            let Some(entry) = self.entries.next() else {
                self.is_over = true;
                return;
            };
            // Most file systems say of what kind an entry is as they tell of it.
            let entry = entry.map(|entry| DirEntry { kind: entry.file_type().ok(), entry: Arc::new(entry) });
            let failed = entry.is_err();
            self.read.push_back(entry);
            if failed {
                return;
            }
        }
    }
}

impl ReadDir {
    /// The next entry; `None` after the last one.
    ///
    /// # Errors
    /// What the operating system says, of one entry; those of [the module](crate::fs#errors).
    ///
    /// # Cancel safety
    /// Cancel-safe: no entry is lost.
    ///
    /// # Examples
    /// See [`read_dir`].
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|context| self.poll_next_entry(context)).await
    }

    /// Polls for the next entry. Who has polled last is woken.
    ///
    /// # Errors
    /// As [`next_entry`](Self::next_entry).
    pub fn poll_next_entry(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        poll_leaf(context, |context| {
            loop {
                if let Some(Err(error)) = ready!(self.0.poll_end(context)) {
                    return Poll::Ready(Err(error));
                }
                let mut listing = self.0.state();
                if let Some(entry) = listing.read.pop_front() {
                    return Poll::Ready(entry.map(Some));
                }
                if listing.is_over {
                    return Poll::Ready(Ok(None));
                }
                drop(listing);
                self.0.begin(AtClose::Cancelled, Err, |listing| {
                    listing.read_more();
                    Ok(())
                })?;
            }
        })
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_next_entry(context).map(Result::transpose)
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").finish_non_exhaustive()
    }
}

/// Something in a folder.
#[derive(Clone)]
pub struct DirEntry {
    entry: Arc<std::fs::DirEntry>,
    /// As it was when the folder was read.
    kind: Option<FileType>,
}

impl DirEntry {
    /// Its path: that of the folder, as it was given to [`read_dir`], and its name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// Its name.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// What the file system knows of it. A symbolic link is not followed.
    ///
    /// # Errors
    /// What the operating system says, as when it was removed; those of [the module](crate::fs#errors).
    ///
    /// # Cancel safety
    /// Cancel-safe: it changes nothing.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// let entry = fusee::fs::read_dir("src").await?.next_entry().await?.expect("there is something");
    /// println!("{:?}: {} bytes", entry.file_name(), entry.metadata().await?.len());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.entry.clone();
        run(move || entry.metadata()).await
    }

    /// Whether it is a file, a folder, or something else. A symbolic link is not followed. Most file systems tell that along with the entry, and nothing more is asked for then.
    ///
    /// # Errors
    /// What the operating system says, as when it was removed; those of [the module](crate::fs#errors).
    ///
    /// # Cancel safety
    /// Cancel-safe: it changes nothing.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// let entry = fusee::fs::read_dir("src").await?.next_entry().await?.expect("there is something");
    /// println!("{:?} is a folder: {}", entry.file_name(), entry.file_type().await?.is_dir());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn file_type(&self) -> io::Result<FileType> {
        if let Some(kind) = self.kind {
            return Ok(kind);
        }
        let entry = self.entry.clone();
        run(move || entry.file_type()).await
    }

    /// The number under which the file system knows it.
    #[cfg(unix)]
    pub fn ino(&self) -> u64 {
        std::os::unix::fs::DirEntryExt::ino(&*self.entry)
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirEntry").field(&self.path()).finish()
    }
}
