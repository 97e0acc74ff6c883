//! A chat server over WebSocket: rooms, and who is in them; and a client that reads and prints lines.
//!
//! [`serve()`] accepts, and gives each client a task; the handshake's URL says which room and by what name ([`Address`]); a [`session()`] reads and writes until there is a reason to end;
//! [`Rooms`] passes lines on, and never waits for anybody: each client has a queue of so many lines, and who lets it fill up is dropped.

mod client;
mod names;
mod rooms;
mod serve;
mod session;

pub use client::{Left, client};
pub use names::{Address, check_name};
pub use rooms::{Outbox, Refused, Rooms, Seat};
pub use serve::{Settings, Stop, Tally, serve};
pub use session::{End, session};
