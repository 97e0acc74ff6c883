//! Readiness that somebody has waited for.
//!
//! Who calls it: the guards. Deliberately not here: whose readiness it is.

use crate::io::Ready;
use crate::source::{Registration, Seen};

/// What was seen, as far as it was not cleared.
#[derive(Debug)]
pub(super) struct Event(Option<Seen>);

impl Event {
    pub(super) fn of(seen: Seen) -> Self {
        Self(Some(seen))
    }

    /// The source is not ready any more for what was seen.
    pub(super) fn clear(&mut self, registration: &Registration) {
        if let Some(seen) = self.0.take() {
            registration.clear(seen);
        }
    }

    /// The source is not ready any more for `ready`, as far as it was seen.
    pub(super) fn clear_matching(&mut self, registration: &Registration, ready: Ready) {
        if let Some(seen) = self.0.take() {
            registration.clear(seen.only(ready.bits()));
            self.0 = Some(seen.only(!ready.bits())).filter(|left| left.ready() != 0);
        }
    }

    /// What was seen and not cleared.
    pub(super) fn ready(&self) -> Ready {
        self.0.map_or(Ready::EMPTY, Seen::as_ready)
    }
}
