//! Futures that say when they were woken and not polled: a futurelock.
//!
//! A task that polls one of its futures and not another, which was woken, may wait for ever for what that one holds: a lock that it was just given, say. The task's wakers tell
//! nothing of it, for it is the task that is woken, and polled; only the future itself knows that its turn never came.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;

#[cfg(feature = "serde")]
use super::serial;
use super::{Dump, TaskDump, TaskState};
use crate::facade::{StdArc, StdWeak};
use crate::runtime::Handle;
use crate::task::Id;
use crate::task::id;
use crate::task::raw::{Kept, RawTask};
use crate::task::watched::{Notes, WatchedFutures};

/// By so much a dump may be wrong about when a task was polled.
const SLACK: Duration = Duration::from_millis(2);

/// Watches over `future`: a dump then tells if it was woken, and its task polled, but not this future: [`Dump::futurelocks`].
///
/// It hands its future a waker of its own, which notes the time and wakes the task: a dump does not see the timers and sources behind it. That is two looks at the clock,
/// and an allocation for each poll before which the future has kept no waker; it is for the few futures that one suspects.
///
/// ```
/// use std::pin::pin;
/// use std::time::Duration;
///
/// use fusee::insight::{TaskState, watched};
/// use fusee::runtime::Handle;
/// use fusee::task::yield_now;
/// use futures::channel::oneshot;
/// use futures::future::select;
///
/// fusee::runtime::block_on(async {
///     let (unlock, unlocked) = oneshot::channel::<()>();
///     let (_keep, never) = oneshot::channel::<()>();
///     let task = fusee::spawn(async move {
///         let mut lock = pin!(watched(unlocked));
///         // It is polled once, and left for something else.
///         select(lock.as_mut(), pin!(yield_now())).await;
///         let _ = never.await;
///         let _ = lock.await;
///     });
///     while Handle::current().dump().tasks().iter().all(|task| task.state() != TaskState::Waiting) {
///         yield_now().await;
///     }
///     // Nobody takes it.
///     unlock.send(()).unwrap();
///     loop {
///         let dump = Handle::current().dump();
///         if let Some(locked) = dump.futurelocks(Duration::from_millis(10)).next() {
///             break assert_eq!(locked.task(), Some(task.id()));
///         }
///         yield_now().await;
///     }
/// });
/// ```
#[track_caller]
pub fn watched<F: Future>(future: F) -> Watched<F> {
    Watched {
        notes: StdArc::new(Notes::new(Location::caller())),
        known_to: None,
        bell: StdWeak::new(),
        polled_by: None,
        future,
    }
}

pin_project! {
    /// A future that is watched over; see [`watched`].
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct Watched<F> {
        notes: StdArc<Notes>,
        // The runtime's in which it was polled last, while it is not ready.
        known_to: Option<StdArc<WatchedFutures>>,
        // What its last poll was given, while the future keeps it: a task whose future keeps no waker is stranded.
        bell: StdWeak<Bell>,
        // The task that polled it last: while it is kept no other has its address.
        polled_by: Option<Kept>,
        #[pin]
        future: F,
    }

    impl<F> PinnedDrop for Watched<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(known_to) = this.known_to.take() {
                known_to.leave(this.notes);
            }
        }
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("made_at", &self.notes.made_at).finish_non_exhaustive()
    }
}

/// Notes that the future is woken, and wakes its task.
struct Bell {
    notes: StdArc<Notes>,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.notes.is_woken();
        self.task.wake_by_ref();
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let current = Handle::with_current(|handle| handle.scheduler().watched_futures().clone());
        if let Some(current) =
            current.filter(|current| !this.known_to.as_ref().is_some_and(|known_to| StdArc::ptr_eq(known_to, current)))
        {
            current.enter(this.notes);
            if let Some(before) = this.known_to.replace(current) {
                before.leave(this.notes);
            }
        }
        let task = id::current();
        if task.map(RawTask::id) != this.polled_by.as_ref().map(Kept::id) {
            // SAFETY: who has set the current task keeps it for as long as it is that.
            *this.polled_by = task.map(|task| unsafe { Kept::another(task) });
        }
        this.notes.is_polled();
        let bell = this.bell.upgrade().filter(|bell| bell.task.will_wake(context.waker())).unwrap_or_else(|| {
            let bell = StdArc::new(Bell { notes: this.notes.clone(), task: context.waker().clone() });
            *this.bell = StdArc::downgrade(&bell);
            bell
        });
        let answer = this.future.poll(&mut Context::from_waker(&Waker::from(bell)));
        if answer.is_ready() {
            *this.polled_by = None;
            if let Some(known_to) = this.known_to.take() {
                known_to.leave(this.notes);
            }
        }
        answer
    }
}

/// A watched future, as it was when the dump was taken.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WatchedDump {
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::known_place"))]
    made_at: &'static Location<'static>,
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "serial::optional_text", skip_serializing_if = "Option::is_none")
    )]
    task: Option<Id>,
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "woken_ns",
            serialize_with = "serial::optional_nanoseconds",
            skip_serializing_if = "Option::is_none"
        )
    )]
    woken: Option<Duration>,
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "polled_ns",
            serialize_with = "serial::optional_nanoseconds",
            skip_serializing_if = "Option::is_none"
        )
    )]
    polled: Option<Duration>,
}

impl WatchedDump {
    pub(super) fn new(notes: &Notes) -> Self {
        Self { made_at: notes.made_at, task: notes.task(), woken: notes.woken(), polled: notes.polled() }
    }

    /// The call of [`watched`].
    pub fn made_at(&self) -> &'static Location<'static> {
        self.made_at
    }

    /// The task that polled it last; `None` if that was none, as in `block_on`.
    pub fn task(&self) -> Option<Id> {
        self.task
    }

    /// How long ago it was woken, if it was not polled since.
    pub fn woken(&self) -> Option<Duration> {
        self.woken
    }

    /// How long ago its last poll began.
    pub fn polled(&self) -> Option<Duration> {
        self.polled
    }
}

impl Dump {
    /// The [watched](watched()) futures that were polled in this runtime, and are neither ready nor dropped.
    pub fn watched(&self) -> &[WatchedDump] {
        &self.watched
    }

    /// Those among them that were woken at least `patience` ago and not polled since, though their task was: it waits for something else, with them in its hands.
    ///
    /// See [`watched`] for an example. Of a future in `block_on`, which is no task's, nothing is said.
    pub fn futurelocks(&self, patience: Duration) -> impl Iterator<Item = &WatchedDump> {
        let is_woken = move |watched: &&WatchedDump| watched.woken.is_some_and(|woken| woken >= patience);
        let tasks: HashMap<_, _> = match self.watched.iter().any(|watched| is_woken(&watched)) {
            true => self.tasks.iter().map(|task| (task.id(), task)).collect(),
            false => HashMap::new(),
        };
        self.watched.iter().filter(is_woken).filter(move |watched| {
            let task = watched.task.and_then(|task| tasks.get(&task).copied());
            // The wake has queued it: it waits again, after a poll.
            let polled_since =
                |woken, task: &TaskDump| task.state() == TaskState::Waiting || task.polled() + SLACK < woken;
            watched.woken.zip(task).is_some_and(|(woken, task)| polled_since(woken, task))
        })
    }
}
