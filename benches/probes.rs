//! Who is not part of the storm: a task that sleeps, a task that yields, a thread that spawns from outside. They note how long they wait.

use crate::contenders::Contender;
use crate::stats::{p99, sorted};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a probe rests.
const PACE: Duration = Duration::from_millis(1);

static PROBING: AtomicBool = AtomicBool::new(false);

/// From when something could go on until it did.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Span {
    /// In milliseconds.
    pub(crate) fn length(self) -> f64 {
        self.to.saturating_duration_since(self.from).as_secs_f64() * 1e3
    }

    fn overlaps(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// What one probe has noted.
#[derive(Default)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// How many waits fall into `storm` wholly or in part, which 99 of 100 do not exceed, and the worst; NaN if there is none.
    pub(crate) fn during(&self, storm: Span) -> [f64; 3] {
        let during = self.0.iter().filter(|span| span.overlaps(storm));
        let lengths = sorted(during.map(|span| span.length()));
        [lengths.len() as f64, p99(&lengths), lengths.last().copied().unwrap_or(f64::NAN)]
    }
}

/// From now on probes go on until they are stopped. Those that begin before end at once.
pub(crate) fn start() {
    PROBING.store(true, Ordering::Relaxed);
}

pub(crate) fn stop() {
    PROBING.store(false, Ordering::Relaxed);
}

fn goes_on() -> bool {
    PROBING.load(Ordering::Relaxed)
}

/// Sleeps a millisecond at a time; how much later than that it goes on.
pub(crate) async fn sleeping<C: Contender>() -> Spans {
    let mut spans = Spans::default();
    while goes_on() {
        let from = Instant::now() + PACE;
        C::sleep_until(from).await;
        spans.0.push(Span { from, to: Instant::now() });
    }
    spans
}

/// Yields from the deadline on; how long until it goes on.
pub(crate) async fn yielding<C: Contender>(deadline: Instant) -> Spans {
    let mut spans = Spans::default();
    C::sleep_until(deadline).await;
    while goes_on() {
        let from = Instant::now();
        C::yield_now().await;
        spans.0.push(Span { from, to: Instant::now() });
    }
    spans
}

/// The thread, which goes on spawning however late the tasks are.
pub(crate) fn from_outside<C: Contender>(runtime: &C) -> Spans {
    runtime.block_on(async {
        let mut spawned = Vec::new();
        while goes_on() {
            spawned.push((Instant::now(), C::spawn(async { Instant::now() })));
            thread::sleep(PACE);
        }
        let mut spans = Spans::default();
        for (from, ran) in spawned {
            spans.0.push(Span { from, to: ran.await });
        }
        spans
    })
}
