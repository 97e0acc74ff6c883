//! Paused time against a sorted map: any timers, polled, moved, dropped, advanced over and slept through in any order, on either flavour,
//! from clocks that begin anywhere between the runtime's start and the end of time.
//!
//! After each step both agree on the time, on what has fired, by which waker, in which order and at which moment, and on what is left. About
//! 200,000 steps a run; 10,000,000 with `FUSEE_DEEP=1`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use fusee::runtime::{Builder, Handle};
use fusee::task::unconstrained;
use fusee::time::{self, Instant, Sleep, sleep_until};
use proptest::prelude::*;

use super::support::{poll_once, watchdog};

const STEPS: usize = 250;
/// Each is run on two flavours.
const CASES: u32 = 400;
const DEEP_CASES: u32 = 20_000;

/// The last nanosecond that a clock shows. What is due later is never due.
const END: u64 = u64::MAX - 1;

/// The deadline of a timer.
#[derive(Clone, Copy, Debug)]
enum When {
    Ahead(u64),
    Past(u64),
    /// As that of the timer with this number.
    As(usize),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(When),
    /// By a new waker.
    Poll(usize),
    Reset(usize, When),
    Drop(usize),
    /// The clock jumps.
    Advance(u64),
    /// Everything waits for so long: the clock stops at each timer on the way.
    Sleep(u64),
}

/// `64^level` nanoseconds, one less or one more.
fn boundary(levels: std::ops::Range<u32>) -> impl Strategy<Value = u64> {
    (levels, 0..3u64).prop_map(|(level, more)| (1 << (6 * level)) - 1 + more)
}

fn span() -> impl Strategy<Value = u64> {
    // A huge one soon leads to the end of the clock, where little is left to try.
    prop_oneof![
        80 => 0..4u64,
        80 => 0..100_000u64,
        60 => boundary(0..9),
        1 => boundary(9..11),
        1 => any::<u64>(),
    ]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        6 => span().prop_map(When::Ahead),
        1 => span().prop_map(When::Past),
        2 => any::<usize>().prop_map(When::As),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => when().prop_map(Step::Insert),
        2 => any::<usize>().prop_map(Step::Poll),
        4 => (any::<usize>(), when()).prop_map(|(number, when)| Step::Reset(number, when)),
        3 => any::<usize>().prop_map(Step::Drop),
        2 => span().prop_map(Step::Advance),
        2 => span().prop_map(Step::Sleep),
    ]
}

fn start() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 4 => boundary(0..11), 2 => (0..1u64 << 40).prop_map(|before| END - before), 1 => 0..END]
}

/// One call of a waker: whose, by number and generation, and what the clock showed.
type Call = (usize, u64, u64);

/// A timer's deadline, and when it was registered.
type Key = (u64, u64);

/// The waker of one poll.
struct Note {
    number: usize,
    generation: u64,
    start: Instant,
    handle: Handle,
    log: Arc<Mutex<Vec<Call>>>,
}

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        let _entered = self.handle.enter();
        let now = self.start.elapsed().as_nanos() as u64;
        self.log.lock().unwrap().push((self.number, self.generation, now));
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting(Key),
    /// Moved to a time that had passed: it is fired soon.
    Overdue,
    Fired,
    /// A poll has said so, and no timer is left.
    Over,
}

struct Timer {
    pause: Sleep,
    state: State,
    /// That of the latest waker.
    generation: u64,
}

struct Oracle {
    start: Instant,
    now: u64,
    /// By number; those that were dropped are gone.
    timers: Vec<Option<Timer>>,
    waiting: BTreeMap<Key, usize>,
    /// Wakers that are called until time moves on, and those that may be.
    overdue: Vec<(usize, u64)>,
    perhaps: Vec<(usize, u64)>,
    registered: u64,
    generation: u64,
    log: Arc<Mutex<Vec<Call>>>,
}

