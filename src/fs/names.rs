//! The names of files.

use std::io;
use std::path::Path;

use crate::io::on_pool::run;

/// Gives a file or a folder another name, within one file system. A file that has that name already is replaced.
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
/// fs::write(folder.join("draft"), "buy bread").await?;
/// fs::rename(folder.join("draft"), folder.join("note")).await?;
/// assert!(!fs::try_exists(folder.join("draft")).await?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || std::fs::rename(from, to)).await
}

/// Takes a file's name away, and the file with its last name, when nobody has it open any more.
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
/// fs::remove_file(folder.join("note")).await?;
/// assert!(fs::read(folder.join("note")).await.is_err());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_file(path)).await
}
