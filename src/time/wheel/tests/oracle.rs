//! The wheel against a sorted map: any operations in any order, for any tick and any start of the clock.
//!
//! After each operation both must agree on what has fired, in which order, what is next, and how many there are.
//! About 200,000 operations a run; 10,000,000 with `FUSEE_DEEP=1`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Key, Wheel, assert_consistent};

const OPERATIONS: usize = 500;
const CASES: u32 = 400;
const DEEP_CASES: u32 = 20_000;

/// Timers that come at once, with the tide.
const FLOOD: usize = 2_500;

/// A time, by its distance from now.
#[derive(Clone, Copy, Debug)]
enum When {
    Past(u64),
    /// `64^level + ticks` ticks and `nanos` ahead.
    Ahead {
        level: u32,
        ticks: i32,
        nanos: i32,
    },
    At(u64),
    /// As the entry of this number.
    As(usize),
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Insert(When),
    Remove(usize),
    Reset(usize, When),
    Fire(usize),
    Expire(When, usize),
    /// Batches of this size until nothing is left.
    ExpireInBatches(When, usize),
    ExpireAtNext,
    TakeAll(usize),
    /// More timers than storage that is allocated at once has room for; or if there are as many, all go but one in so many.
    Tide(When, usize),
}

fn level() -> impl Strategy<Value = u32> {
    // A high level soon leads to the end of the clock, where little is left to try.
    prop_oneof![100 => 0..5u32, 1 => 5..11u32]
}

fn when() -> impl Strategy<Value = When> {
    let ahead = (level(), -1..=1i32, -1..=1i32).prop_map(|(level, ticks, nanos)| When::Ahead { level, ticks, nanos });
    let near = (0..70i32, -1..=1i32).prop_map(|(ticks, nanos)| When::Ahead { level: 0, ticks, nanos });
    let at = prop_oneof![Just(u64::MAX), Just(0), any::<u64>(), (0..64u32).prop_map(|shift| u64::MAX << shift)];
    prop_oneof![
        2 => (0..1u64 << 24).prop_map(When::Past),
        8 => ahead,
        8 => near,
        1 => at.prop_map(When::At),
        4 => any::<usize>().prop_map(When::As),
    ]
}

