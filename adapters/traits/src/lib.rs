//! What libraries ask of a runtime, on fusee: a module for each, behind a feature of its own.
//!
//! | library | feature | module | what it is given |
//! |---|---|---|---|
//! | [zbus](https://docs.rs/zbus) | `zbus` (on Unix) | `zbus` | [`FuseeRuntime`], to `connection::Builder::runtime` |
//! | [hickory](https://docs.rs/hickory-resolver) | `hickory` | `hickory` | `FuseeProvider`, to `Resolver::builder_with_config` |
//! | [libp2p](https://docs.rs/libp2p-swarm) | `libp2p` | `libp2p` | [`FuseeRuntime`], to `swarm::Config::with_executor` |
//! | [opentelemetry](https://docs.rs/opentelemetry_sdk) | `opentelemetry` | `opentelemetry` | [`FuseeRuntime`], to `BatchSpanProcessor::builder` |
//! | the [AWS SDK](https://docs.rs/aws-smithy-async) | `aws-smithy` | `aws_smithy` | [`FuseeRuntime`], to `sleep_impl`; in tests `VirtualTime`, to `time_source` |
//! | [lapin](https://docs.rs/lapin), by [async-rs](https://docs.rs/async-rs) | `async-rs` | `async_rs` | [`FuseeRuntime`], within `async_rs::Runtime::new` |
//!
//! None is on by default. The feature `test-util` is fusee's: tests pause the clock, and the libraries' timers go by it.
//!
//! `futures::task::Spawn` and `LocalSpawn` are not here: a [`Handle`] and a `LocalSet` of fusee's have them by themselves, with its feature `futures-task`.

// Who calls it: the libraries, on the runtime's threads and on any other. Deliberately not here: hyper, quinn, openraft and tokio, whose adapters are
// packages of their own, for they are more than a trait.

#[cfg(feature = "async-rs")]
pub mod async_rs;
#[cfg(feature = "aws-smithy")]
pub mod aws_smithy;
#[cfg(any(feature = "async-rs", feature = "hickory", all(feature = "zbus", unix)))]
mod entered;
#[cfg(feature = "hickory")]
pub mod hickory;
#[cfg(feature = "libp2p")]
pub mod libp2p;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[cfg(all(feature = "zbus", unix))]
pub mod zbus;

use fusee::runtime::Handle;

/// fusee, as libraries ask for a runtime: one that has been started. Each module says which traits it is for, and what they promise.
///
/// It does not keep its runtime: what is spawned once that has shut down is cancelled.
///
/// ```
/// use fusee_traits::FuseeRuntime;
///
/// let runtime = fusee::runtime::Runtime::new()?;
/// let from_outside = FuseeRuntime::new(runtime.handle().clone());
/// let from_within = runtime.block_on(async { FuseeRuntime::current() });
/// assert_eq!(from_outside.handle().id(), from_within.handle().id());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct FuseeRuntime(Handle);

impl FuseeRuntime {
    /// The runtime that `handle` is of.
    ///
    /// ```
    /// let runtime = fusee::runtime::Runtime::new()?;
    /// let runtime = fusee_traits::FuseeRuntime::new(runtime.handle().clone());
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
    ///     let runtime = fusee_traits::FuseeRuntime::current();
    /// #   drop(runtime);
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        Self(Handle::current())
    }

    /// The runtime's handle.
    ///
    /// ```
    /// # fusee::runtime::block_on(async {
    /// let runtime = fusee_traits::FuseeRuntime::current();
    /// assert_eq!(runtime.handle().spawn(async { 42 }).await.unwrap(), 42);
    /// # });
    /// ```
    pub fn handle(&self) -> &Handle {
        &self.0
    }
}
