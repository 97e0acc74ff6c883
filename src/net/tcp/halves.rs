//! What borrowed and owned halves have in common: each has a [`TcpStream`](crate::net::TcpStream) behind a field, which is named.
//!
//! The literal is what makes a `half` for the examples, and a `peer` that has written `hello`.
//!
//! Who calls it: `split.rs` and `split_owned.rs`.

/// Implements what a half that is read has.
macro_rules! implement_read_half {
    ($type:ty, $stream:tt, $example:literal) => {
        impl $type {
            /// As [`TcpStream::peek`](crate::net::TcpStream::peek), with its errors; cancel-safe.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert_eq!(half.peek(&mut [0; 1]).await?, 1);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub async fn peek(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.$stream.peek(buffer).await
            }

            /// As [`TcpStream::poll_peek`](crate::net::TcpStream::poll_peek), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// let mut bytes = [0; 1];
            /// let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
            /// std::future::poll_fn(|context| half.poll_peek(context, &mut buffer)).await?;
            /// assert_eq!(buffer.filled(), b"h");
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            #[cfg(feature = "tokio-io")]
            pub fn poll_peek(
                &mut self,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.$stream.poll_peek(context, buffer)
            }

            /// As [`TcpStream::readable`](crate::net::TcpStream::readable), with its errors; cancel-safe.
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

            /// As [`TcpStream::try_read`](crate::net::TcpStream::try_read), with its errors.
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

            /// As [`TcpStream::try_read_vectored`](crate::net::TcpStream::try_read_vectored), with its errors.
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

        $crate::net::tcp::halves::implement_half!($type, $stream, $example);

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
            /// As [`TcpStream::writable`](crate::net::TcpStream::writable), with its errors; cancel-safe.
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

            /// As [`TcpStream::try_write`](crate::net::TcpStream::try_write), with its errors.
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

            /// As [`TcpStream::try_write_vectored`](crate::net::TcpStream::try_write_vectored), with its errors.
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

        $crate::net::tcp::halves::implement_half!($type, $stream, $example);

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
            /// As [`TcpStream::ready`](crate::net::TcpStream::ready), with its errors; cancel-safe.
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

            /// As [`TcpStream::peer_addr`](crate::net::TcpStream::peer_addr), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert_eq!(half.peer_addr()?, peer.local_addr()?);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn peer_addr(&self) -> std::io::Result<std::net::SocketAddr> {
                self.$stream.peer_addr()
            }

            /// As [`TcpStream::local_addr`](crate::net::TcpStream::local_addr), with its errors.
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert_eq!(half.local_addr()?, peer.peer_addr()?);
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
                self.$stream.local_addr()
            }
        }

        impl AsRef<$crate::net::TcpStream> for $type {
            fn as_ref(&self) -> &$crate::net::TcpStream {
                &self.$stream
            }
        }
    };
}
pub(super) use implement_half;
