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
//! [`runtime`] builds and enters runtimes, [`task`] spawns and awaits tasks, [`time`] sleeps and limits. ARCHITECTURE.md in
//! the repository walks the life of a task and the life of a timer; each protocol between threads is model-checked in
//! `loom-tests`.
//!
//! # Features
//! - `macros`, on by default: the attributes `#[fusee::main]` and `#[fusee::test]`.
//! - `test-util`: tests pause a runtime's clock and advance it; see [`time`].

mod blocking;
mod duty;
mod entered;
mod facade;
mod park;
pub mod runtime;
mod scheduler;
mod spare;
pub mod task;
pub mod time;

#[cfg(feature = "macros")]
pub use fusee_macros::{main, test};
pub use task::spawn;

// A task's header takes no more than this, whatever its future.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<task::raw::Header>() == 48);

/// The programs in the repository's pages compile and run.
#[cfg(all(doctest, feature = "macros", feature = "test-util"))]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[doc = include_str!("../docs/coming-from-tokio.md")]
    mod coming_from_tokio {}

    #[doc = include_str!("../docs/shutdown.md")]
    mod shutdown {}

    #[doc = include_str!("../docs/testing-with-virtual-time.md")]
    mod testing_with_virtual_time {}
}
