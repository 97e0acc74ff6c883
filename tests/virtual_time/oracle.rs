//! Paused time against a sorted map: any timers, dropped, moved, advanced over and slept through in any order, on either flavour.
//!
//! After each step both agree on the time, on what has fired, in which order and at which moment, and on what is left. About 12,000 steps a run;
//! 600,000 with `FUSEE_DEEP=1`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::time::{self, Instant, Sleep, sleep, sleep_until};
use proptest::prelude::*;

use super::support::wakers::calling;
use super::support::{poll_once, watchdog};

const STEPS: usize = 200;
const CASES: u32 = 30;
const DEEP_CASES: u32 = 1_500;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A timer so far ahead; zero is ready at once.
    Insert(u64),
    /// A timer for the deadline of the one with this number.
    InsertAs(usize),
    Drop(usize),
    /// Moves a timer so far ahead of now.
    Reset(usize, u64),
    Advance(u64),
    /// Everything waits for so long: the clock stops at each timer on the way.
    Sleep(u64),
}

fn span() -> impl Strategy<Value = u64> {
    // At most a week: 200 of them are no more than the clock can tell.
    prop_oneof![4 => 0..4u64, 4 => 0..100_000u64, 2 => (0..49u32, 0..3u64).prop_map(|(shift, more)| (1 << shift) + more)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => span().prop_map(Step::Insert),
        3 => any::<usize>().prop_map(Step::InsertAs),
        2 => any::<usize>().prop_map(Step::Drop),
        2 => (any::<usize>(), span()).prop_map(|(number, span)| Step::Reset(number, span + 1)),
        2 => span().prop_map(Step::Advance),
        2 => span().prop_map(Step::Sleep),
    ]
}

/// Who fired, and what the clock showed then.
type Log = Arc<Mutex<Vec<(usize, u64)>>>;

/// A timer's deadline, and when it was registered.
type Key = (u64, u64);

struct Oracle {
    start: Instant,
    now: u64,
    /// Timers that wait.
    waiting: BTreeMap<Key, usize>,
    registered: u64,
    /// By number; those that were dropped are gone.
    sleeps: Vec<Option<(Sleep, Option<Key>)>>,
    log: Log,
}

impl Oracle {
    fn at(&self, nanoseconds: u64) -> Instant {
        self.start + Duration::from_nanos(nanoseconds)
    }

    fn key(&mut self, deadline: u64) -> Key {
        self.registered += 1;
        (deadline, self.registered)
    }

    fn insert(&mut self, deadline: u64) {
        let (number, start, log, handle) = (self.sleeps.len(), self.start, self.log.clone(), Handle::current());
        let waker = calling(move || {
            let _entered = handle.enter();
            log.lock().unwrap().push((number, start.elapsed().as_nanos() as u64));
        });
        let mut pause = sleep_until(self.at(deadline));
        let is_ready = poll_once(&mut pause, &waker).is_ready();
        assert_eq!(is_ready, deadline <= self.now);
        let key = (!is_ready).then(|| self.key(deadline));
        self.waiting.extend(key.map(|key| (key, number)));
        self.sleeps.push(Some((pause, key)));
    }

    fn reset(&mut self, number: usize, deadline: u64) {
        let (instant, new) = (self.at(deadline), self.key(deadline));
        let Some(Some((pause, key))) = self.sleeps.get_mut(number) else { return };
        pause.reset(instant);
        // One that has fired, or was ready, waits for a poll.
        *key = key.take().and_then(|old| self.waiting.remove(&old)).map(|number| {
            self.waiting.insert(new, number);
            new
        });
        if key.is_none() {
            self.sleeps[number] = None;
        }
    }

    /// The clock shows `now`, and has stopped on the way if it `stopped`.
    fn check(&mut self, now: u64, stopped: bool) {
        self.now = now;
        assert_eq!(Instant::now(), self.at(now));
        let later = self.waiting.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut self.waiting, later);
        let expected: Vec<_> =
            due.into_iter().map(|((deadline, _), number)| (number, if stopped { deadline } else { now })).collect();
        assert_eq!(*self.log.lock().unwrap(), expected);
        self.log.lock().unwrap().clear();
        for (pause, key) in self.sleeps.iter().flatten() {
            assert_eq!(pause.is_elapsed(), key.is_none_or(|(deadline, _)| deadline <= now));
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Insert(span) => self.insert(self.now + span),
            Step::InsertAs(number) => {
                let number = number % (self.sleeps.len() + 1);
                if let Some(Some((pause, _))) = self.sleeps.get(number) {
                    self.insert(pause.deadline().duration_since(self.start).as_nanos() as u64);
                }
            }
            Step::Drop(number) => {
                let number = number % (self.sleeps.len() + 1);
                if let Some((_, key)) = self.sleeps.get_mut(number).and_then(Option::take) {
                    key.map(|key| self.waiting.remove(&key));
                }
            }
            Step::Reset(number, span) => self.reset(number % (self.sleeps.len() + 1), self.now + span),
            Step::Advance(span) => {
                time::advance(Duration::from_nanos(span)).await;
                self.check(self.now + span, false);
            }
            Step::Sleep(span) => {
                sleep(Duration::from_nanos(span)).await;
                self.check(self.now + span, true);
            }
        }
    }
}

async fn run(steps: &[Step]) {
    let log = Log::default();
    let mut oracle =
        Oracle { start: Instant::now(), now: 0, waiting: BTreeMap::new(), registered: 0, sleeps: Vec::new(), log };
    for &step in steps {
        oracle.take(step).await;
    }
    oracle.take(Step::Sleep(1 << 50)).await;
    assert!(oracle.waiting.is_empty());
}

#[test]
fn timers_and_a_sorted_map_agree() {
    watchdog(|| {
        let deep = std::env::var_os("FUSEE_DEEP").is_some();
        let config = ProptestConfig {
            cases: if deep { DEEP_CASES } else { CASES },
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let steps = prop::collection::vec(step(), STEPS);
        let result = runner.run(&steps, |steps| {
            for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
                builder.start_paused(true).build().unwrap().block_on(run(&steps));
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    });
}
