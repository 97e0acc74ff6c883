//! Lets the program `tokio-console` attach to a fusee runtime.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use fusee::runtime::Builder;
//! use fusee_tokio_console::Console;
//!
//! let runtime = Builder::new_multi_thread().task_statistics(true).build()?;
//! let console = Console::new(runtime.handle().clone());
//! // On a runtime of its own it answers, though all workers of the other are stuck.
//! std::thread::spawn(move || -> std::io::Result<()> {
//!     let own = Builder::new_current_thread().build()?;
//!     own.block_on(async { console.serve(fusee::net::TcpListener::bind(fusee_tokio_console::ADDRESS).await?).await })
//! });
//! runtime.block_on(fusee::time::sleep(Duration::from_secs(3_600)));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it tells
//! Once in each [interval](Console::publish_interval), for each client that watches and takes what it is sent, a [dump](fusee::runtime::Handle::dump) of the runtime is taken, and what has changed since the last one is told. As long as nobody watches
//! nothing is done.
//!
//! | tokio-console's | is |
//! |---|---|
//! | ID | a number that is given to a task when it is seen first, and to no other |
//! | Name, Location | the task's, by `task::Builder::name`, and the call that spawned it |
//! | Total | since it was seen first, and not since it was spawned |
//! | Polls, Busy | of a runtime with `Builder::task_statistics`; else zero |
//! | last wake | with `task_statistics` too; wakes are not counted |
//! | wakers | how many there are: a task that can never run again is warned of as one that has lost its waker |
//! | state | running, waiting, or woken and not polled yet |
//!
//! Tasks that have not waited yet are not in a dump, nor are those that come and go between two. A task that lies at the address of one that has ended since the last dump is another if its name or its place is, or if it has been polled less: one that looks alike, and has been polled more, is
//! taken for the same. There are no resources, no async operations, and no histograms of single tasks: `fusee-top`, and the metrics of the runtime, tell more.
//!
//! # Who may connect
//! Whoever reaches the address: the protocol has no authentication. [`ADDRESS`] is of this machine alone.
//!
//! | file | holds |
//! |---|---|
//! | `lib.rs` | what is public |
//! | `service.rs` | the protocol's calls |
//! | `roster.rs` | the tasks by their numbers, and what each client was told of them |

mod roster;
mod service;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use console_api::instrument::instrument_server::InstrumentServer;
use fusee::net::TcpListener;
use fusee::runtime::Handle;
use service::{Service, Shared};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// Where `tokio-console` looks, if it is told nothing else.
pub const ADDRESS: &str = "127.0.0.1:6669";

/// So many clients are told of updates at a time; more are refused.
pub const MOST_CLIENTS: usize = 8;

/// What a runtime is told of by; see the [crate](self).
#[derive(Clone, Debug)]
pub struct Console {
    handle: Handle,
    interval: Duration,
}

impl Console {
    /// Of the runtime of `handle`.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle, interval: Duration::from_secs(1) }
    }

    /// From one update to the next; a second, unless it is set.
    ///
    /// # Panics
    /// If it is zero.
    #[must_use]
    pub fn publish_interval(mut self, interval: Duration) -> Self {
        assert!(!interval.is_zero(), "an interval between updates that is zero leaves no time for anything else");
        self.interval = interval;
        self
    }

    /// Answers at `listener`, until it is dropped: for ever, unless the listener fails. On a runtime of fusee's; better not on that which it tells of, whose workers may be stuck.
    ///
    /// The runtime that it tells of may shut down: its tasks are told as dropped then, and there are none any more.
    ///
    /// # Errors
    /// Those of the listener, after which nobody can connect any more.
    ///
    /// # Panics
    /// Outside a runtime.
    ///
    /// See the [crate](self) for an example.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let shared = Arc::new(Shared::new(self.handle, self.interval));
        fusee_hyper::serve(listener, InstrumentServer::new(Service(shared))).await
    }
}
