//! [hickory](https://docs.rs/hickory-resolver)'s resolver on fusee: feature `hickory`.
//!
//! [`FuseeProvider`] is a [`RuntimeProvider`], for `Resolver::builder_with_config` and `hickory_net`'s clients; hickory without its feature `tokio`:
//!
//! ```no_run
//! use fusee_traits::hickory::FuseeProvider;
//! use hickory_resolver::Resolver;
//! use hickory_resolver::config::{NameServerConfig, ResolverConfig};
//!
//! fusee::runtime::block_on(async {
//!     let server = NameServerConfig::udp_and_tcp("192.0.2.53".parse()?);
//!     let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
//!     let resolver = Resolver::builder_with_config(config, FuseeProvider::current()).build()?;
//!     for address in resolver.lookup_ip("example.org.").await?.iter() {
//!         println!("{address}");
//!     }
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })
//! # .unwrap();
//! ```
//!
//! # What runs
//! Sockets and background tasks belong to the provider's runtime. Timers are another matter: hickory asks for them without a provider, so they are those
//! of the runtime in which a look-up is awaited. **Await look-ups within a runtime**: outside of one a time limit is an error, and a pause panics.
//!
//! - **Cancel**: a look-up that is dropped lets go of its socket. Background tasks, which hold connections open for the next question, are aborted when the last
//!   clone of their provider is dropped: the resolver has one.
//! - **Panics** of a background task end that task, and the hook tells of it; who waits for its answer gets an error.
//! - **After the provider's runtime has shut down** sockets err, and background tasks do not run.
//!
//! Time limits and retries go by the runtime's clock, which tests may pause. How long an answer may be kept in the cache, and the limit of all tries together,
//! hickory reads from the machine's clock.
//!
//! Over UDP and TCP. DNS over TLS, HTTPS and QUIC need hickory's feature `tokio`, and tokio's runtime.

// Checked by `tests/hickory.rs`.

mod sockets;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fusee::net::TcpSocket;
use fusee::runtime::Handle;
use fusee::task::JoinSet;
use fusee::time;
use hickory_net::runtime::{RuntimeProvider, Spawn, Time};

use crate::entered::entered;

pub use sockets::{Tcp, Udp};

/// How long a connect over TCP may take, where hickory does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// fusee, as hickory asks for a runtime: one that has been started, and the background tasks of a resolver. Its clones share both; the last one that is
/// dropped aborts the tasks.
///
/// ```
/// use fusee_traits::hickory::FuseeProvider;
///
/// let runtime = fusee::runtime::Runtime::new()?;
/// let provider = FuseeProvider::new(runtime.handle().clone());
/// # drop(provider);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct FuseeProvider {
    runtime: Handle,
    background: Arc<Mutex<JoinSet<()>>>,
}

impl FuseeProvider {
    /// The runtime that `handle` is of, and no task yet.
    pub fn new(handle: Handle) -> Self {
        Self { runtime: handle, background: Arc::default() }
    }

    /// The current runtime, and no task yet.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let provider = fusee_traits::hickory::FuseeProvider::current();
    /// #   drop(provider);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        Self::new(Handle::current())
    }
}

impl Spawn for FuseeProvider {
    fn spawn_bg(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn_on(future, &self.runtime);
        // Those that have ended: nobody asks for them.
        while tasks.try_join_next().is_some() {}
    }
}

impl RuntimeProvider for FuseeProvider {
    type Handle = Self;
    type Timer = Timer;
    type Udp = Udp;
    type Tcp = Tcp;

    fn create_handle(&self) -> Self {
        self.clone()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Tcp>>>> {
        Box::pin(entered(self.runtime.clone(), async move {
            let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            if let Some(address) = bind {
                socket.bind(address)?;
            }
            socket.set_nodelay(true)?;
            match time::timeout(limit.unwrap_or(CONNECT_TIMEOUT), socket.connect(server)).await {
                Ok(stream) => Ok(Tcp(stream?)),
                Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the connect took too long")),
            }
        }))
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Udp>>>> {
        Box::pin(entered(self.runtime.clone(), async move { Ok(Udp(fusee::net::UdpSocket::bind(local).await?)) }))
    }
}

/// The timers of the current runtime.
#[derive(Clone, Copy, Debug)]
pub struct Timer;

#[async_trait]
impl Time for Timer {
    async fn delay_for(duration: Duration) {
        time::sleep(duration).await;
    }

    async fn timeout<F: 'static + Future + Send>(duration: Duration, future: F) -> io::Result<F::Output> {
        if let Err(error) = Handle::try_current() {
            return Err(io::Error::other(error));
        }
        let expired = |_| io::Error::new(io::ErrorKind::TimedOut, "the future took too long");
        time::timeout(duration, future).await.map_err(expired)
    }
}
