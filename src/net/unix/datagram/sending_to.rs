//! Messages to sockets that they name.
//!
//! A socket that holds as many messages as it may answers `EAGAIN` to who is not connected to it, and no event tells
//! when it has room again; but one comes at once that says that the sender has room, for a moment after it had less. To
//! wait for events would be to try without end. So that is told from a sender's own lack of room by a question to the
//! kernel, whether the sender is writable: it is, then, stays so for other messages, and tries this one again after a
//! while.
//!
//! Checked by `tests/unix_datagram_full.rs`.

use std::future::pending;
use std::io;
use std::path::Path;
use std::task::{Context, Poll, Waker, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, SocketAddrUnix, sendto};

use crate::io::Interest;
use crate::net::UnixDatagram;
use crate::net::unix::SocketAddr;
use crate::net::unix::patience::Patience;
use crate::reactor::gone;
use crate::source::Direction;
use crate::time::sleep;

/// What has become of a message.
enum Sent {
    /// It has gone, with its length.
    Whole(usize),
    /// The other socket has no room for it.
    Full,
}

impl UnixDatagram {
    /// Sends a message to the socket called `path`, and answers its length. On Linux a path that begins with NUL is an
    /// abstract name. Any number of tasks may wait.
    ///
    /// If the other socket has no room, that is waited for, and asked for again after 1 to 50 ms, for nobody tells when
    /// there is some.
    ///
    /// # Errors
    /// Nothing has that name ([`NotFound`](io::ErrorKind::NotFound)), nobody has it any more
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), the message is too long, or what else the operating
    /// system says; or the runtime that the socket was made on is gone.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped, it has sent nothing.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let server = UnixDatagram::bind(&path)?;
    /// assert_eq!(UnixDatagram::unbound()?.send_to(b"hello", &path).await?, 5);
    /// assert_eq!(server.recv(&mut [0; 64]).await?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send_to<P: AsRef<Path>>(&self, message: &[u8], path: P) -> io::Result<usize> {
        let address = SocketAddr::of(path.as_ref())?;
        self.send_to_addr(message, &address).await
    }

    /// As [`send_to`](Self::send_to), to an address.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    /// As [`send_to`](Self::send_to).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let server = UnixDatagram::bind(folder.path().join("server"))?;
    /// let client = UnixDatagram::bind(folder.path().join("client"))?;
    /// client.send_to_addr(b"question", &server.local_addr()?).await?;
    /// let (_, address) = server.recv_from(&mut [0; 64]).await?;
    /// server.send_to_addr(b"answer", &address).await?;
    /// assert_eq!(client.recv(&mut [0; 64]).await?, 6);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn send_to_addr(&self, message: &[u8], address: &SocketAddr) -> io::Result<usize> {
        let address = address.to_kernel()?;
        let try_send = || send_to(&self.0, message, &address);
        let registration = self.0.registration();
        let (handle, mut patience) = (registration.handle(), Patience::new());
        loop {
            let told = registration.async_io(Interest::WRITABLE, try_send);
            // What takes this socket's room may lie with somebody else, who never reads it.
            let answer = patience.wait_for(handle, told).await?.unwrap_or_else(try_send);
            match answer {
                Ok(Sent::Whole(count)) => return Ok(count),
                Ok(Sent::Full) => drop(patience.wait_for(handle, pending::<()>()).await?),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As [`send_to`](Self::send_to), if there is room.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to); of the kind [`WouldBlock`](io::ErrorKind::WouldBlock), if there is no room, here
    /// or in the other socket.
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let server = UnixDatagram::bind(&path)?;
    /// let client = UnixDatagram::unbound()?;
    /// client.writable().await?;
    /// assert_eq!(client.try_send_to(b"hello", &path)?, 5);
    /// # drop(server);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send_to<P: AsRef<Path>>(&self, message: &[u8], path: P) -> io::Result<usize> {
        self.try_send_to_addr(message, &SocketAddr::of(path.as_ref())?)
    }

    /// As [`try_send_to`](Self::try_send_to), to an address.
    ///
    /// # Errors
    /// As [`try_send_to`](Self::try_send_to).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let server = UnixDatagram::bind(folder.path().join("socket"))?;
    /// let client = UnixDatagram::unbound()?;
    /// client.writable().await?;
    /// assert_eq!(client.try_send_to_addr(b"hello", &server.local_addr()?)?, 5);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn try_send_to_addr(&self, message: &[u8], address: &SocketAddr) -> io::Result<usize> {
        let address = address.to_kernel()?;
        match self.0.registration().try_io(Interest::WRITABLE, || send_to(&self.0, message, &address))? {
            Sent::Whole(count) => Ok(count),
            Sent::Full => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// As [`send_to`](Self::send_to); of those that poll, the last is woken. While the other socket has no room, the
    /// task is woken every 50 ms.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    ///
    /// ```
    /// # use fusee::net::UnixDatagram;
    /// # fusee::runtime::block_on(async {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("socket");
    /// let server = UnixDatagram::bind(&path)?;
    /// let client = UnixDatagram::unbound()?;
    /// assert_eq!(std::future::poll_fn(|context| client.poll_send_to(context, b"hello", &path)).await?, 5);
    /// # drop(server);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        context: &mut Context<'_>,
        message: &[u8],
        path: P,
    ) -> Poll<io::Result<usize>> {
        let address = SocketAddr::of(path.as_ref())?.to_kernel()?;
        match ready!(self.0.poll_io(context, Direction::Write, |socket| send_to(socket, message, &address)))? {
            Sent::Whole(count) => Poll::Ready(Ok(count)),
            Sent::Full => {
                // A poll leaves nothing behind that could keep a timer. A runtime that ends drops its tasks.
                let woken = WokenByDrop(context.waker().clone());
                let task = self.0.registration().handle().spawn(async move {
                    sleep(Patience::MOST).await;
                    drop(woken);
                });
                // That it has ended already is to say that nothing runs any more.
                if task.is_finished() { Poll::Ready(Err(gone())) } else { Poll::Pending }
            }
        }
    }
}

/// Who is woken when this is dropped.
struct WokenByDrop(Waker);

impl Drop for WokenByDrop {
    fn drop(&mut self) {
        self.0.wake_by_ref();
    }
}

/// Tries to send. `WouldBlock` is an answer only if an event will tell when the sender can be written again.
fn send_to(socket: &mio::net::UnixDatagram, message: &[u8], address: &SocketAddrUnix) -> io::Result<Sent> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::empty();
    let try_send = || sendto(socket, message, flags, address);
    match try_send() {
        Ok(count) => Ok(Sent::Whole(count)),
        // Room here may have come meanwhile: then the second try finds it.
        Err(Errno::AGAIN) if is_writable(socket)? => match try_send() {
            Ok(count) => Ok(Sent::Whole(count)),
            Err(Errno::AGAIN) => Ok(Sent::Full),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Whether the socket itself has room.
fn is_writable(socket: &mio::net::UnixDatagram) -> io::Result<bool> {
    let mut asked = [PollFd::new(socket, PollFlags::OUT)];
    Ok(poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? == 1)
}
