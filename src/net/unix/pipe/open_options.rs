//! How a pipe with a name is opened.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use super::{Receiver, Sender, mode};

/// How a pipe is opened that has a name in the file system, as `mkfifo` makes it.
///
/// Opening never waits for the other end. A [`Sender`] cannot be opened while nobody reads; a [`Receiver`] can be while
/// nobody writes, and reads the end then, until somebody does.
///
/// ```
/// use fusee::io::{AsyncReadExt, AsyncWriteExt};
/// use fusee::net::unix::pipe;
///
/// # fusee::runtime::block_on(async {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("pipe");
/// assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
/// let mut receiver = pipe::OpenOptions::new().open_receiver(&path)?;
/// let mut sender = pipe::OpenOptions::new().open_sender(&path)?;
/// sender.write_all(b"hello").await?;
/// drop(sender);
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    read_write: bool,
    unchecked: bool,
}

/// Which end of a pipe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Sender,
    Receiver,
}

impl OpenOptions {
    /// Those that hold unless others are set: for one direction, and nothing is opened that is no pipe.
    ///
    /// ```
    /// # use fusee::net::unix::pipe::OpenOptions;
    /// let options = OpenOptions::new();
    /// # drop(options);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it is opened for both directions. A sender can be opened then though nobody reads, and a receiver never
    /// comes to an end, for it could write itself.
    ///
    /// ```
    /// # use fusee::net::unix::pipe::OpenOptions;
    /// # fusee::runtime::block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("pipe");
    /// assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    /// assert!(OpenOptions::new().open_sender(&path).is_err());
    /// let sender = OpenOptions::new().read_write(true).open_sender(&path)?;
    /// # drop(sender);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Whether anything is opened that has the name, pipe or not.
    ///
    /// ```
    /// # use fusee::net::unix::pipe::OpenOptions;
    /// # fusee::runtime::block_on(async {
    /// # #[cfg(target_os = "linux")] {
    /// assert!(OpenOptions::new().open_receiver("/dev/tty").is_err());
    /// let zeros = OpenOptions::new().unchecked(true).open_receiver("/dev/random")?;
    /// # drop(zeros);
    /// # }
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the end that is read.
    ///
    /// # Errors
    /// Nothing has that name ([`NotFound`](io::ErrorKind::NotFound)), it is no pipe
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)), not this user's to read, or the process has no descriptors
    /// left.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child of the process that built it.
    ///
    /// ```
    /// # use fusee::net::unix::pipe::OpenOptions;
    /// # fusee::runtime::block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("pipe");
    /// assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    /// let receiver = OpenOptions::new().open_receiver(&path)?;
    /// # drop(receiver);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        Receiver::from_file_unchecked(self.open(path.as_ref(), End::Receiver)?)
    }

    /// Opens the end that is written.
    ///
    /// # Errors
    /// As [`open_receiver`](Self::open_receiver); nobody reads it (`ENXIO`).
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child of the process that built it.
    ///
    /// ```
    /// # use fusee::net::unix::pipe::OpenOptions;
    /// # fusee::runtime::block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("pipe");
    /// assert!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    /// assert!(OpenOptions::new().open_sender(&path).is_err());
    /// let receiver = OpenOptions::new().open_receiver(&path)?;
    /// let sender = OpenOptions::new().open_sender(&path)?;
    /// # drop((receiver, sender));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[track_caller]
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        Sender::from_file_unchecked(self.open(path.as_ref(), End::Sender)?)
    }

    fn open(&self, path: &Path, end: End) -> io::Result<File> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let both = self.read_write;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let both = false;
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).expect("a flag that fits");
        let file = File::options()
            .read(both || end == End::Receiver)
            .write(both || end == End::Sender)
            .custom_flags(nonblocking)
            .open(path)?;
        if !self.unchecked {
            mode::check_pipe(&file)?;
        }
        Ok(file)
    }
}
