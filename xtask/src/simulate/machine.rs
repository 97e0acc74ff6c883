//! The machine that is simulated: workers, queues, lines and threads, and the order of events.
//!
//! Each actor, a worker or a thread that is none, has a stack of [`Step`]s. An event takes the topmost one, which does one thing at that
//! moment: one access to a line that others may have, as a rule. It answers when it is through, and that is the actor's next event. Events
//! at the same moment come in the order in which they were made, so that a seed and a load say everything about a run.
//!
//! Deliberately not here: what the steps do (`worker.rs`, `idle.rs`, `poll.rs`).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Nanos;
use super::costs::{CORES, Costs, Line};
use super::load::{Kind, Load};
use super::outcome::Outcome;
use super::policy::Policy;

/// One step of an actor. Those of the same file in `src/` stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    // `worker/search.rs`
    Next,
    PopInjector,
    Local,
    LookAtInjector { round: Option<u8> },
    TakeBatch { round: Option<u8>, seen: u64 },
    BeginSearch { turns: u8 },
    CountSearch,
    BeginRounds,
    Steal { round: u8, start: usize, offset: usize },
    LookAgain { round: u8, start: usize, offset: usize },
    TakeHalf { round: u8, start: usize, offset: usize, seen: u64 },
    Found { task: usize },
    // `idle/mod.rs`
    LastLook { at: usize, is_last: bool },
    Notify,
    Claim { word: usize, left: usize },
    CountClaimed { worker: usize, left: usize },
    Unpark { worker: usize },
    SetBit,
    LeaveSearch,
    AskAgain { at: usize },
    AskLeave,
    Retract { blocks: bool },
    Block,
    // `task/`, `scheduler/membership.rs` and `scheduler/references.rs`
    Begin { task: usize },
    Work { nanos: Nanos },
    Spawn { kind: Kind, awaits: Option<usize> },
    SpawnMany { left: u32, work: Nanos },
    Send { to: usize },
    Await { task: usize },
    Wake { task: usize },
    Push { task: usize },
    PushNew { task: usize },
    WatchSlot,
    Enqueue { task: usize, notifies: bool },
    Inject { task: usize },
    Settle { task: usize },
    Pending { task: usize },
    Leave { task: usize },
    Complete { task: usize },
    Free { task: usize },
    // The thread that is no worker.
    Feed { left: u32 },
}

/// Where a worker is that may be asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Empty,
    Parked,
    Notified,
}

pub(super) struct Worker {
    pub(super) searching: bool,
    /// How many tasks it took when it last took some from elsewhere.
    pub(super) batch: usize,
    /// That came from outside, or was a full batch.
    pub(super) is_fed: bool,
    pub(super) polls: u64,
    /// Its polls when it searched last.
    pub(super) searched: u64,
    /// The last of the rounds that it searches.
    pub(super) last_round: u8,
    pub(super) slot: Option<usize>,
    pub(super) slot_run: u32,
    pub(super) slot_line: Line,
    pub(super) queue: VecDeque<usize>,
    /// The deque's two ends, which share a line.
    pub(super) ends: Line,
    /// Tasks taken from the queue so far: a thief that has seen fewer loses the race.
    pub(super) popped: u64,
    /// References to the scheduler that it has borrowed and given to no task.
    pub(super) credit: usize,
    pub(super) random: u32,
    pub(super) token: Token,
    pub(super) signal: Line,
    pub(super) looked: Nanos,
    /// Since when it is awake, and its polls then.
    pub(super) awake: (Nanos, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Queued,
    Running,
    Woken,
    Complete,
}

pub(super) struct Task {
    pub(super) kind: Kind,
    pub(super) state: State,
    pub(super) header: Line,
    /// In whose list it is, or was; none before it has entered one.
    pub(super) list: Option<usize>,
    pub(super) queued_at: Nanos,
    /// Its neighbours in that list.
    pub(super) previous: Option<usize>,
    pub(super) next: Option<usize>,
    /// The tasks that it awaits, in order.
    pub(super) children: [Option<usize>; 2],
    pub(super) is_awaited: bool,
    pub(super) joiner: Option<usize>,
    /// Messages that it has not received yet.
    pub(super) mail: u32,
}

/// A list of live tasks, and, if each task is counted, the count of those that were spawned where it is.
#[derive(Default)]
pub(super) struct List {
    pub(super) lock: Line,
    pub(super) held_until: Nanos,
    pub(super) head: Option<usize>,
    pub(super) references: Line,
}

#[derive(Default)]
pub(super) struct Injector {
    pub(super) queue: VecDeque<usize>,
    pub(super) head: Line,
    pub(super) tail: Line,
    pub(super) popped: u64,
}

#[derive(Default)]
pub(super) struct Idle {
    pub(super) searching: usize,
    /// The count of searchers; unless the policy pads it, the pointer to the workers lies beside it.
    pub(super) count: Line,
    /// The pointer to the workers, if it lies elsewhere.
    pub(super) pointer: Line,
    pub(super) parked: Vec<u64>,
    pub(super) bits: Line,
}

pub(super) struct Machine {
    pub(super) costs: Costs,
    pub(super) policy: Policy,
    pub(super) now: Nanos,
    events: BinaryHeap<Reverse<(Nanos, u64, usize)>>,
    sequence: u64,
    /// Whether an actor has an event to come.
    is_due: Vec<bool>,
    pub(super) stacks: Vec<Vec<Step>>,
    pub(super) workers: Vec<Worker>,
    pub(super) tasks: Vec<Task>,
    /// What the foreign thread spawns.
    pub(super) fed: Kind,
    /// One for each worker, and one for foreign threads.
    pub(super) lists: Vec<List>,
    pub(super) injector: Injector,
    pub(super) idle: Idle,
    pub(super) watch: Line,
    /// How many references are lent.
    pub(super) lent: Line,
    /// The tasks that foreign threads have spawned.
    pub(super) foreign: Line,
    pub(super) counter: Line,
    pub(super) period: Nanos,
    pub(super) random: fastrand::Rng,
    pub(super) live: u64,
    pub(super) started: Option<Nanos>,
    pub(super) outcome: Outcome,
}

impl Machine {
    pub(super) fn new(workers: usize, load: Load, policy: Policy, costs: Costs, seed: u64) -> Self {
        assert!(workers < CORES, "a line knows {CORES} cores");
        let (count, kind, period) = load.feed();
        let mut machine = Self {
            costs,
            policy,
            now: 0,
            events: BinaryHeap::new(),
            sequence: 0,
            is_due: vec![false; workers + 1],
            stacks: vec![Vec::new(); workers + 1],
            workers: (0..workers).map(Worker::new).collect(),
            tasks: Vec::new(),
            fed: kind,
            lists: (0..=workers).map(|_| List::default()).collect(),
            injector: Injector::default(),
            idle: Idle { parked: vec![0; workers.div_ceil(64)], ..Idle::default() },
            watch: Line::default(),
            lent: Line::default(),
            foreign: Line::default(),
            counter: Line::default(),
            period,
            random: fastrand::Rng::with_seed(seed),
            live: 0,
            started: None,
            outcome: Outcome::default(),
        };
        machine.seat(load.seed());
        if count > 0 {
            machine.resume(workers, 0, Step::Feed { left: count });
        }
        machine
    }

