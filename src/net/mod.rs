//! Sockets.

mod tcp;

pub use tcp::{TcpListener, TcpStream};
