//! Timers that waited before their clock was paused: each is in the shard of the thread that made it, and keeps its tick. Beside those that come
//! later, and are exact, they come in order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::time::{self, Instant, Sleep, sleep_until};
use futures::future::join_all;

use super::HOUR;
use super::support::wakers::calling;
use super::support::{Random, poll_once, watchdog};

/// What a sleep that waited before is late by at most.
const TICK: Duration = Duration::from_nanos(4096);

/// Its number among all that fired, and what the clock showed.
type Fired = Arc<OnceLock<(u64, Instant)>>;

/// A timer that waits, in the shard of the calling thread.
fn register(deadline: Instant, count: &Arc<AtomicU64>) -> (Sleep, Fired) {
    let (mut pause, fired) = (sleep_until(deadline), Fired::default());
    let (note, count, handle) = (fired.clone(), count.clone(), Handle::current());
    let waker = calling(move || {
        let _entered = handle.enter();
        note.set((count.fetch_add(1, Ordering::SeqCst), Instant::now())).expect("once");
    });
    assert!(poll_once(&mut pause, &waker).is_pending(), "an hour is enough to register");
    (pause, fired)
}

/// What fired in one step, from `before` to `now`, was neither early nor late; if that was `slept` through, the clock has stopped at each.
fn check(timers: &[(Sleep, Fired)], before: Instant, now: Instant, slept: bool) {
    for (pause, fired) in timers {
        let deadline = pause.deadline();
        match fired.get() {
            None => assert!(now < deadline + TICK, "late"),
            Some(&(_, at)) if at <= before => {}
            Some(&(_, at)) => {
                assert!(at >= deadline, "early");
                assert!(!slept || at < deadline + TICK, "the clock stops at each");
            }
        }
    }
}

/// Nanoseconds after the hour: many at few moments, and some far apart.
fn moment(random: &mut Random) -> u64 {
    random.below(8) * random.below(1 << 32)
}

async fn run(mut random: Random) {
    let (start, count) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let hour_and = move |nanos| start + HOUR + Duration::from_nanos(nanos);
    // By tasks on the workers, and by this thread.
    let tasks = (0..16).map(|task| {
        let (mut random, count) = (Random::new(task), count.clone());
        fusee::spawn(async move {
            let deadlines = (0..50).map(|_| hour_and(moment(&mut random)));
            deadlines.map(|deadline| register(deadline, &count)).collect::<Vec<_>>()
        })
    });
    let made = join_all(tasks.collect::<Vec<_>>()).await;
    let mut timers: Vec<_> = made.into_iter().flat_map(|made| made.unwrap()).collect();
    timers.extend((0..200).map(|_| register(hour_and(moment(&mut random)), &count)));
    random.shuffle(&mut timers);
    timers.truncate(900);
    timers.iter_mut().step_by(3).for_each(|(pause, _)| pause.reset(hour_and(moment(&mut random))));
    assert_eq!(Handle::current().metrics().timers_live(), timers.len());
    time::pause();
    timers.extend((0..200).map(|_| register(hour_and(moment(&mut random)), &count)));

    while count.load(Ordering::SeqCst) < timers.len() as u64 {
        // The first step leads past the hour in which nothing is due.
        let step = Duration::from_nanos(random.below(1 << 30));
        let (before, now) = (Instant::now(), Instant::now().max(hour_and(0)) + step);
        let slept = random.below(2) == 0;
        if slept {
            sleep_until(now).await;
        } else {
            time::advance(now.duration_since(before)).await;
        }
        check(&timers, before, now, slept);
    }
    timers.sort_by_key(|(_, fired)| fired.get().expect("all have").0);
    let mut latest = start;
    for (pause, _) in &timers {
        assert!(latest < pause.deadline() + TICK, "in order, to a tick, also within one jump");
        latest = latest.max(pause.deadline());
    }
}

#[test]
fn timers_from_before_a_pause_come_within_their_tick_and_in_order_whatever_shard_they_are_in() {
    watchdog(|| {
        for (seed, workers) in [0, 1, 2, 4].into_iter().enumerate() {
            let mut builder = if workers == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.worker_threads(workers.max(1)).build().unwrap();
            runtime.block_on(run(Random::new(seed as u64)));
        }
    });
}
