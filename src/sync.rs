//! Channels, locks, `select!`, `join!`, `try_join!` and `pin!`: tokio's own, with the feature `tokio-sync`.
//!
//! Everything of `tokio::sync` is here under its name, of the tokio that the program's other crates use, so that a channel may lead to code that
//! says `tokio::sync`. They need no runtime of tokio's: tokio is built with its features `sync` and `macros` alone.
//!
//! ```
//! use fusee::sync::{mpsc, oneshot};
//!
//! fusee::runtime::block_on(async {
//!     let (requests, mut inbox) = mpsc::channel::<(u32, oneshot::Sender<u32>)>(16);
//!     let server = fusee::spawn(async move {
//!         while let Some((number, answer)) = inbox.recv().await {
//!             let _ = answer.send(number * number);
//!         }
//!     });
//!     let (answer, answered) = oneshot::channel();
//!     requests.send((7, answer)).await.unwrap();
//!     assert_eq!(answered.await, Ok(49));
//!     drop(requests);
//!     server.await.unwrap();
//! });
//! ```
//!
//! # What blocks
//! Functions whose names begin with `blocking_`, such as [`mpsc::Receiver::blocking_recv`] and [`Mutex::blocking_lock`], block the thread that
//! calls them. In tokio's own runtimes they panic inside a task; here nothing notices, and a worker that waits in one runs no tasks until it
//! returns: never, if what it waits for is such a task and no worker is left to run it. On a current-thread runtime and with one worker none is. Call them
//! on threads of your own, within [`spawn_blocking`](crate::task::spawn_blocking) or within [`block_in_place`](crate::task::block_in_place);
//! in a task, `await` their counterparts.
//!
//! # What spends no budget
//! These channels and locks spend the budget of tokio's tasks, not of [ours](crate::task::coop): a loop over a channel that is never empty does
//! not give way. [`cooperative`](crate::task::coop::cooperative) around the future makes it.
//!
//! # Reading tokio's pages
//! The items' pages are tokio's. Read `fusee::sync`, `fusee::spawn` and `fusee::time` where they say `tokio::`: its own tasks and sleeps need its runtime.
//!
//! # What is not here
//! `mpsc::Sender::send_timeout`, which needs tokio's timers: [`timeout`](crate::time::timeout) around `send` or `reserve` does it.

// Deliberately not here: code of our own. `src/lib.rs` re-exports the macros.

#[doc(inline)]
pub use tokio::sync::*;