    /// All workers are asleep; or each has a task of this kind in its queue, and is about to find it.
    fn seat(&mut self, kind: Option<Kind>) {
        for worker in 0..self.workers.len() {
            if let Some(kind) = kind {
                let task = self.new_task(worker, kind);
                self.workers[worker].queue.push_back(task);
                self.resume(worker, 0, Step::Next);
            } else {
                self.idle.parked[worker / 64] |= 1 << (worker % 64);
                self.workers[worker].token = Token::Parked;
            }
        }
    }

    /// Runs until nothing is left to happen.
    pub(super) fn run(mut self) -> Outcome {
        while self.happen() {}
        self.outcome.lost = self.live;
        self.outcome.took_part = self.workers.iter().filter(|worker| worker.polls > 0).count();
        if self.outcome.took_part < self.workers.len() {
            self.outcome.spread = None;
        }
        self.outcome
    }

    /// Has the next event happen. False if there is none.
    pub(super) fn happen(&mut self) -> bool {
        let Some(Reverse((at, _, actor))) = self.events.pop() else { return false };
        debug_assert!(at >= self.now, "time goes on");
        self.now = at;
        self.is_due[actor] = false;
        while let Some(step) = self.stacks[actor].pop() {
            let done = self.take(actor, step);
            if self.stacks[actor].is_empty() {
                // It waits to be resumed.
                return true;
            }
            let is_next = self.events.peek().is_none_or(|Reverse((other, ..))| done < *other);
            if !is_next {
                self.schedule(actor, done);
                return true;
            }
            self.now = done;
        }
        true
    }

    /// `actor` goes on with its stack at that moment.
    pub(super) fn schedule(&mut self, actor: usize, at: Nanos) {
        debug_assert!(!self.is_due[actor], "an actor does one thing at a time");
        self.is_due[actor] = true;
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, actor)));
    }

    /// `actor`, which has nothing to do, takes this step at that moment.
    pub(super) fn resume(&mut self, actor: usize, at: Nanos, step: Step) {
        self.stacks[actor].push(step);
        self.schedule(actor, at);
    }

    /// `actor` takes this step next.
    pub(super) fn then(&mut self, actor: usize, step: Step) {
        self.stacks[actor].push(step);
    }

    pub(super) fn is_worker(&self, actor: usize) -> bool {
        actor < self.workers.len()
    }

    /// Whether some queue holds a task; what [`Step::AskAgain`] asks one by one.
    #[cfg(test)]
    pub(super) fn has_work(&self) -> bool {
        !self.injector.queue.is_empty() || self.workers.iter().any(|worker| !worker.queue.is_empty())
    }

    /// Takes one step at `now`: until when it takes.
    fn take(&mut self, actor: usize, step: Step) -> Nanos {
        match step {
            Step::Next
            | Step::PopInjector
            | Step::Local
            | Step::LookAtInjector { .. }
            | Step::TakeBatch { .. }
            | Step::BeginSearch { .. }
            | Step::CountSearch
            | Step::BeginRounds
            | Step::Steal { .. }
            | Step::LookAgain { .. }
            | Step::TakeHalf { .. }
            | Step::Found { .. } => self.search(actor, step),
            Step::LastLook { .. }
            | Step::Notify
            | Step::Claim { .. }
            | Step::CountClaimed { .. }
            | Step::Unpark { .. }
            | Step::SetBit
            | Step::LeaveSearch
            | Step::AskAgain { .. }
            | Step::AskLeave
            | Step::Retract { .. }
            | Step::Block => self.wait(actor, step),
            _ => self.poll(actor, step),
        }
    }
}

impl Worker {
    fn new(index: usize) -> Self {
        Self {
            searching: false,
            batch: 0,
            is_fed: false,
            polls: 0,
            searched: 0,
            last_round: 0,
            slot: None,
            slot_run: 0,
            slot_line: Line::of(index),
            queue: VecDeque::new(),
            ends: Line::of(index),
            popped: 0,
            credit: 0,
            // As in `worker/mod.rs`.
            random: (index as u32).wrapping_mul(0x9E37_79B9) | 1,
            token: Token::Empty,
            signal: Line::of(index),
            looked: 0,
            awake: (0, 0),
        }
    }
}
