//! fusee: a multi-threaded, work-stealing async runtime with a hashed timer wheel.

mod park;
mod sync;
#[allow(dead_code)]
mod time {
    pub(crate) mod wheel;
}
