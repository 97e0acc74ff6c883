//! What Unix sockets are called.
//!
//! Who calls it: users, and all of `net/unix`, for which it makes addresses of paths.

use std::fmt;
use std::io;
#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net;
use std::path::Path;

use rustix::net::SocketAddrUnix;

/// What a Unix socket is called: by a path, by an abstract name, or not at all.
///
/// It is the standard library's [`SocketAddr`](net::SocketAddr), and becomes that by `into`.
///
/// ```
/// use fusee::net::UnixListener;
/// use fusee::net::unix::SocketAddr;
///
/// # fusee::runtime::block_on(async {
/// let folder = tempfile::tempdir()?;
/// let address = SocketAddr::from_pathname(folder.path().join("socket"))?;
/// let listener = UnixListener::bind_addr(&address)?;
/// assert_eq!(listener.local_addr()?.as_pathname(), address.as_pathname());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct SocketAddr(pub(super) net::SocketAddr);

impl SocketAddr {
    /// The address of a path.
    ///
    /// # Errors
    /// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), if the path has a NUL in it or is too long, which on
    /// Linux are 108 bytes.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use fusee::net::unix::SocketAddr;
    ///
    /// let address = SocketAddr::from_pathname("/run/socket")?;
    /// assert_eq!(address.as_pathname(), Some(Path::new("/run/socket")));
    /// assert!(SocketAddr::from_pathname("x".repeat(1_000)).is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_pathname(path: impl AsRef<Path>) -> io::Result<Self> {
        net::SocketAddr::from_pathname(path).map(Self)
    }

    /// The address of an abstract name, which is in no file system.
    ///
    /// # Errors
    /// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), if the name is longer than 107 bytes.
    ///
    /// ```
    /// use fusee::net::unix::SocketAddr;
    ///
    /// let address = SocketAddr::from_abstract_name("name")?;
    /// assert_eq!(address.as_abstract_name(), Some(&b"name"[..]));
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn from_abstract_name(name: impl AsRef<[u8]>) -> io::Result<Self> {
        net::SocketAddr::from_abstract_name(name).map(Self)
    }

    /// Whether it is no name at all: that of a socket that was not bound.
    ///
    /// ```
    /// use fusee::net::UnixStream;
    ///
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// assert!(stream.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if it is one.
    ///
    /// ```
    /// # use std::path::Path;
    /// # use fusee::net::unix::SocketAddr;
    /// assert_eq!(SocketAddr::from_pathname("/run/socket")?.as_pathname(), Some(Path::new("/run/socket")));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The abstract name, if it is one, without the NUL before it.
    ///
    /// ```
    /// # use fusee::net::unix::SocketAddr;
    /// assert_eq!(SocketAddr::from_abstract_name("name")?.as_abstract_name(), Some(&b"name"[..]));
    /// assert_eq!(SocketAddr::from_pathname("/run/socket")?.as_abstract_name(), None);
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.0.as_abstract_name()
    }

    /// What `path` stands for: an abstract name, where there are such, if it begins with NUL.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let [0, name @ ..] = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()) {
            return Self::from_abstract_name(name);
        }
        Self::from_pathname(path)
    }

    /// As the kernel takes it.
    pub(super) fn to_kernel(&self) -> io::Result<SocketAddrUnix> {
        if let Some(path) = self.as_pathname() {
            return Ok(SocketAddrUnix::new(path)?);
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        return Ok(match self.as_abstract_name() {
            Some(name) => SocketAddrUnix::new_abstract_name(name)?,
            None => SocketAddrUnix::new_unnamed(),
        });
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Err(io::ErrorKind::InvalidInput.into())
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<net::SocketAddr> for SocketAddr {
    fn from(address: net::SocketAddr) -> Self {
        Self(address)
    }
}

impl From<SocketAddr> for net::SocketAddr {
    fn from(address: SocketAddr) -> Self {
        address.0
    }
}
