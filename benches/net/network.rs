//! The runtimes with their sockets, behind one trait: the servers are written once.
//!
//! Deliberately not here: what the servers do (see `service`).

use super::flavor::Flavor;
use std::io;
use std::net::SocketAddr;

/// A runtime, and the sockets made for it. There is one in a process; what is called without a value finds it as its users do.
pub(super) trait Network: 'static {
    type Listener: Send + Sync + 'static;
    type Stream: Send + 'static;
    type Datagrams: Send + 'static;

    /// Starts the runtime, with that number of workers if it is multi-threaded, and drives `root` on this thread.
    fn run(flavor: Flavor, workers: usize, root: impl Future<Output = ()>);

    fn detach(task: impl Future<Output = ()> + Send + 'static);

    fn yield_now() -> impl Future<Output = ()> + Send;

    /// With the backlog that is usual with the runtime.
    fn listen(address: SocketAddr) -> impl Future<Output = io::Result<(Self::Listener, u16)>> + Send;

    /// A connection that sends at once what it is given (TCP_NODELAY).
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// The runtime's own future, as the next: one around it would make the tasks larger.
    fn read<'a>(stream: &'a mut Self::Stream, buffer: &'a mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    fn write_all<'a>(stream: &'a mut Self::Stream, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + Send;

    fn bind(address: SocketAddr) -> impl Future<Output = io::Result<(Self::Datagrams, u16)>> + Send;

    fn receive(
        socket: &Self::Datagrams,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;

    fn answer(
        socket: &Self::Datagrams,
        bytes: &[u8],
        peer: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + Send;
}
