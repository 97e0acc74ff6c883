//! Opening the socket, and removing it.
//!
//! # Nobody else gets in
//! The socket is bound, given the mode 0600, and listens only then: until it listens nobody can connect, whatever the umask has left of its mode.
//!
//! # Nobody's socket is removed
//! One that refuses connections is stale. It is moved aside before it is removed, and asked once more there: had another runtime replaced it by its own in between, it is put back. And
//! who listens looks whether what is at its path is still its own: it could have been taken for stale before it listened. At the end only what is its own is removed.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

/// So many may wait to be accepted.
const BACKLOG: i32 = 16;

/// A stale socket is replaced so often: others that start at the same time may have been quicker.
const ATTEMPTS: usize = 3;

/// A socket's place among the files, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: File,
}

/// Which file it is: its device and number.
type File = (u64, u64);

impl Drop for Place {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| file_of(&found) == self.file) {
            // Somebody else has removed it, or the folder is not to be written to any more: it is stale then.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens at `path`, without blocking.
pub(super) fn listen(path: PathBuf) -> io::Result<(UnixListener, Place)> {
    try_listen(&path).map_err(|error| {
        io::Error::new(error.kind(), format!("the console's socket {} could not be opened: {error}", path.display()))
    })
}

fn try_listen(path: &Path) -> io::Result<(UnixListener, Place)> {
    let address = address_of(path)?;
    for _ in 0..ATTEMPTS {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        match socket.bind(&address) {
            Ok(()) => return open(socket, path),
            Err(error) if error.kind() == ErrorKind::AddrInUse => clear(path, &address)?,
            Err(error) => return Err(error),
        }
    }
    Err(in_use())
}

fn open(socket: Socket, path: &Path) -> io::Result<(UnixListener, Place)> {
    let place = Place { path: path.to_owned(), file: file_of(&fs::symlink_metadata(path)?) };
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    if !fs::symlink_metadata(path).is_ok_and(|found| file_of(&found) == place.file) {
        return Err(in_use());
    }
    Ok((socket.into(), place))
}

/// Removes a socket at which nobody listens.
fn clear(path: &Path, address: &SockAddr) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is something that is no socket"));
    }
    if is_served(address)? {
        return Err(in_use());
    }
    let aside = aside_of(path);
    match fs::rename(path, &aside) {
        // Another has cleared it.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        moved => moved?,
    }
    if file_of(&fs::symlink_metadata(&aside)?) != file_of(&found) || is_served(&address_of(&aside)?)? {
        // Not over what a third one may have put there.
        let _ = fs::hard_link(&aside, path);
        fs::remove_file(&aside)?;
        return Err(in_use());
    }
    fs::remove_file(&aside)
}

/// Whether somebody listens. The connection that this makes is gone at once.
fn is_served(address: &SockAddr) -> io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A full queue refuses nothing: it would keep a connect waiting.
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => Ok(false),
            ErrorKind::WouldBlock => Ok(true),
            _ => Err(error),
        },
    }
}

/// A name beside `path` that nobody else has at the same time.
fn aside_of(path: &Path) -> PathBuf {
    // The number of a thread, which is unique among those of the process, and that of the process.
    let thread = format!("{:?}", crate::facade::thread::current().id());
    let digits: String = thread.chars().filter(char::is_ascii_digit).collect();
    path.with_file_name(format!(".{}-{digits}", std::process::id()))
}

fn address_of(path: &Path) -> io::Result<SockAddr> {
    let refuse = |why: &str| Err(io::Error::new(ErrorKind::InvalidInput, why));
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() {
        return refuse("the path is empty");
    }
    if bytes.contains(&0) {
        return refuse("the path has a nul byte");
    }
    SockAddr::unix(path)
        .or_else(|_| refuse(&format!("the path is too long for a socket's: it has {} bytes", bytes.len())))
}

fn file_of(metadata: &Metadata) -> File {
    (metadata.dev(), metadata.ino())
}

fn in_use() -> io::Error {
    io::Error::new(ErrorKind::AddrInUse, "another runtime listens there")
}
