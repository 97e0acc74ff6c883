//! The builder's methods by which somebody looks into the runtime to be built.

use super::Builder;
use crate::recorder::Recorder;
use crate::watchdog::Watchdog;

/// # Insight
/// See [`insight`](crate::insight).
impl Builder {
    /// Records what the runtime's threads do, as [`insight::recording`](crate::insight::recording) says. Off by default.
    ///
    /// It costs some 3 % of what workers do with tasks that do nothing, and less of others; and the memory that [`Recorder::bytes_per_worker`] says.
    ///
    /// See [`Recorder`] for an example.
    pub fn recorder(&mut self, recorder: Recorder) -> &mut Self {
        self.recorder = Some(recorder);
        self
    }

    /// Tells of polls that take too long, while they do: see [`Watchdog`]. Off by default.
    ///
    /// It starts a thread, and turns a [recorder](Self::recorder) on, by whose last words it knows the task; a small one, unless another is asked for. While workers run it wakes a hundred
    /// times a second or more, by the limit; while all sleep, twice in each limit.
    ///
    /// See [`Watchdog`] for an example.
    pub fn watchdog(&mut self, watchdog: Watchdog) -> &mut Self {
        self.watchdog = Some(watchdog);
        self
    }
}
