//! The passage of time: the thread of a schedule that moves the virtual clock.
//!
//! It is a thread like the others, so that shuttle decides when time passes: at any moment, as soon as somebody waits for it, or when nobody
//! else can go on. It blocks while nobody waits with a deadline, so that a wake-up which was lost is a deadlock.
//!
//! Who calls it: the harness starts and ends it; [`super::lock`] says which deadlines are waited for.
//!
//! # Invariants
//! - Only this thread moves the clock.
//! - A deadline that has been reached is not waited for any more: a passage that is scheduled before all others comes to an end.
//! - A far deadline never comes, see [`FAR`]: who waits for it in place of a wake-up that was lost waits for ever.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::JoinHandle;

use super::clock::{self, RawInstant};
use super::selector;

/// How many of the thread's steps go by, on average, for one that moves the clock. A schedule draws one of these.
const SLOWNESS: [u32; 3] = [2, 16, 128];

/// How many of the thread's steps go by, on average, for one behind which every thread has its turn that can go on. Where priorities decide, time and who waits for
/// each of its moments would otherwise keep a third thread waiting for ever.
const YIELDS: u32 = 64;

/// A deadline so far ahead is none. No scenario waits for one, though timers and idle threads may have one.
const FAR: Duration = Duration::from_secs(3_600);

struct Passage {
    reached: RawInstant,
    deadlines: Vec<RawInstant>,
    is_over: bool,
    bell: Arc<BatchSemaphore>,
}

thread_local! {
    /// Not shuttle's: an execution runs, with all its threads, on one thread of the process.
    static PASSAGE: RefCell<Option<Passage>> = const { RefCell::new(None) };
}

/// What the thread finds when it looks at who waits.
enum Outlook {
    Earliest(RawInstant),
    Nobody(Arc<BatchSemaphore>),
    Over,
}

/// Starts the clock of a new execution, and lets it run.
pub(crate) fn start() -> JoinHandle<()> {
    clock::start();
    selector::start();
    let reached = RawInstant::now();
    let bell = Arc::new(BatchSemaphore::new(0, Fairness::Unfair));
    PASSAGE.set(Some(Passage { reached, deadlines: Vec::new(), is_over: false, bell }));
    let slowness = SLOWNESS[thread_rng().gen_range(0..SLOWNESS.len())];
    let thread = shuttle::thread::Builder::new().name("time".to_owned());
    thread.spawn(move || pass(slowness)).expect("a thread of shuttle starts")
}

/// Ends the thread.
pub(crate) fn end(thread: JoinHandle<()>) {
    let bell = with(|passage| {
        passage.is_over = true;
        passage.bell.clone()
    });
    bell.release(1);
    thread.join().expect("a panic would have ended the execution");
}

/// Somebody waits for `deadline`.
pub(super) fn expect(deadline: RawInstant) {
    let bell = with(|passage| {
        let is_awaited = passage.reached < deadline && deadline < passage.reached + FAR;
        if is_awaited {
            passage.deadlines.push(deadline);
        }
        (is_awaited && passage.deadlines.len() == 1).then(|| passage.bell.clone())
    });
    if let Some(bell) = bell {
        bell.release_no_scheduling_point(1);
    }
}

/// Who waited for `deadline` waits no more.
pub(super) fn forget(deadline: RawInstant) {
    with(|passage| {
        let place = passage.deadlines.iter().position(|other| *other == deadline);
        place.map(|place| passage.deadlines.swap_remove(place))
    });
}

fn pass(slowness: u32) {
    loop {
        match outlook() {
            Outlook::Over => return,
            Outlook::Nobody(bell) => bell.acquire_blocking(1).expect("nobody closes the semaphore"),
            Outlook::Earliest(deadline) => {
                // A scheduling point, also where nothing else is done.
                let now = RawInstant::now();
                if thread_rng().gen_ratio(1, slowness) {
                    move_to(choose(now, deadline));
                }
                if thread_rng().gen_ratio(1, YIELDS) {
                    shuttle::thread::yield_now();
                }
            }
        }
    }
}

fn outlook() -> Outlook {
    with(|passage| match passage.deadlines.iter().min() {
        _ if passage.is_over => Outlook::Over,
        Some(earliest) => Outlook::Earliest(*earliest),
        None => Outlook::Nobody(passage.bell.clone()),
    })
}

/// Mostly the deadline itself; else a moment before it, or one that is late for it.
fn choose(now: RawInstant, deadline: RawInstant) -> RawInstant {
    let left = deadline.saturating_duration_since(now);
    match thread_rng().gen_range(0..8) {
        0 => now + left / 2,
        1 => deadline + Duration::from_micros(thread_rng().gen_range(1..3_000)),
        _ => deadline,
    }
}

fn move_to(instant: RawInstant) {
    with(|passage| {
        passage.reached = passage.reached.max(instant);
        let reached = passage.reached;
        passage.deadlines.retain(|deadline| reached < *deadline);
    });
    clock::advance_to(instant);
}

fn with<R>(f: impl FnOnce(&mut Passage) -> R) -> R {
    PASSAGE.with_borrow_mut(|passage| f(passage.as_mut().expect("the harness has started the passage of time")))
}
