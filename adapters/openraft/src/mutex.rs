//! A lock that is held across `await`: tokio's.

use std::future::Future;

use openraft_rt::OptionalSend;
use tokio::sync;

/// A lock whose guard may be held across `await`.
#[derive(Debug)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T: OptionalSend + 'static> openraft_rt::Mutex<T> for Mutex<T> {
    type Guard<'a> = sync::MutexGuard<'a, T>;

    fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + OptionalSend {
        self.0.lock()
    }
}
