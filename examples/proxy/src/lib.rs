//! A TCP load balancer: what a client sends to it goes to one of several upstreams, and what that answers goes back.
//!
//! [`serve()`] accepts, and gives each connection a task: [`Upstreams`] chooses and connects, [`relay()`] copies until both ends are done or nothing has come for
//! too long, and both count what they did for the lines that `main.rs` prints at the end.

mod relay;
mod serve;
mod upstreams;

pub use relay::{Ending, relay};
pub use serve::{Settings, Stop, Tally, serve};
pub use upstreams::{Held, Policy, Upstream, Upstreams};
