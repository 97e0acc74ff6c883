//! A work queue in redis: jobs are pushed by anybody, and each is done by one of several workers, at least once.
//!
//! Jobs wait in a redis stream whose consumer group is the workers. [`Link`] is a connection that is made anew when it breaks, [`Store`] the queue's commands, [`work()`] what a worker does, and
//! [`Handler`] what it does with a job: the part to replace. README.md says why streams, and what is promised.

mod attempt;
mod hand;
mod handler;
mod job;
mod link;
mod retries;
mod store;
mod work;

pub use handler::Handler;
pub use job::{Delivery, Job};
pub use link::Link;
pub use retries::Retries;
pub use store::{Dead, Status, Store};
pub use work::{Settings, Stop, Tally, work};
