//! Who is at the other end of a stream.
//!
//! Who calls it: `stream.rs`.

use std::io;
use std::os::fd::BorrowedFd;

/// The number of a user.
#[expect(non_camel_case_types, reason = "as C calls it")]
pub type uid_t = u32;

/// The number of a group.
#[expect(non_camel_case_types, reason = "as C calls it")]
pub type gid_t = u32;

/// The number of a process.
#[expect(non_camel_case_types, reason = "as C calls it")]
pub type pid_t = i32;

/// As whom the process at the other end runs, or ran when it connected, listened or made the pair.
/// [`UnixStream::peer_cred`](crate::net::UnixStream::peer_cred) answers it.
///
/// ```
/// use fusee::net::UnixStream;
///
/// # fusee::runtime::block_on(async {
/// let (stream, _other) = UnixStream::pair()?;
/// let ours = stream.peer_cred()?;
/// println!("user {}, group {}", ours.uid(), ours.gid());
/// # #[cfg(target_os = "linux")]
/// assert_eq!(ours.pid(), Some(std::process::id() as i32));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UCred {
    pid: Option<pid_t>,
    uid: uid_t,
    gid: gid_t,
}

impl UCred {
    /// The user, by number.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// assert_eq!(one.peer_cred()?.uid(), other.peer_cred()?.uid());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The group, by number.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (one, other) = UnixStream::pair()?;
    /// assert_eq!(one.peer_cred()?.gid(), other.peer_cred()?.gid());
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The process, by number: `None` where the operating system does not tell. It may have ended, and its number be
    /// another's.
    ///
    /// ```
    /// # use fusee::net::UnixStream;
    /// # fusee::runtime::block_on(async {
    /// let (stream, _other) = UnixStream::pair()?;
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(stream.peer_cred()?.pid(), Some(std::process::id() as i32));
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn of(stream: BorrowedFd<'_>) -> io::Result<Self> {
        let peer = rustix::net::sockopt::socket_peercred(stream)?;
        Ok(Self { pid: Some(peer.pid.as_raw_pid()), uid: peer.uid.as_raw(), gid: peer.gid.as_raw() })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn of(_stream: BorrowedFd<'_>) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