impl Oracle {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            now: 0,
            timers: Vec::new(),
            waiting: BTreeMap::new(),
            overdue: Vec::new(),
            perhaps: Vec::new(),
            registered: 0,
            generation: 0,
            log: Arc::default(),
        }
    }

    fn at(&self, nanoseconds: u64) -> Instant {
        self.start + Duration::from_nanos(nanoseconds)
    }

    fn deadline(&self, when: When) -> u64 {
        match when {
            When::Ahead(span) => self.now.saturating_add(span),
            When::Past(span) => self.now.saturating_sub(span),
            When::As(index) => {
                let other = self.choose(index).and_then(|number| self.timers[number].as_ref());
                other.map_or(self.now, |timer| timer.pause.deadline().duration_since(self.start).as_nanos() as u64)
            }
        }
    }

    /// The number of a timer that is there.
    fn choose(&self, index: usize) -> Option<usize> {
        let index = index % self.timers.len().max(1);
        let there = |number: &usize| self.timers[*number].is_some();
        (index..self.timers.len()).chain(0..index).find(there)
    }

    fn wait(&mut self, number: usize, deadline: u64) -> State {
        self.registered += 1;
        let key = (deadline, self.registered);
        self.waiting.insert(key, number);
        State::Waiting(key)
    }

    /// Takes a timer out of what is expected.
    fn forget(&mut self, number: usize, timer: &Timer) {
        match timer.state {
            State::Waiting(key) => assert_eq!(self.waiting.remove(&key), Some(number)),
            State::Overdue => {
                self.overdue.retain(|&call| call != (number, timer.generation));
                self.perhaps.push((number, timer.generation));
            }
            State::Fired | State::Over => {}
        }
    }

    fn poll(&mut self, number: usize, timer: &mut Timer) {
        self.generation += 1;
        let (generation, start, handle) = (self.generation, self.start, Handle::current());
        let waker = Waker::from(Arc::new(Note { number, generation, start, handle, log: self.log.clone() }));
        let is_ready = poll_once(&mut timer.pause, &waker).is_ready();
        if is_ready {
            self.forget(number, timer);
            timer.state = State::Over;
        }
        timer.generation = generation;
        assert_eq!(is_ready, !matches!(timer.state, State::Waiting(_)));
    }

    fn insert(&mut self, deadline: u64) {
        let number = self.timers.len();
        let mut timer = Timer { pause: sleep_until(self.at(deadline)), state: State::Over, generation: 0 };
        if deadline > self.now {
            timer.state = self.wait(number, deadline);
        }
        self.poll(number, &mut timer);
        self.timers.push(Some(timer));
    }

    fn reset(&mut self, number: usize, deadline: u64, timer: &mut Timer) {
        timer.pause.reset(self.at(deadline));
        let waited = matches!(timer.state, State::Waiting(_));
        self.forget(number, timer);
        timer.state = match deadline > self.now {
            true => self.wait(number, deadline),
            false if waited => State::Overdue,
            false => State::Over,
        };
        match timer.state {
            State::Overdue => self.overdue.push((number, timer.generation)),
            // Whoever was woken, or may have been, polls.
            _ if !waited => self.poll(number, timer),
            _ => {}
        }
    }

    /// The clock shows `now`, and has stopped on the way if it `stopped`.
    fn check(&mut self, now: u64, stopped: bool) {
        let before = std::mem::replace(&mut self.now, now);
        let mut calls = std::mem::take(&mut *self.log.lock().unwrap()).into_iter().peekable();
        // Those of the past come first, on the way or as soon as they were moved there.
        while let Some(&(number, generation, shown)) = calls.peek() {
            if let Some(at) = self.perhaps.iter().position(|&call| call == (number, generation)) {
                self.perhaps.swap_remove(at);
            } else if let Some(at) = self.overdue.iter().position(|&call| call == (number, generation)) {
                self.overdue.swap_remove(at);
                self.timers[number].as_mut().expect("it is there").state = State::Fired;
            } else {
                break;
            }
            assert!(shown == before || shown == now && !stopped);
            calls.next();
        }
        assert_eq!(self.overdue, []);
        self.perhaps.clear();
        let later = self.waiting.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut self.waiting, later).into_iter();
        let expected: Vec<Call> = due
            .map(|((deadline, _), number)| {
                let timer = self.timers[number].as_mut().expect("what waits is there");
                timer.state = State::Fired;
                (number, timer.generation, if stopped { deadline } else { now })
            })
            .collect();
        assert_eq!(calls.collect::<Vec<_>>(), expected);
    }

    /// What holds after every step.
    fn compare(&self) {
        assert_eq!(Instant::now(), self.at(self.now));
        let mut live = 0;
        for timer in self.timers.iter().flatten() {
            assert_eq!(timer.pause.is_elapsed(), !matches!(timer.state, State::Waiting(_)));
            live += usize::from(timer.state != State::Over);
        }
        assert_eq!(Handle::current().metrics().timers_live(), live);
    }

    async fn take(&mut self, step: Step) {
        let taken = |oracle: &mut Self, index| {
            let number = oracle.choose(index)?;
            Some((number, oracle.timers[number].take()?))
        };
        match step {
            Step::Insert(when) => self.insert(self.deadline(when)),
            Step::Poll(index) => {
                if let Some((number, mut timer)) = taken(self, index) {
                    self.poll(number, &mut timer);
                    self.timers[number] = Some(timer);
                }
            }
            Step::Reset(index, when) => {
                let deadline = self.deadline(when);
                if let Some((number, mut timer)) = taken(self, index) {
                    self.reset(number, deadline, &mut timer);
                    self.timers[number] = Some(timer);
                }
            }
            Step::Drop(index) => {
                if let Some((number, timer)) = taken(self, index) {
                    self.forget(number, &timer);
                }
            }
            Step::Advance(span) => {
                let now = self.now.saturating_add(span).min(END);
                time::advance(Duration::from_nanos(now - self.now)).await;
                self.check(now, false);
            }
            Step::Sleep(span) => {
                let now = self.now.saturating_add(span).min(END);
                sleep_until(self.at(now)).await;
                // One that is over already gives the driver no time to fire anything.
                if now > self.now {
                    self.check(now, true);
                }
            }
        }
    }
}

async fn run(start: u64, steps: &[Step]) {
    let mut oracle = Oracle::new();
    oracle.take(Step::Advance(start)).await;
    for &step in steps {
        oracle.take(step).await;
        oracle.compare();
    }
    oracle.take(Step::Sleep(END)).await;
    oracle.compare();
    assert!(oracle.waiting.keys().all(|&(deadline, _)| deadline > END));
}

#[test]
fn timers_and_a_sorted_map_agree() {
    watchdog(|| {
        let cases = if std::env::var_os("FUSEE_DEEP").is_some() { DEEP_CASES } else { CASES };
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let steps = prop::collection::vec(step(), STEPS);
        let result = runner.run(&(start(), steps), |(start, steps)| {
            for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
                // No poll is refused for want of budget: what is asked for is what is there.
                builder.start_paused(true).build().unwrap().block_on(unconstrained(run(start, &steps)));
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    });
}
