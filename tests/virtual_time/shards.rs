//! Timers that waited before their clock was paused: each is in the shard of the thread that made it, and keeps its tick.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::time::{self, Instant, Sleep, sleep_until};
use futures::future::join_all;

use super::HOUR;
use super::support::wakers::calling;
use super::support::{Random, poll_once, watchdog};

/// What a sleep that waited before is late by at most.
const TICK: Duration = Duration::from_nanos(4096);

/// What the clock showed when a timer fired.
type Fired = Arc<Mutex<Option<Instant>>>;

/// A timer that waits, in the shard of the calling thread.
fn register(deadline: Instant) -> (Sleep, Fired) {
    let (mut pause, fired) = (sleep_until(deadline), Fired::default());
    let (note, handle) = (fired.clone(), Handle::current());
    let waker = calling(move || {
        let _entered = handle.enter();
        *note.lock().unwrap() = Some(Instant::now());
    });
    assert!(poll_once(&mut pause, &waker).is_pending(), "an hour is enough to register");
    (pause, fired)
}

#[test]
fn timers_from_before_a_pause_come_within_their_tick_whatever_shard_they_are_in() {
    watchdog(|| {
        for (seed, workers) in [0, 1, 2, 4].into_iter().enumerate() {
            let mut builder = if workers == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = builder.worker_threads(workers.max(1)).build().unwrap();
            let mut random = Random::new(seed as u64);
            runtime.block_on(async {
                let start = Instant::now();
                let hour_and = move |nanos| start + HOUR + Duration::from_nanos(nanos);
                // By tasks on the workers, and by this thread.
                let tasks = (0..16).map(|task| {
                    let mut random = Random::new(task);
                    fusee::spawn(async move {
                        let deadlines = (0..50).map(|_| random.below(8) * random.below(1 << 32));
                        deadlines.map(|nanos| register(hour_and(nanos))).collect::<Vec<_>>()
                    })
                });
                let mut timers: Vec<_> =
                    join_all(tasks.collect::<Vec<_>>()).await.into_iter().flat_map(|made| made.unwrap()).collect();
                timers.extend((0..200).map(|_| register(hour_and(random.below(1 << 34)))));
                random.shuffle(&mut timers);
                timers.truncate(900);
                for (pause, _) in timers.iter_mut().step_by(3) {
                    pause.reset(hour_and(random.below(1 << 34)));
                }
                assert_eq!(runtime.metrics().timers_live(), timers.len());
                time::pause();
                while runtime.metrics().timers_fired_count() < timers.len() as u64 {
                    // The first step leads past the hour in which nothing is due.
                    let step = Duration::from_nanos(random.below(1 << 28));
                    let (before, now) = (Instant::now(), Instant::now().max(hour_and(0)) + step);
                    let slept = random.below(2) == 0;
                    if slept {
                        sleep_until(now).await;
                    } else {
                        time::advance(now.duration_since(before)).await;
                    }
                    for (pause, fired) in &timers {
                        let deadline = pause.deadline();
                        match *fired.lock().unwrap() {
                            None => assert!(now < deadline + TICK, "late"),
                            Some(at) if at <= before => {}
                            Some(at) => {
                                assert!(at >= deadline, "early");
                                assert!(!slept || at < deadline + TICK, "the clock stops at each");
                            }
                        }
                    }
                }
            });
        }
    });
}
