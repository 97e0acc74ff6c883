//! A key-value store that is replicated on three nodes, by Raft: openraft on fusee.
//!
//! | file | holds |
//! |---|---|
//! | `types.rs` | what is replicated, and openraft's types for it |
//! | `wire.rs` | messages between nodes, and between clients and nodes |
//! | `file.rs` | a node's file, and what is done with it on the pool |
//! | `log.rs`, `machine.rs` | the log and the data, as openraft asks for them |
//! | `network.rs` | how a node asks the others |
//! | `node.rs`, `answers.rs` | a node: from its start to its end; its answers |
//! | `client.rs` | who writes and reads |
//! | `cluster.rs`, `demo.rs` | three nodes as processes, and a demonstration with them |
//!
//! The program is `main.rs`; the tests use the client and the cluster.

mod answers;
pub mod client;
pub mod cluster;
pub mod demo;
mod file;
mod log;
mod machine;
mod network;
pub mod node;
mod types;
pub mod wire;

/// Why something failed, for people to read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
