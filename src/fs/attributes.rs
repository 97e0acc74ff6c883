//! What the file system knows of a file beside its contents.

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::Path;

use crate::io::on_pool::run;

/// What the file system knows of what `path` leads to: its kind, its length, its times, who may do what with it. Links are followed.
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
/// fs::write(folder.join("note"), "buy bread").await?;
/// assert_eq!(fs::metadata(folder.join("note")).await?.len(), 9);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::metadata(path)).await
}

/// As [`metadata`], of a symbolic link itself if `path` is one.
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
/// assert!(fs::symlink_metadata(folder.join("list")).await?.is_symlink());
/// # }
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::symlink_metadata(path)).await
}

/// Changes who may do what with a file. Links are followed.
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
/// let mut permissions = fs::metadata(folder.join("note")).await?.permissions();
/// permissions.set_readonly(true);
/// fs::set_permissions(folder.join("note"), permissions).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::set_permissions(path, permissions)).await
}

/// Whether there is something where `path` leads to. It may be otherwise by the time of the answer: who is about to open a file opens it.
///
/// # Errors
/// What the operating system says, as when a folder on the way may not be searched: then it is not known; those of [the module](crate::fs#errors).
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
/// assert!(!fs::try_exists(folder.join("note")).await?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::exists(path)).await
}