fn step() -> impl Strategy<Value = When> {
    let ahead = (level(), -1..=1i32, -1..=1i32).prop_map(|(level, ticks, nanos)| When::Ahead { level, ticks, nanos });
    prop_oneof![
        2 => Just(When::Past(0)),
        1 => (0..1u64 << 24).prop_map(When::Past),
        2 => ahead,
        4 => (-1..3i32).prop_map(|ticks| When::Ahead { level: 0, ticks, nanos: 0 }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let limit = prop_oneof![3 => 0..8usize, 2 => Just(usize::MAX)];
    prop_oneof![
        100 => when().prop_map(Operation::Insert),
        35 => any::<usize>().prop_map(Operation::Remove),
        30 => (any::<usize>(), when()).prop_map(|(index, when)| Operation::Reset(index, when)),
        10 => any::<usize>().prop_map(Operation::Fire),
        40 => (step(), limit).prop_map(|(step, limit)| Operation::Expire(step, limit)),
        10 => (step(), 1..8usize).prop_map(|(step, limit)| Operation::ExpireInBatches(step, limit)),
        20 => Just(Operation::ExpireAtNext),
        1 => (0..20usize).prop_map(Operation::TakeAll),
        1 => (when(), 1..2000usize).prop_map(|(when, step)| Operation::Tide(when, step)),
    ]
}

fn start() -> impl Strategy<Value = When> {
    let boundary = (0..11u32, -1..=1i32, -1..=1i32);
    let boundary = boundary.prop_map(|(level, ticks, nanos)| When::Ahead { level, ticks, nanos });
    let end = (0..1u64 << 40).prop_map(|before| When::At(u64::MAX - before));
    prop_oneof![4 => boundary, 1 => end, 1 => any::<u64>().prop_map(When::At)]
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    key: Key,
    deadline: u64,
    /// Its place in the map, as long as it is pending.
    sequence: u64,
    fired: bool,
    /// What it is ordered by among all that fire; none if it was already due while a batch was unfinished.
    rank: Option<(u64, u64)>,
}

/// The wheel and the map side by side. The payloads are indices into `timers`.
struct Pair {
    wheel: Wheel<usize>,
    tick_shift: u32,
    now: u64,
    /// Whether the last expiry came to its end.
    settled: bool,
    timers: Vec<Timer>,
    /// Timers not yet removed.
    live: Vec<usize>,
    pending: BTreeMap<(u64, u64), usize>,
    sequence: u64,
    last_fired: Option<(u64, u64)>,
}

impl Pair {
    fn new(start: When, tick_shift: u32) -> Self {
        let mut pair = Self {
            wheel: Wheel::with_tick_shift(0, tick_shift),
            tick_shift,
            now: 0,
            settled: true,
            timers: Vec::new(),
            live: Vec::new(),
            pending: BTreeMap::new(),
            sequence: 0,
            last_fired: None,
        };
        pair.now = pair.time(start);
        pair.wheel = Wheel::with_tick_shift(pair.now, tick_shift);
        pair
    }

    fn time(&self, when: When) -> u64 {
        match when {
            When::Past(nanos) => self.now.saturating_sub(nanos),
            When::Ahead { level, ticks, nanos } => {
                let span = ((1i128 << (6 * level)) + i128::from(ticks)) << self.tick_shift;
                let time = i128::from(self.now) + span + i128::from(nanos);
                time.clamp(0, i128::from(u64::MAX)) as u64
            }
            When::At(time) => time,
            When::As(index) => self.choose(index).map_or(self.now, |timer| self.timers[timer].deadline),
        }
    }

    fn choose(&self, index: usize) -> Option<usize> {
        (!self.live.is_empty()).then(|| self.live[index % self.live.len()])
    }

    fn rounded(&self, deadline: u64) -> u128 {
        u128::from(deadline).next_multiple_of(1 << self.tick_shift)
    }

    fn register(&mut self, index: usize, deadline: u64) {
        self.sequence += 1;
        let (tick, elapsed) = ((self.rounded(deadline) >> self.tick_shift) as u64, self.now >> self.tick_shift);
        let timer = &mut self.timers[index];
        timer.deadline = deadline;
        timer.sequence = self.sequence;
        timer.rank = (self.settled || tick > elapsed).then_some((tick.max(elapsed), self.sequence));
        self.pending.insert((deadline, self.sequence), index);
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Insert(when) => self.insert(self.time(when)),
            Operation::Remove(index) => {
                let Some(index) = self.choose(index) else { return };
                self.remove(index);
                self.live.retain(|&live| live != index);
            }
            Operation::Reset(index, when) => {
                let Some(index) = self.choose(index) else { return };
                let (timer, deadline) = (self.timers[index], self.time(when));
                assert_eq!(self.wheel.reset(timer.key, deadline), !timer.fired);
                if !timer.fired {
                    self.pending.remove(&(timer.deadline, timer.sequence));
                    self.register(index, deadline);
                }
            }
            Operation::Fire(index) => {
                let Some(index) = self.choose(index) else { return };
                let timer = self.timers[index];
                assert_eq!(self.wheel.fire(timer.key), (!timer.fired).then_some(index));
                if !timer.fired {
                    self.forget(index);
                }
            }
            Operation::Expire(when, limit) => _ = self.expire(self.time(when), limit),
            Operation::ExpireInBatches(when, limit) => self.expire_in_batches(self.time(when), limit),
            Operation::ExpireAtNext => self.expire_at_next(),
            Operation::TakeAll(limit) => self.take_all(limit),
            Operation::Tide(when, _) if self.live.len() < FLOOD => {
                let first = self.time(when);
                (0..FLOOD as u64).for_each(|n| self.insert(first.saturating_add(n << self.tick_shift)));
            }
            Operation::Tide(_, step) => {
                let (kept, gone): (_, Vec<_>) =
                    std::mem::take(&mut self.live).into_iter().partition(|index| index % step == 0);
                self.live = kept;
                gone.into_iter().for_each(|index| self.remove(index));
            }
        }
    }

    fn insert(&mut self, deadline: u64) {
        let index = self.timers.len();
        let key = self.wheel.insert(deadline, index);
        self.timers.push(Timer { key, deadline, sequence: 0, fired: false, rank: None });
        self.live.push(index);
        self.register(index, deadline);
    }

    /// The caller takes it out of `live`.
    fn remove(&mut self, index: usize) {
        let timer = self.timers[index];
        assert_eq!(self.wheel.remove(timer.key), (!timer.fired).then_some(index));
        self.pending.remove(&(timer.deadline, timer.sequence));
    }

    /// Both expire; how many fired.
    fn expire(&mut self, now: u64, limit: usize) -> usize {
        let mut fired = Vec::new();
        let more = self.wheel.expire(now, limit, |index| fired.push(index));
        assert!(fired.len() <= limit, "the limit is kept");
        assert!(!more || limit < usize::MAX, "no limit, nothing left");
        // What an unfinished batch has yet to do may be out of reach of an earlier clock.
        self.settled = !more && (now >= self.now || self.settled);
        self.now = self.now.max(now);
        for &index in &fired {
            let timer = self.timers[index];
            assert!(self.rounded(timer.deadline) <= u128::from(self.now), "never early");
            if let Some(rank) = timer.rank {
                assert!(self.last_fired < Some(rank), "in the order of ticks and registration");
                self.last_fired = Some(rank);
            }
            self.forget(index);
        }
        if self.settled {
            assert!(self.next().is_none_or(|next| next > u128::from(self.now)), "never more than a tick late");
        }
        fired.len()
    }

    /// Each batch but the last does as much as its limit says: an entry is moved once a level at most, and fired once.
    fn expire_in_batches(&mut self, now: u64, limit: usize) {
        let now = now.max(self.now);
        let most = self.pending.len() * (u64::BITS as usize).div_ceil(6) / limit;
        for batch in 0.. {
            self.expire(now, limit);
            if self.settled {
                break;
            }
            assert!(batch <= most, "progress");
        }
    }

    fn expire_at_next(&mut self) {
        let Some(next) = self.wheel.next_expiry() else { return };
        let fired = self.expire(next.max(self.now), usize::MAX);
        let later = self.wheel.next_expiry().is_none_or(|later| later > next);
        assert!(fired > 0 || later, "progress");
    }

    fn take_all(&mut self, limit: usize) {
        let mut fired = Vec::new();
        let more = self.wheel.take_all(limit, |index| fired.push(index));
        assert_eq!(fired.len(), limit.min(self.pending.len()));
        fired.into_iter().for_each(|index| self.forget(index));
        assert_eq!(more, !self.pending.is_empty());
    }

    /// Notes that a timer has fired.
    fn forget(&mut self, index: usize) {
        let timer = &mut self.timers[index];
        assert!(!timer.fired, "once");
        timer.fired = true;
        assert_eq!(self.pending.remove(&(timer.deadline, timer.sequence)), Some(index), "and only what is pending");
    }

    /// The earliest deadline, rounded up.
    fn next(&self) -> Option<u128> {
        self.pending.first_key_value().map(|(&(deadline, _), _)| self.rounded(deadline))
    }

    fn compare(&mut self) {
        assert_eq!(self.wheel.len(), self.live.len());
        let (next, true_next) = (self.wheel.next_expiry(), self.next().and_then(|next| u64::try_from(next).ok()));
        assert_eq!(next.is_some(), true_next.is_some());
        assert!(next <= true_next, "no later than the earliest");
        #[cfg(feature = "test-util")]
        {
            let exact = self.wheel.earliest_due();
            assert!(
                exact == true_next || exact == Some(0) && true_next <= Some(self.now),
                "{exact:?}, not {true_next:?}"
            );
        }
        if self.settled && true_next > Some(self.now) {
            assert!(next > Some(self.now), "nothing to do now");
        }
        if let Some(&index) = self.live.last() {
            let timer = self.timers[index];
            assert_eq!(self.wheel.is_fired(timer.key), timer.fired);
            assert_eq!(self.wheel.get_mut(timer.key).copied(), (!timer.fired).then_some(index));
        }
    }
}

#[test]
fn agrees_with_a_sorted_map() {
    let cases = if std::env::var_os("FUSEE_DEEP").is_some() { DEEP_CASES } else { CASES };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let operations = prop::collection::vec(operation(), OPERATIONS);
    let shift = prop_oneof![10..=20u32, Just(0)];
    proptest!(config, |(start in start(), shift in shift, operations in operations)| {
        let mut pair = Pair::new(start, shift);
        for (count, operation) in operations.into_iter().enumerate() {
            pair.apply(operation);
            pair.compare();
            if count % 50 == 0 {
                assert_eq!(assert_consistent(&pair.wheel), pair.pending.len(), "what is pending is listed, once");
            }
        }
        pair.expire(u64::MAX, usize::MAX);
        pair.compare();
        pair.take_all(usize::MAX);
    });
}
