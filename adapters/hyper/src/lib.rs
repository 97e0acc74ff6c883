//! HTTP on fusee: hyper's traits for runtimes, a server for axum and any other tower service, and a connector for
//! hyper-util's client.
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use fusee::net::TcpListener;
//!
//! # fusee::runtime::block_on(async {
//! let router = Router::new().route("/", get(async || "Hello!"));
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let stopped = std::future::ready(());
//! fusee_hyper::serve(listener, router).with_graceful_shutdown(stopped).await
//! # }).unwrap();
//! ```
//!
//! # What there is
//! - [`Executor`], [`Timer`], [`Io`] and [`FuturesIo`], for whoever calls hyper itself;
//! - [`memory()`], for tests without sockets;
//! - with the feature `server` [`serve()`] and [`serve_each`], and [`Handshakes`] for TLS;
//! - with the feature `client` [`Connector`] and [`client_builder`].
//!
//! Both features are on by default.

#[cfg(feature = "server")]
mod answer;
#[cfg(feature = "server")]
mod connection;
#[cfg(feature = "client")]
mod connector;
#[cfg(feature = "server")]
mod exchange;
mod executor;
#[cfg(feature = "client")]
mod eyeballs;
#[cfg(feature = "server")]
mod flow;
#[cfg(feature = "server")]
mod gate;
#[cfg(feature = "server")]
mod handshakes;
mod io;
#[cfg(feature = "server")]
mod listener;
mod memory;
#[cfg(feature = "server")]
mod opening;
#[cfg(feature = "server")]
mod options;
#[cfg(feature = "server")]
mod panics;
#[cfg(feature = "server")]
mod patience;
#[cfg(feature = "server")]
mod request_body;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod serve_error;
mod timer;
#[cfg(feature = "server")]
mod writing;

#[cfg(feature = "client")]
pub use connector::{Connecting, Connector, client_builder};
pub use executor::Executor;
#[cfg(feature = "server")]
pub use handshakes::Handshakes;
pub use io::{FuturesIo, Io};
#[cfg(feature = "server")]
pub use listener::Listener;
pub use memory::{MemoryConnector, MemoryListener, memory};
#[cfg(feature = "server")]
pub use request_body::{BodyError, RequestBody};
#[cfg(feature = "server")]
pub use serve::{Serve, Serving, Shared, serve, serve_each};
#[cfg(feature = "server")]
pub use serve_error::ServeError;
pub use timer::Timer;

#[cfg(feature = "server")]
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The programs in the package's page compile and run.
#[cfg(all(doctest, feature = "client", feature = "server"))]
#[doc = include_str!("../README.md")]
mod readme {}
