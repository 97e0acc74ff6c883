//! [quinn](https://docs.rs/quinn), and so QUIC, on fusee.
//!
//! [`server`] and [`client`] make endpoints as `quinn::Endpoint::server` and `client` do on quinn's own runtimes; [`endpoint`] makes one of a
//! configuration and a socket. Everything else is quinn's:
//!
//! ```
//! # use std::sync::Arc;
//! # fn configurations() -> (quinn::ServerConfig, quinn::ClientConfig) {
//! #     let key = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
//! #     let (certificate, key) = (key.cert.der().clone(), key.signing_key.serialize_der().try_into().unwrap());
//! #     let mut roots = quinn::rustls::RootCertStore::empty();
//! #     roots.add(certificate.clone()).unwrap();
//! #     let client = quinn::ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
//! #     (quinn::ServerConfig::with_single_cert(vec![certificate], key).unwrap(), client)
//! # }
//! # let (server_config, client_config) = configurations();
//! fusee::runtime::block_on(async {
//!     let server = fusee_quinn::server(server_config, "127.0.0.1:0".parse()?)?;
//!     let address = server.local_addr()?;
//!     fusee::spawn(async move {
//!         let connection = server.accept().await.unwrap().await.unwrap();
//!         let mut stream = connection.open_uni().await.unwrap();
//!         stream.write_all(b"hello").await.unwrap();
//!         stream.finish().unwrap();
//!         connection.closed().await;
//!     });
//!
//!     let mut client = fusee_quinn::client("127.0.0.1:0".parse()?)?;
//!     client.set_default_client_config(client_config);
//!     let connection = client.connect(address, "localhost")?.await?;
//!     assert_eq!(connection.accept_uni().await?.read_to_end(64).await?, b"hello");
//!     connection.close(0u8.into(), b"done");
//!     client.wait_idle().await;
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })
//! # .unwrap();
//! ```
//!
//! # Where it runs
//! An endpoint's tasks, its connections' and their timers belong to the runtime in which the endpoint is made, whatever thread calls it later.
//! Once that runtime is gone they accept nothing and connect to nothing; but quinn does not always tell who waits for something of a
//! connection on another runtime: he may wait in vain. The timers go by the runtime's clock, so tests may pause it, with the feature
//! `test-util`; call endpoints and connections within it then, for outside of it the time is the machine's.
//!
//! # Cost
//! Messages go out and come in in batches, where the kernel has GSO and GRO, by quinn's own calls.

// Who calls it: quinn, on the runtime's threads and on any other. Deliberately not here: TLS, which is the program's to configure.

mod socket;
mod timer;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use fusee::runtime::Handle;
use quinn::{AsyncTimer, AsyncUdpSocket, Endpoint, EndpointConfig, ServerConfig};
use socket2::{Domain, Protocol, Socket, Type};

/// fusee, as quinn asks for a runtime: one that has been started.
///
/// ```
/// use fusee_quinn::FuseeRuntime;
/// use quinn::Runtime;
///
/// fusee::runtime::block_on(async {
///     let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
///     let port = socket.local_addr()?.port();
///     let socket = FuseeRuntime::current().wrap_udp_socket(socket)?;
///     assert_eq!(socket.local_addr()?.port(), port);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct FuseeRuntime(Handle);

impl FuseeRuntime {
    /// The runtime that `handle` is of.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let runtime = fusee_quinn::FuseeRuntime::new(runtime.handle().clone());
    /// # drop(runtime);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// The current runtime.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let runtime = fusee_quinn::FuseeRuntime::current();
    /// #   drop(runtime);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        Self(Handle::current())
    }
}

impl quinn::Runtime for FuseeRuntime {
    fn new_timer(&self, deadline: Instant) -> Pin<Box<dyn AsyncTimer>> {
        let _entered = self.0.enter();
        timer::at(deadline)
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.spawn(future);
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let _entered = self.0.enter();
        socket::of_std(socket)
    }

    fn now(&self) -> Instant {
        // Not entered: quinn asks several times for each message, and nearly always in the runtime's own tasks.
        fusee::time::Instant::now().into_std()
    }
}

/// An endpoint that accepts connections at `address`, and may make some, too. `quinn::Endpoint::server` does the same on quinn's own runtimes.
///
/// # Errors
/// The address cannot be had: it is in use, not this machine's, or not this user's to have. The process has no descriptors left.
///
/// # Panics
/// Outside a runtime.
///
/// ```
/// # let key = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
/// # let (certificates, key) = (vec![key.cert.der().clone()], key.signing_key.serialize_der().try_into().unwrap());
/// let configuration = quinn::ServerConfig::with_single_cert(certificates, key).unwrap();
/// fusee::runtime::block_on(async {
///     let server = fusee_quinn::server(configuration, "127.0.0.1:0".parse().unwrap())?;
///     assert_ne!(server.local_addr()?.port(), 0);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[track_caller]
pub fn server(configuration: ServerConfig, address: SocketAddr) -> io::Result<Endpoint> {
    endpoint(EndpointConfig::default(), Some(configuration), std::net::UdpSocket::bind(address)?)
}

/// An endpoint that makes connections, from `address`: `0.0.0.0:0` or `[::]:0` as a rule, of which the second, where the system has such
/// sockets, connects to IPv4 addresses, too. `quinn::Endpoint::client` does the same on quinn's own runtimes.
///
/// # Errors
/// As those of [`server`].
///
/// # Panics
/// Outside a runtime.
///
/// ```
/// fusee::runtime::block_on(async {
///     let client = fusee_quinn::client("127.0.0.1:0".parse().unwrap())?;
///     assert!(client.connect("127.0.0.1:9".parse().unwrap(), "localhost").is_err(), "it has no configuration yet");
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[track_caller]
pub fn client(address: SocketAddr) -> io::Result<Endpoint> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // Where there are none for both, this one is for IPv6.
        let _ = socket.set_only_v6(false);
    }
    socket.bind(&address.into())?;
    endpoint(EndpointConfig::default(), None, socket.into())
}

/// An endpoint on `socket`, which accepts connections if there is a configuration for that. `quinn::Endpoint::new` on the current runtime.
///
/// # Errors
/// The socket cannot be added to the runtime's selector, or not be made nonblocking.
///
/// # Panics
/// Outside a runtime.
///
/// ```
/// # fusee::runtime::block_on(async {
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let endpoint = fusee_quinn::endpoint(quinn::EndpointConfig::default(), None, socket)?;
/// assert_eq!(endpoint.open_connections(), 0);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[track_caller]
pub fn endpoint(
    configuration: EndpointConfig,
    server: Option<ServerConfig>,
    socket: std::net::UdpSocket,
) -> io::Result<Endpoint> {
    Endpoint::new(configuration, server, socket, Arc::new(FuseeRuntime::current()))
}
