//! Links, and where paths lead.

use std::io;
use std::path::{Path, PathBuf};

use crate::io::on_pool::run;

/// Gives a file one more name, `link`, within one file system.
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
/// fs::write(folder.join("note"), "buy bread").await?;
/// fs::hard_link(folder.join("note"), folder.join("list")).await?;
/// assert_eq!(fs::read(folder.join("list")).await?, b"buy bread");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::fs::hard_link(original, link)).await
}

/// Creates a symbolic link, `link`, which leads to `original`, whether that is there or not.
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
/// fs::symlink("note", folder.join("list")).await?;
/// fs::write(folder.join("note"), "buy bread").await?;
/// assert_eq!(fs::read(folder.join("list")).await?, b"buy bread");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[cfg(unix)]
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::os::unix::fs::symlink(original, link)).await
}

/// Where a symbolic link leads, as it stands there.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors).
///
/// # Cancel safety
/// Cancel-safe: it changes nothing.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// # #[cfg(unix)] {
/// fs::symlink("note", folder.join("list")).await?;
/// assert_eq!(fs::read_link(folder.join("list")).await?.to_str(), Some("note"));
/// # }
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_link(path)).await
}

/// The path from the root to what `path` leads to, without links, dots and detours. It must be there.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors).
///
/// # Cancel safety
/// Cancel-safe: it changes nothing.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # fusee::runtime::block_on(async {
/// use fusee::fs;
///
/// let path = fs::canonicalize(folder.join("..").join(folder)).await?;
/// assert!(path.is_absolute());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::canonicalize(path)).await
}
