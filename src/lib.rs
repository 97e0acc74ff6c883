//! A multi-threaded, work-stealing async runtime with a hierarchical hashed timer wheel for each worker.
//!
//! ```
//! use fusee::time::{Duration, sleep};
//!
//! fusee::runtime::block_on(async {
//!     let jobs: Vec<_> = (1..=100u64)
//!         .map(|n| {
//!             fusee::spawn(async move {
//!                 sleep(Duration::from_millis(n % 10)).await;
//!                 n
//!             })
//!         })
//!         .collect();
//!     let mut sum = 0;
//!     for job in jobs {
//!         sum += job.await.unwrap();
//!     }
//!     assert_eq!(sum, 5050);
//! });
//! ```
//!
//! [`runtime`] builds and enters runtimes, [`task`] spawns and awaits tasks, [`time`] sleeps and limits, `net` has sockets, `fs` files, `io` the traits of streams and the standard ones, `process` starts programs, and `signal` hears what the operating system tells. ARCHITECTURE.md in
//! the repository walks the life of a task, of a timer and of a readiness event; each protocol between threads is model-checked in
//! `loom-tests`.
//!
//! # Features
//! - `macros`, on by default: the attributes `#[fusee::main]` and `#[fusee::test]`.
//! - `io`: the traits of futures-io, copies, streams in memory, and descriptors of any kind. What needs it brings it.
//! - `fs`, on by default: files and folders. It brings `io` with it.
//! - `io-std`, on by default: the standard streams of the process. It brings `io` with it.
//! - `net`, on by default: sockets and pipes. It brings `io` with it.
//! - `process`, on by default: child processes, on Unix. It brings `signal` with it.
//! - `signal`, on by default: signals, on Unix. It brings `io` with it.
//! - `tokio-io`, on by default: tokio's `AsyncRead` and `AsyncWrite` on the same types, besides. It brings `io` with it.
//! - `test-util`: tests pause a runtime's clock and advance it; see [`time`].
//! - `tokio-sync`: channels, locks, `select!`, `join!`, `try_join!` and `pin!` under the names `fusee::sync` and `fusee::select!`. They are tokio's, and
//!   need no runtime of its own.
//! - `serde`: what [`insight`] tells is `serde::Serialize`.
//! - `console`: a Unix socket by which `fusee-top` looks into the process, on Unix: `Builder::console`.
//! - `futures-task`: a [`Handle`](runtime::Handle) is a `futures::task::Spawn`, and a [`LocalSet`](task::LocalSet) a `LocalSpawn`.

mod blocking;
#[cfg(all(unix, feature = "console"))]
pub mod console;
mod duty;
mod entered;
mod facade;
#[cfg(feature = "fs")]
pub mod fs;
mod histogram;
pub mod insight;
#[cfg(feature = "io")]
pub mod io;
#[cfg(feature = "net")]
pub mod net;
mod park;
#[cfg(all(unix, feature = "process"))]
pub mod process;
mod reactor;
mod recorder;
pub mod runtime;
mod scheduler;
#[cfg(all(unix, feature = "signal"))]
pub mod signal;
#[cfg(feature = "io")]
#[cfg_attr(not(feature = "net"), allow(dead_code, unused_imports, reason = "what only sockets need"))]
mod source;
mod spare;
#[cfg(feature = "tokio-sync")]
pub mod sync;
pub mod task;
pub mod time;
mod watchdog;

#[cfg(feature = "macros")]
pub use fusee_macros::{main, test};
pub use task::spawn;
/// tokio's `join!`, with the feature `tokio-sync`: awaits several futures at the same time, in one task. It needs no runtime.
///
/// What follows is tokio's page: read `fusee::` for `tokio::` in it.
#[cfg(feature = "tokio-sync")]
#[doc(inline)]
pub use tokio::join;
/// tokio's `pin!`, with the feature `tokio-sync`: pins a future where it stands. It needs no runtime. `std::pin::pin!` does nearly the same.
///
/// What follows is tokio's page: read `fusee::` for `tokio::` in it.
#[cfg(feature = "tokio-sync")]
#[doc(inline)]
pub use tokio::pin;
/// tokio's `select!`, with the feature `tokio-sync`: awaits several futures until one is complete, and drops the others. It needs no runtime.
///
/// What follows is tokio's page: read `fusee::` for `tokio::` in it.
#[cfg(feature = "tokio-sync")]
#[doc(inline)]
pub use tokio::select;
/// tokio's `try_join!`, with the feature `tokio-sync`: awaits several futures at the same time, in one task, until one answers an error. It needs
/// no runtime.
///
/// What follows is tokio's page: read `fusee::` for `tokio::` in it.
#[cfg(feature = "tokio-sync")]
#[doc(inline)]
pub use tokio::try_join;

// A task's header takes no more than this, whatever its future.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<task::raw::Header>() == 48);

/// The programs in the repository's pages compile and run.
#[cfg(all(doctest, feature = "macros", feature = "net", feature = "test-util"))]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[doc = include_str!("../docs/when-it-hangs.md")]
    mod when_it_hangs {}

    #[doc = include_str!("../docs/coming-from-tokio.md")]
    mod coming_from_tokio {}

    // It has a program with `select!`, and others that are told by a signal.
    #[cfg(all(unix, feature = "tokio-sync", feature = "process"))]
    #[doc = include_str!("../docs/shutdown.md")]
    mod shutdown {}

    #[doc = include_str!("../docs/testing-with-virtual-time.md")]
    mod testing_with_virtual_time {}
}
