//! Folders.

use std::io;
use std::path::Path;

use crate::io::on_pool::run;

/// How a folder is created.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs::DirBuilder;
///
/// DirBuilder::new().recursive(true).create(folder.join("2026/november")).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    #[cfg(unix)]
    mode: Option<u32>,
}

impl DirBuilder {
    /// As the system creates folders, and one at a time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the folders on the way are created, too, where they are missing; then it is no error if the folder is there already.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// Who may do what with it, as far as the process's mask allows; `0o777` if nothing is said.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let folder = folder.path();
    /// # fusee::runtime::block_on(async {
    /// use fusee::fs::DirBuilder;
    ///
    /// DirBuilder::new().mode(0o700).create(folder.join("private")).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Creates a folder.
    ///
    /// # Errors
    /// What the operating system says; those of [the module](crate::fs#errors).
    ///
    /// # Cancel safety
    /// Dropped, it is done all the same, or not at all.
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        run(move || builder.create(path)).await
    }
}

/// Creates a folder in one that is there.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors).
///
/// # Cancel safety
/// Dropped, it is done all the same, or not at all.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// fs::create_dir(folder.join("notes")).await?;
/// assert!(fs::create_dir(folder.join("notes")).await.is_err());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::create_dir(path)).await
}

/// Creates a folder, and those on the way to it that are missing. It is no error if it is there already.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors). Some of them may have been created then.
///
/// # Cancel safety
/// Dropped, it is done all the same, or not at all.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// fs::create_dir_all(folder.join("2026/november")).await?;
/// fs::create_dir_all(folder.join("2026/november")).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::create_dir_all(path)).await
}

/// Removes a folder that is empty.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors).
///
/// # Cancel safety
/// Dropped, it is done all the same, or not at all.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// fs::create_dir(folder.join("notes")).await?;
/// fs::remove_dir(folder.join("notes")).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir(path)).await
}

/// Removes a folder with all that is in it. Symbolic links are removed, and not followed.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors). A part may be removed then.
///
/// # Cancel safety
/// Dropped, it is done all the same, or not at all, unless it fails.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// fs::create_dir_all(folder.join("2026/november")).await?;
/// fs::remove_dir_all(folder.join("2026")).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir_all(path)).await
}
