//! What the halves of streams have in common, borrowed and owned: each has a stream behind a field. The macros are told
//! the field, the stream's type, and that of its addresses.
//!
//! The literal is what makes a `half` for the examples, and the `peer` of its stream; that has written `hello`, if the
//! half is one that is read.
//!
//! Who calls it: `split.rs` and `split_owned.rs` of `tcp/` and `unix/`.

/// Implements what a half that is read has.
macro_rules! implement_read_half {
    ($type:ty, $stream:tt: $whole:ident, $address:ty, $example:literal) => {
        impl $type {
            #[doc = concat!("As [`", stringify!($whole), "::readable`](crate::net::", stringify!($whole), "::readable), with its errors; cancel-safe.")]
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

            #[doc = concat!("As [`", stringify!($whole), "::try_read`](crate::net::", stringify!($whole), "::try_read), with its errors.")]
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

            #[doc = concat!("As [`", stringify!($whole), "::try_read_vectored`](crate::net::", stringify!($whole), "::try_read_vectored), with its errors.")]
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

        $crate::net::halves::implement_half!($type, $stream: $whole, $address, $example);

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

            #[cfg(feature = "tokio-io")]
            fn poll_read_buf(
                &self,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.$stream.poll_read_buf(context, buffer)
            }
        }

        $crate::io::traits::implement_read!($type);
    };
}
pub(crate) use implement_read_half;

/// Implements what a half that is written has.
macro_rules! implement_write_half {
    ($type:ty, $stream:tt: $whole:ident, $address:ty, $example:literal) => {
        impl $type {
            #[doc = concat!("As [`", stringify!($whole), "::writable`](crate::net::", stringify!($whole), "::writable), with its errors; cancel-safe.")]
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

            #[doc = concat!("As [`", stringify!($whole), "::try_write`](crate::net::", stringify!($whole), "::try_write), with its errors.")]
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

            #[doc = concat!("As [`", stringify!($whole), "::try_write_vectored`](crate::net::", stringify!($whole), "::try_write_vectored), with its errors.")]
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

        $crate::net::halves::implement_half!($type, $stream: $whole, $address, $example);

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
pub(crate) use implement_write_half;

/// Implements what every half has.
macro_rules! implement_half {
    ($type:ty, $stream:tt: $whole:ident, $address:ty, $example:literal) => {
        impl $type {
            #[doc = concat!("As [`", stringify!($whole), "::ready`](crate::net::", stringify!($whole), "::ready), with its errors; cancel-safe.")]
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

            #[doc = concat!("As [`", stringify!($whole), "::peer_addr`](crate::net::", stringify!($whole), "::peer_addr), with its errors.")]
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert_eq!(format!("{:?}", half.peer_addr()?), format!("{:?}", peer.local_addr()?));
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.$stream.peer_addr()
            }

            #[doc = concat!("As [`", stringify!($whole), "::local_addr`](crate::net::", stringify!($whole), "::local_addr), with its errors.")]
            ///
            /// ```
            /// # fusee::runtime::block_on(async {
            #[doc = $example]
            /// assert_eq!(format!("{:?}", half.local_addr()?), format!("{:?}", peer.peer_addr()?));
            /// # std::io::Result::Ok(()) }).unwrap();
            /// ```
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.$stream.local_addr()
            }
        }

        impl AsRef<$crate::net::$whole> for $type {
            fn as_ref(&self) -> &$crate::net::$whole {
                &self.$stream
            }
        }
    };
}
pub(crate) use implement_half;
