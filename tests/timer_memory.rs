//! What timers hold of the heap: as much as those that live at the moment need, however many come and go, and what their wakers hold no longer than
//! they wait.
//!
//! One test alone, for it counts the bytes of the whole process.

#[path = "support/heap.rs"]
mod heap;
mod support;

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use fusee::runtime::Runtime;
use fusee::task::yield_now;
use fusee::time::{Instant, Sleep, sleep, timeout};
use futures::future::join_all;
use heap::live;
use support::{on_every_flavour, poll_once, until};

const HOUR: Duration = Duration::from_secs(3600);
const TIMERS: usize = 20_000;

/// What one timer may take of the shard's storage, and what a waker's owner takes here.
const ENTRY: isize = 40;
const OWNED: isize = 1000;

/// Threads that start or park, and blocks of queues: no timer's. And a part of the storage that is kept to spare.
const TOLERANCE: isize = 192 * 1024;

/// 1,000,000 in a deep run.
fn churns() -> usize {
    if std::env::var_os("FUSEE_DEEP").is_some() { 1_000_000 } else { 100_000 }
}

/// The owner of a waker.
#[expect(dead_code, reason = "it takes room")]
struct Owner([u8; OWNED as usize]);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

/// Sleeps of an hour, each with a waker of its own.
fn register(pauses: &mut Vec<Sleep>) {
    pauses.extend((0..TIMERS).map(|_| {
        let mut pause = sleep(HOUR);
        assert!(poll_once(&mut pause, &Waker::from(Arc::new(Owner([0; OWNED as usize])))).is_pending());
        pause
    }));
}

fn cancelled_timers_give_back_their_storage_and_what_their_wakers_hold(runtime: &Runtime) {
    let _entered = runtime.enter();
    let mut pauses = Vec::with_capacity(TIMERS);
    let before = live();
    for _ in 0..3 {
        register(&mut pauses);
        let held = live() - before;
        assert!(held > TIMERS as isize * OWNED, "what is counted is there");
        assert!(held <= TIMERS as isize * (OWNED + 100), "{held} bytes for {TIMERS} timers");
        pauses.clear();
        let left = live() - before;
        assert!(left <= TOLERANCE, "{left} bytes are left of {TIMERS} timers");
    }
    // Those that are fired give back what their wakers hold, too, and their storage when they are dropped.
    register(&mut pauses);
    pauses.iter_mut().for_each(|pause| pause.reset(Instant::now()));
    until("all are fired", || runtime.metrics().timers_fired_count() == TIMERS as u64);
    until("the wakers are dropped", || live() - before <= TIMERS as isize * ENTRY + TOLERANCE);
    pauses.clear();
    let left = live() - before;
    assert!(left <= TOLERANCE, "{left} bytes are left of {TIMERS} timers that have fired");
}

fn limits_that_come_and_go_take_no_more_than_those_at_once(runtime: &Runtime) {
    const TASKS: usize = 100;
    let churn = |rounds: usize| {
        let tasks = (0..TASKS).map(|_| {
            runtime.spawn(async move {
                for _ in 0..rounds {
                    timeout(Duration::from_secs(30), yield_now()).await.unwrap();
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        runtime.block_on(join_all(tasks)).into_iter().for_each(|outcome| outcome.unwrap());
        live()
    };
    let before = churn(10);
    let grown = churn(churns() / TASKS) - before;
    assert!(grown <= TOLERANCE, "{grown} bytes more after {} limits", churns());
    assert_eq!(runtime.metrics().timers_live(), 0);
}

fn resets_take_nothing(runtime: &Runtime) {
    let _entered = runtime.enter();
    let mut pause = sleep(HOUR);
    assert!(poll_once(&mut pause, Waker::noop()).is_pending());
    let before = live();
    for n in 0..churns() as u64 {
        pause.reset(Instant::now() + HOUR + Duration::from_nanos(n.wrapping_mul(n) % (1 << 40)));
    }
    let grown = live() - before;
    assert!(grown <= TOLERANCE, "{grown} bytes more after {} resets", churns());
}

#[test]
fn timers_hold_what_those_of_one_moment_need() {
    on_every_flavour(|runtime| {
        cancelled_timers_give_back_their_storage_and_what_their_wakers_hold(&runtime);
        limits_that_come_and_go_take_no_more_than_those_at_once(&runtime);
        resets_take_nothing(&runtime);
    });
}
