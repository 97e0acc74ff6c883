//! The builder's methods by which somebody looks into the runtime to be built.

use super::Builder;
use super::companion::{Companion, Prepare};
use super::context;
use super::handle::Handle;
use crate::facade::atomic::{AtomicBool, Ordering};
use crate::facade::{Arc, StdArc};
use crate::park::Parker;
use crate::recorder::Recorder;
use crate::watchdog::Watchdog;

/// # Insight
/// See [`insight`](crate::insight).
impl Builder {
    /// Records what the runtime's threads do, as [`insight::recording`](crate::insight::recording) says. Off by default.
    ///
    /// It costs 5 to 8 % of what workers do with tasks that do nothing, some nanoseconds each, and 2 % of polls that take a fifth of a microsecond; and the memory that [`Recorder::bytes_per_worker`] says.
    ///
    /// See [`Recorder`] for an example.
    pub fn recorder(&mut self, recorder: Recorder) -> &mut Self {
        self.recorder = Some(recorder);
        self
    }

    /// Tells of polls of the workers that take too long, while they do: see [`Watchdog`]. Off by default. On a multi-thread runtime the future of `block_on`, and so the body of
    /// `#[fusee::main]`, is polled on no worker, and not watched.
    ///
    /// It starts a thread, and turns a [recorder](Self::recorder) on, by whose last words it knows the task; a small one, unless another is asked for. While workers run it wakes a hundred
    /// times a second or more, by the limit; while all sleep, twice in each limit.
    ///
    /// See [`Watchdog`] for an example.
    pub fn watchdog(&mut self, watchdog: Watchdog) -> &mut Self {
        self.watchdog = Some(watchdog);
        self
    }

    /// The watchdog, as a companion.
    pub(super) fn watchers(&self) -> Vec<Prepare> {
        let prepare = |watchdog: Watchdog| -> Prepare { StdArc::new(move |handle| Ok(companion(&watchdog, handle))) };
        self.watchdog.clone().map(prepare).into_iter().collect()
    }
}

fn companion(watchdog: &Watchdog, handle: &Handle) -> Companion {
    let (watchdog, handle, parker) = (watchdog.clone(), handle.clone(), Parker::new());
    let unparker = parker.unparker();
    let is_to_end = Arc::new(AtomicBool::new(false));
    let flag = is_to_end.clone();
    let main = move || {
        // Its hook may want to know more of the runtime.
        let _entered = context::enter(&handle);
        // Counter only: the token of the unpark that follows carries it.
        watchdog.watch(handle.scheduler(), &parker, || is_to_end.load(Ordering::Relaxed));
    };
    let end = move || {
        // Counter only, as above.
        flag.store(true, Ordering::Relaxed);
        unparker.unpark();
    };
    Companion { name: "fusee-watchdog", main: Box::new(main), end: Box::new(end) }
}
