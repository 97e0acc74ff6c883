//! From the standard library's sockets and back, and to descriptors: what all sockets have in common.
//!
//! [`implement_conversions!`] is for a type that wraps an [`Evented`](crate::source::Evented) as its field `0`. It names the standard library's type,
//! mio's, which of [`Evented`](crate::source::Evented)'s constructors is used, and what makes a `socket` of the standard library's for the examples.
//!
//! Who calls it: the files of `net/`, once for each type. Checked by the examples.

/// Implements `from_std`, `into_std`, `TryFrom`, `AsFd` and `AsRawFd`, `AsSocket` and `AsRawSocket`: see the module's
/// header.
macro_rules! implement_conversions {
    ($type:ident, $std:ty, $mio:ty, $constructor:ident, $example:literal) => {
        impl $type {
            /// Takes a socket of the standard library's over, with its options. It must be in nonblocking mode already:
            /// which it is, is a property that other descriptors of the same socket share, and theirs to know of.
            ///
            /// # Errors
            /// It cannot be added to the runtime's selector: the runtime is gone, the process has no descriptors left
            /// for its first socket, or the system has too many.
            ///
            /// # Panics
            /// Outside a runtime, in a forked child, and, where that can be asked, if the socket is in blocking mode.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// socket.set_nonblocking(true)?;
            #[doc = concat!("let socket = fusee::net::", stringify!($type), "::from_std(socket)?;")]
            /// # drop(socket);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            #[track_caller]
            pub fn from_std(socket: $std) -> std::io::Result<Self> {
                $crate::net::conversion::assert_nonblocking(&socket)?;
                Ok(Self($crate::source::Evented::$constructor(<$mio>::from_std(socket))?))
            }

            /// Takes it out of its runtime, and makes it a socket of the standard library's, which is still in
            /// nonblocking mode.
            ///
            /// # Errors
            /// The selector does not let go of it, which is not to be expected.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// socket.set_nonblocking(true)?;
            #[doc = concat!("let socket = fusee::net::", stringify!($type), "::from_std(socket)?;")]
            /// let socket = socket.into_std()?;
            /// socket.set_nonblocking(false)?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn into_std(self) -> std::io::Result<$std> {
                self.0.into_source().map(<$std>::from)
            }
        }

        impl TryFrom<$std> for $type {
            type Error = std::io::Error;

            /// As [`from_std`](Self::from_std).
            fn try_from(socket: $std) -> std::io::Result<Self> {
                Self::from_std(socket)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(&*self.0)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&*self.0)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                std::os::windows::io::AsSocket::as_socket(&*self.0)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawSocket for $type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                std::os::windows::io::AsRawSocket::as_raw_socket(&*self.0)
            }
        }
    };
}
pub(crate) use implement_conversions;

/// A socket in blocking mode would block its thread, and every task there.
#[cfg(unix)]
#[track_caller]
pub(crate) fn assert_nonblocking(socket: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    let is_nonblocking = socket2::SockRef::from(socket).nonblocking()?;
    assert!(is_nonblocking, "a socket in blocking mode cannot be a source: call `set_nonblocking(true)` before");
    Ok(())
}

/// Which mode a socket is in cannot be asked here.
#[cfg(not(unix))]
pub(crate) fn assert_nonblocking<S>(_socket: &S) -> std::io::Result<()> {
    Ok(())
}
