//! What borrowed and owned halves have in common: each has a [`UnixStream`](crate::net::UnixStream) behind a field,
//! which is named.
//!
//! The literal is what makes a `half` for the examples, and a `peer` that has written `hello`.
//!
//! Who calls it: `split.rs` and `split_owned.rs`.

/// Implements what a half that is read has.
macro_rules! implement_read_half {
    ($type:ty, $stream:tt, $example:literal) => {
        impl $type {
            /// As [`UnixStream::readable`](crate::net::UnixStream::readable), with its errors; cancel-safe.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.readable().await?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub async fn readable(&self) -> std::io::Result<()> {
                self.$stream.readable().await
            }

            /// As [`UnixStream::try_read`](crate::net::UnixStream::try_read), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.readable().await?;
            /// assert_eq!(half.try_read(&mut [0; 1])?, 1);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.$stream.try_read(buffer)
            }

            /// As [`UnixStream::try_read_vectored`](crate::net::UnixStream::try_read_vectored), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.readable().await?;
            /// assert_eq!(half.try_read_vectored(&mut [std::io::IoSliceMut::new(&mut [0; 1])])?, 1);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn try_read_vectored(&self, buffers: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                self.$stream.try_read_vectored(buffers)
            }
        }

        $crate::net::unix::halves::implement_half!($type, $stream, $example);

        impl $crate::io::traits::PollRead for $type {
            fn poll_read_into(
                &self,
                context: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$stream.poll_read_into(context, buffer)
            }

            fn poll_read_vectored_into(
                &self,
                context: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$stream.poll_read_vectored_into(context, buffers)
            }
        }

        $crate::io::traits::implement_read!($type);
    };
}
pub(super) use implement_read_half;

/// Implements what a half that is written has.
macro_rules! implement_write_half {
    ($type:ty, $stream:tt, $example:literal) => {
        impl $type {
            /// As [`UnixStream::writable`](crate::net::UnixStream::writable), with its errors; cancel-safe.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.writable().await?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub async fn writable(&self) -> std::io::Result<()> {
                self.$stream.writable().await
            }

            /// As [`UnixStream::try_write`](crate::net::UnixStream::try_write), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.writable().await?;
            /// assert_eq!(half.try_write(b"hello")?, 5);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn try_write(&self, buffer: &[u8]) -> std::io::Result<usize> {
                self.$stream.try_write(buffer)
            }

            /// As [`UnixStream::try_write_vectored`](crate::net::UnixStream::try_write_vectored), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// half.writable().await?;
            /// assert_eq!(half.try_write_vectored(&[std::io::IoSlice::new(b"hello")])?, 5);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn try_write_vectored(&self, buffers: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.$stream.try_write_vectored(buffers)
            }
        }

        $crate::net::unix::halves::implement_half!($type, $stream, $example);

        impl $crate::io::traits::PollWrite for $type {
            fn poll_write_from(
                &self,
                context: &mut std::task::Context<'_>,
                buffer: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$stream.poll_write_from(context, buffer)
            }

            fn poll_write_vectored_from(
                &self,
                context: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$stream.poll_write_vectored_from(context, buffers)
            }

            fn poll_close_write(&self, context: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
                self.$stream.poll_close_write(context)
            }
        }

        $crate::io::traits::implement_write!($type);
    };
}
pub(super) use implement_write_half;

/// Implements what every half has.
macro_rules! implement_half {
    ($type:ty, $stream:tt, $example:literal) => {
        impl $type {
            /// As [`UnixStream::ready`](crate::net::UnixStream::ready), with its errors; cancel-safe.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// use fusee::io::Interest;
            ///
            /// half.ready(Interest::READABLE | Interest::WRITABLE).await?;
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub async fn ready(&self, interest: $crate::io::Interest) -> std::io::Result<$crate::io::Ready> {
                self.$stream.ready(interest).await
            }

            /// As [`UnixStream::peer_addr`](crate::net::UnixStream::peer_addr), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert!(half.peer_addr()?.is_unnamed());
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn peer_addr(&self) -> std::io::Result<$crate::net::unix::SocketAddr> {
                self.$stream.peer_addr()
            }

            /// As [`UnixStream::local_addr`](crate::net::UnixStream::local_addr), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert!(half.local_addr()?.is_unnamed());
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn local_addr(&self) -> std::io::Result<$crate::net::unix::SocketAddr> {
                self.$stream.local_addr()
            }
        }

        impl AsRef<$crate::net::UnixStream> for $type {
            fn as_ref(&self) -> &$crate::net::UnixStream {
                &self.$stream
            }
        }
    };
}
pub(super) use implement_half;
