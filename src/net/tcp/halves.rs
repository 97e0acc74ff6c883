//! What the halves of TCP streams have beside those of others.
//!
//! Who calls it: `split.rs` and `split_owned.rs`.

/// Implements what a half that is read has of TCP. The field and the literal are those of the macros of `net/halves.rs`.
macro_rules! implement_peek {
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
        }
    };
}
pub(super) use implement_peek;
