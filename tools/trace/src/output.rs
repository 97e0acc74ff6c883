//! Files that are there once they are whole.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::is_standard;

/// Has `write` fill what `path` names, where - is standard output. A file stands beside its place until it is whole; what is no file, such as a pipe, is written to as it is.
pub(crate) fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
    if is_standard(path) {
        return buffered(io::stdout().lock(), write)
            .map(drop)
            .map_err(|error| format!("cannot write to standard output: {error}"));
    }
    to_path(path, write).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn to_path(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // What a link leads to is replaced, and not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        return buffered(fs::OpenOptions::new().write(true).open(&target)?, write).map(drop);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any new file has them: the mask of the process takes its part away.
    let permissions = Permissions::from_mode(0o666);
    let file = tempfile::Builder::new().prefix(".fusee-trace-").permissions(permissions).tempfile_in(folder)?;
    let file = buffered(file, write)?;
    file.persist(&target).map(drop).map_err(|error| error.error)
}

fn buffered<W: Write>(to: W, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<W> {
    let mut to = BufWriter::with_capacity(1 << 16, to);
    write(&mut to)?;
    to.into_inner().map_err(|error| error.into_error())
}
