//! [libp2p](https://docs.rs/libp2p-swarm)'s connections as tasks of fusee's: feature `libp2p`.
//!
//! [`FuseeRuntime`] is an [`Executor`] for [`Config::with_executor`](libp2p_swarm::Config::with_executor):
//!
//! ```
//! use fusee_traits::FuseeRuntime;
//! use libp2p_core::Transport;
//! use libp2p_swarm::{Config, Swarm, dummy};
//!
//! fusee::runtime::block_on(async {
//!     let transport = libp2p_core::transport::dummy::DummyTransport::new().boxed();
//!     let id = libp2p_identity::PeerId::random();
//!     let swarm = Swarm::new(transport, dummy::Behaviour, id, Config::with_executor(FuseeRuntime::current()));
//!     assert_eq!(swarm.local_peer_id(), &id);
//! });
//! ```
//!
//! # What runs
//! A task for each connection, which sends its events to the swarm; the swarm is polled by whoever has it. A connection's task ends when the swarm
//! closes it or is dropped; nothing is to be aborted.
//!
//! A task that panics takes its connection along, and the hook tells of it, as of every task's panic. Once the runtime has shut down no task
//! runs, and nothing panics; but libp2p does not hear of it, and who waits for a connection's events may wait in vain.
//!
//! # Time
//! The timers of libp2p's protocols are `futures-timer`'s, with a thread and a clock of their own: a paused clock does not move them.
//!
//! # Transports
//! Transports that need no runtime run as they are, such as that in memory. `libp2p-tcp` and `libp2p-quic` ask for tokio by name.

// Checked by `tests/libp2p.rs`.

use std::future::Future;
use std::pin::Pin;

use libp2p_swarm::Executor;

use crate::FuseeRuntime;

impl Executor for FuseeRuntime {
    #[track_caller]
    fn exec(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.spawn(future);
    }
}
