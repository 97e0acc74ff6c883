//! How a file is opened.

use std::io;
use std::path::Path;

use super::File;
use crate::io::on_pool::run;

/// How a file is opened: as [`std::fs::OpenOptions`], with the same meanings. At first nothing is allowed.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("log");
/// # fusee::runtime::block_on(async {
/// use fusee::fs::OpenOptions;
///
/// let log = OpenOptions::new().append(true).create(true).open(&path).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// Nothing is allowed, and nothing is created.
    #[must_use]
    pub fn new() -> Self {
        Self(std::fs::OpenOptions::new())
    }

    /// Whether the file may be read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// Whether the file may be written. What is in it is overwritten from its beginning on.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Whether each write goes to the end of the file, wherever that is by then.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// Whether the file is made empty; it is to be writable.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// Whether the file is created if it is not there; it is to be writable.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// Whether the file is created, and must not be there, not even as a link that leads nowhere. It overrides `create` and `truncate`.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// Who may do what with the file, if it is created, as far as the process's mask allows; `0o666` if nothing is said.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("key");
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::OpenOptions;
    ///
    /// let key = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.0, mode);
        self
    }

    /// What else the system's `open` is told, as `O_NOFOLLOW`; what says whether it is read or written is left out. Each call replaces the last.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::OpenOptions;
    ///
    /// let no_follow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    /// let file = OpenOptions::new().read(true).custom_flags(no_follow).open("Cargo.toml").await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.0, flags);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    /// What the operating system says; [`InvalidInput`](io::ErrorKind::InvalidInput) for options that contradict each other; those of [the module](crate::fs#errors).
    ///
    /// # Cancel safety
    /// Dropped, it may have created or emptied the file; what is opened by then is closed again.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let (options, path) = (self.0.clone(), path.as_ref().to_owned());
        run(move || options.open(path)).await.map(File::from)
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> Self {
        Self(options)
    }
}
