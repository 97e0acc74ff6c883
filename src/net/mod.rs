//! Sockets.

mod readiness;
mod tcp;

pub use tcp::{TcpListener, TcpStream};
