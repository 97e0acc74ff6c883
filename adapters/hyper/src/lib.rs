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
//! - with the feature `server` [`serve()`] and [`serve_each`];
//! - with the feature `client` [`Connector`] and [`client_builder`].
//!
//! Both features are on by default.

#[cfg(feature = "server")]
mod connection;
#[cfg(feature = "client")]
mod connector;
mod executor;
#[cfg(feature = "server")]
mod gate;
mod io;
#[cfg(feature = "server")]
mod listener;
#[cfg(feature = "server")]
mod opening;
#[cfg(feature = "server")]
mod serve;
mod timer;

#[cfg(feature = "client")]
pub use connector::{Connecting, Connector, client_builder};
pub use executor::Executor;
pub use io::{FuturesIo, Io};
#[cfg(feature = "server")]
pub use listener::Listener;
#[cfg(feature = "server")]
pub use serve::{Serve, Serving, Shared, serve, serve_each};
pub use timer::Timer;

/// The programs in the package's page compile and run.
#[cfg(all(doctest, feature = "client", feature = "server"))]
#[doc = include_str!("../README.md")]
mod readme {}
