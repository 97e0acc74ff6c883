//! What is in a file, as a whole.

use std::io;
use std::path::Path;

use crate::io::on_pool::run;

/// Reads a file, all of it.
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
/// assert_eq!(fs::read(folder.join("note")).await?, b"buy bread");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read(path)).await
}

/// Reads a file, all of it, as text.
///
/// # Errors
/// What the operating system says; [`InvalidData`](io::ErrorKind::InvalidData), if it is not UTF-8; those of [the module](crate::fs#errors).
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
/// assert_eq!(fs::read_to_string(folder.join("note")).await?, "buy bread");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_to_string(path)).await
}

/// Makes `contents` all that is in a file, which is created if it is not there. The contents are copied first.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors). The file may be empty then, or hold a part.
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
/// fs::write(folder.join("note"), "buy bread").await?;
/// assert_eq!(fs::read(folder.join("note")).await?.len(), 9);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_vec();
    run(move || std::fs::write(path, contents)).await
}

/// Copies what is in a file, and who may do what with it, to another, which is created, or replaced in its contents. Answers how many bytes these are.
///
/// # Errors
/// What the operating system says; those of [the module](crate::fs#errors). The other file may hold a part then.
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
/// fs::write(folder.join("note"), "buy bread").await?;
/// assert_eq!(fs::copy(folder.join("note"), folder.join("copy")).await?, 9);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || std::fs::copy(from, to)).await
}
