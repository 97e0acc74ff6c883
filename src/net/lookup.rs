//! The look-up of names.

use std::io;
use std::net::SocketAddr;

use super::addr::{ToSocketAddrs, resolve};

/// Looks a name up. The port is handed on as it is: `"localhost:0"` answers addresses with the port 0.
///
/// The answer is what the operating system's resolver says, in its order, which it is asked for in a job of
/// [`spawn_blocking`](crate::task::spawn_blocking). What is an address already is answered at once.
///
/// # Errors
/// What the resolver says: the name is unknown, or nobody could be asked. A text that has no port is of the kind
/// [`InvalidInput`](io::ErrorKind::InvalidInput).
///
/// # Panics
/// Outside a runtime, if there is a name to be looked up.
///
/// # Cancel safety
/// Cancel-safe; the resolver's call itself runs to its end on the blocking pool.
///
/// ```
/// use fusee::net::lookup_host;
///
/// fusee::runtime::block_on(async {
///     let mut addresses = lookup_host("localhost:3000").await?;
///     assert!(addresses.all(|address| address.ip().is_loopback() && address.port() == 3000));
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
pub async fn lookup_host<T: ToSocketAddrs>(host: T) -> io::Result<impl Iterator<Item = SocketAddr>> {
    resolve(host).await
}
