//! Opening the socket, and removing it.
//!
//! # Nobody else gets in
//! The socket is bound, given the mode 0600, and listens only then: until it listens nobody can connect, whatever the umask has left of its mode.
//!
//! # Nobody's socket is removed
//! One that refuses connections is stale, and is replaced. Of several that would do so at the same time, in this process or in others, one comes after the other: the second finds
//! the first one's socket at work. They hold a lock on the folder (`flock`) meanwhile, from the first look to the moment at which they listen. At the end only what is its own is removed, while it is served yet, so that nobody replaces it; nobody waits for the lock there: who shuts a runtime
//! down in the background is not to be kept, nor is a worker of another runtime.

use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use rustix::event::{Timespec, poll};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::facade::RawInstant;

/// So many may wait to be accepted.
const BACKLOG: i32 = 16;

/// For so long at most others have the lock on the folder: who keeps it longer opens no console.
const PATIENCE: Duration = Duration::from_secs(2);

/// So often it is asked for meanwhile.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// A socket's place among the files, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Which file it is.
    file: Number,
}

/// A file's device and number.
type Number = (u64, u64);

impl Drop for Place {
    fn drop(&mut self) {
        // Else another could take the place between the two, if nobody serves it any more. Without the lock it is looked at all the same.
        let _alone = Alone::beside(&self.path, Duration::ZERO);
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
    let _alone = Alone::beside(path, PATIENCE)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            clear(path, &address)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    // The process may change its folder.
    let place = Place { path: path::absolute(path)?, file: file_of(&fs::symlink_metadata(path)?) };
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.set_nonblocking(true)?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), place))
}

/// Removes a socket at which nobody listens.
fn clear(path: &Path, address: &SockAddr) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is something that is no socket"));
    }
    if is_served(address)? {
        return Err(io::Error::new(ErrorKind::AddrInUse, "another runtime listens there"));
    }
    fs::remove_file(path)
}

/// Nobody else opens a console in the folder, until this is dropped.
struct Alone(Option<File>);

impl Alone {
    /// Waits for so long at most while another has the lock.
    fn beside(path: &Path, patience: Duration) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = match File::open(folder) {
            // A folder may be written to that is not to be read: as below.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Self(None)),
            folder => folder?,
        };
        let begin = RawInstant::now();
        loop {
            match folder.try_lock() {
                Ok(()) => return Ok(Self(Some(folder))),
                Err(TryLockError::WouldBlock) if begin.elapsed() < patience => {
                    // It waits for nothing but the time; a signal may end that early.
                    let _ = poll(&mut [], Some(&PAUSE));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(ErrorKind::ResourceBusy, "somebody else has the lock on the folder"));
                }
                // The file system has no locks: what starts at the same time is not told apart there.
                Err(TryLockError::Error(_)) => return Ok(Self(None)),
            }
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // By name: a child that was forked meanwhile may have a copy of the descriptor.
        if let Some(folder) = &self.0 {
            let _ = folder.unlock();
        }
    }
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

fn file_of(metadata: &Metadata) -> Number {
    (metadata.dev(), metadata.ino())
}
