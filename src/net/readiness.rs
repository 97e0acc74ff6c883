//! Readiness, as sockets tell it: the methods that TCP, UDP and Unix sockets and pipes have in common.
//!
//! [`implement_readiness!`] gives a type that wraps an [`Evented`](crate::source::Evented) as its field `0` those of the methods that are named. The
//! literal is the beginning of each method's example, of an `async` block that may use `?` and ends in an [`io::Result`](std::io::Result): it leaves
//! behind a `socket` of this type that is writable and has something to read, as far as it can be written and read at all.
//!
//! ```text
//! pub struct Socket(Evented<mio::net::UnixStream>);
//!
//! implement_readiness!(Socket, "let (socket, peer) = …;": ready readable writable poll_read_ready poll_write_ready try_io async_io);
//! ```
//!
//! | name | method |
//! |---|---|
//! | `ready`, `readable`, `writable` | wait, for any number of tasks |
//! | `poll_read_ready`, `poll_write_ready` | wait, for one task each; `poll_recv_ready`, `poll_send_ready` are the same as datagrams call them |
//! | `try_io`, `async_io` | try an operation of the user's, which mio's type is told of |
//!
//! Who calls it: the files of `net/`, once for each type. Checked by the examples, which run for each type.
//! Deliberately not here: `io::unix::AsyncFd`, whose waits answer guards.

/// Implements methods that tell of readiness: see the module's header.
macro_rules! implement_readiness {
    ($type:ident, $example:literal: $($method:ident)+) => {
        impl $type {
            $( $crate::net::readiness::implement_readiness!(@$method $example); )+
        }
    };

    (@ready $example:literal) => {
        /// Waits until it is ready for something of `interest`, and answers for what. Any number of tasks may wait.
        ///
        /// It is a guess: an operation that is tried then may find that it would block. So it is tried by a `try_`
        /// method, which notes that, and waited for anew. While nothing is tried, the answer stays the same.
        ///
        /// # Errors
        /// The runtime that it was made on is gone.
        ///
        /// # Cancel safety
        /// Cancel-safe: what it is ready for is still known.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        /// use fusee::io::Interest;
        ///
        /// let ready = socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
        /// assert!(ready.is_readable() || ready.is_writable());
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub async fn ready(&self, interest: $crate::io::Interest) -> std::io::Result<$crate::io::Ready> {
            Ok(self.0.registration().ready(interest).await?.as_ready())
        }
    };

    (@readable $example:literal) => {
        /// Waits until it can be read, or has come to its end. Any number of tasks may wait. It is a guess, as that of
        /// `ready`.
        ///
        /// # Errors
        /// The runtime that it was made on is gone.
        ///
        /// # Cancel safety
        /// Cancel-safe: what it is ready for is still known.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        /// socket.readable().await?;
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub async fn readable(&self) -> std::io::Result<()> {
            self.0.registration().ready($crate::io::Interest::READABLE).await?;
            Ok(())
        }
    };

    (@writable $example:literal) => {
        /// Waits until it can be written, or nobody reads it any more. Any number of tasks may wait. It is a guess, as
        /// that of `ready`.
        ///
        /// # Errors
        /// The runtime that it was made on is gone.
        ///
        /// # Cancel safety
        /// Cancel-safe: what it is ready for is still known.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        /// socket.writable().await?;
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub async fn writable(&self) -> std::io::Result<()> {
            self.0.registration().ready($crate::io::Interest::WRITABLE).await?;
            Ok(())
        }
    };

    (@poll_read_ready $example:literal) => {
        $crate::net::readiness::implement_readiness!(
            @poll poll_read_ready Read $example,
            "Pending until it can be read, or has come to its end."
        );
    };

    (@poll_recv_ready $example:literal) => {
        $crate::net::readiness::implement_readiness!(
            @poll poll_recv_ready Read $example,
            "Pending until a message can be received."
        );
    };

    (@poll_write_ready $example:literal) => {
        $crate::net::readiness::implement_readiness!(
            @poll poll_write_ready Write $example,
            "Pending until it can be written, or nobody reads it any more."
        );
    };

    (@poll_send_ready $example:literal) => {
        $crate::net::readiness::implement_readiness!(
            @poll poll_send_ready Write $example,
            "Pending until a message can be sent."
        );
    };

    (@poll $name:ident $direction:ident $example:literal, $text:literal) => {
        #[doc = $text]
        /// It is a guess, as that of `ready`.
        ///
        /// Of the tasks that poll for this direction, by this or any other `poll_` method, the one that did so last is
        /// woken.
        ///
        /// # Errors
        /// The runtime that it was made on is gone.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        #[doc = concat!("std::future::poll_fn(|context| socket.", stringify!($name), "(context)).await?;")]
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub fn $name(&self, context: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
            self.0.registration().poll_ready(context, $crate::source::Direction::$direction).map_ok(drop)
        }
    };

    (@try_io $example:literal) => {
        /// Tries `operation`, which reads or writes it by other ways than this type's methods, if it is ready for
        /// `interest`. When `operation` would block, and says so by an error of the kind
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock), it counts as not ready any more.
        ///
        /// `operation` is to say so only if it has tried the socket, and nothing else; else a wait for what is there
        /// already may be in vain.
        ///
        /// # Errors
        /// One of the kind `WouldBlock`, if it is not ready, without a call of `operation`; what `operation` answers;
        /// or the runtime that it was made on is gone.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        /// use fusee::io::Interest;
        ///
        /// socket.ready(Interest::READABLE | Interest::WRITABLE).await?;
        /// let answer = socket.try_io(Interest::READABLE | Interest::WRITABLE, || Ok(7));
        /// assert_eq!(answer?, 7);
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub fn try_io<R>(
            &self,
            interest: $crate::io::Interest,
            operation: impl FnOnce() -> std::io::Result<R>,
        ) -> std::io::Result<R> {
            self.0.registration().try_io(interest, || self.0.try_io(operation))
        }
    };

    (@async_io $example:literal) => {
        /// Waits until it is ready for `interest`, and tries `operation` then, until that does not answer an error of
        /// the kind [`WouldBlock`](std::io::ErrorKind::WouldBlock). Any number of tasks may. What `try_io` asks of
        /// `operation`, this does too.
        ///
        /// # Errors
        /// What `operation` answers; or the runtime that it was made on is gone.
        ///
        /// # Cancel safety
        /// Cancel-safe: it is dropped while it waits, or not at all, for `operation` runs to its end.
        ///
        /// ```
        /// # fusee::runtime::block_on(async {
        #[doc = $example]
        /// use fusee::io::Interest;
        ///
        /// let answer = socket.async_io(Interest::READABLE | Interest::WRITABLE, || Ok(7)).await;
        /// assert_eq!(answer?, 7);
        /// # std::io::Result::Ok(()) }).unwrap();
        /// ```
        pub async fn async_io<R>(
            &self,
            interest: $crate::io::Interest,
            mut operation: impl FnMut() -> std::io::Result<R>,
        ) -> std::io::Result<R> {
            self.0.registration().async_io(interest, || self.0.try_io(&mut operation)).await
        }
    };
}
pub(crate) use implement_readiness;
