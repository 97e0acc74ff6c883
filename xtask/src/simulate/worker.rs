//! Where a worker finds its next task, step by step as in `src/scheduler/worker/search.rs`.

use super::Nanos;
use super::machine::{Machine, Step};
use super::policy::{FULL, Victim};

/// As `search.rs` has it.
const SLOT_RUN: u32 = 3;

/// The default of `Builder::global_queue_interval`.
const INJECTOR_INTERVAL: u64 = 61;

/// As `timing.rs` has it.
const LOOK_NANOS: Nanos = 100_000;

/// As `queue.rs` has it.
const INJECTOR_BATCH: usize = 32;

/// As `search.rs` has it.
const BUSY_POLLS: u64 = 16;

/// How long a worker waits before it asks again whether it may search, if it does.
const TURN: Nanos = 1_000;

/// Tasks in one block of the injector: a batch ends with its block.
const BLOCK: u64 = 63;

impl Machine {
    /// Takes a step on the way to the next task: until when it takes.
    pub(super) fn search(&mut self, actor: usize, step: Step) -> Nanos {
        match step {
            Step::Next => self.next(actor),
            Step::PopInjector => self.pop_injector(actor),
            Step::Local => self.local(actor),
            Step::LookAtInjector { round } => self.look_at_injector(actor, round),
            Step::TakeBatch { round, seen } => self.take_batch(actor, round, seen),
            Step::BeginSearch { turns } => self.begin_search(actor, turns),
            Step::CountSearch => {
                self.idle.searching += 1;
                self.workers[actor].searching = true;
                self.then(actor, Step::BeginRounds);
                self.idle.count.write(actor, self.now, &self.costs)
            }
            Step::BeginRounds => self.begin_rounds(actor),
            Step::Steal { round, start, offset } => self.steal(actor, round, start, offset),
            Step::LookAgain { round, start, offset } => self.look_again(actor, round, start, offset),
            Step::TakeHalf { round, start, offset, seen } => self.take_half(actor, round, start, offset, seen),
            Step::Found { task } => self.found(actor, task),
            _ => unreachable!("{step:?} is another file's"),
        }
    }

    fn next(&mut self, actor: usize) -> Nanos {
        let worker = &mut self.workers[actor];
        let looks = self.now - worker.looked >= LOOK_NANOS;
        let mut done = self.now;
        if looks {
            worker.looked = self.now;
            done += self.costs.clock;
        }
        let first = looks || worker.polls.is_multiple_of(INJECTOR_INTERVAL);
        self.then(actor, Step::Local);
        if first {
            done = self.injector.head.read(actor, done, &self.costs);
            done = self.injector.tail.read(actor, done, &self.costs);
            if !self.injector.queue.is_empty() {
                self.then(actor, Step::PopInjector);
            }
        }
        done
    }

    /// Instead of its own tasks it runs one from outside.
    fn pop_injector(&mut self, actor: usize) -> Nanos {
        let Some(task) = self.injector.queue.pop_front() else { return self.now };
        self.injector.popped += 1;
        let own = self.stacks[actor].pop();
        debug_assert_eq!(own, Some(Step::Local), "one task is enough");
        self.then(actor, Step::Found { task });
        if !self.workers[actor].queue.is_empty() {
            self.then(actor, Step::Notify);
        }
        self.injector.head.write(actor, self.now, &self.costs) + self.costs.copy
    }

    /// The slot, the queue, the slot once more.
    fn local(&mut self, actor: usize) -> Nanos {
        let mut done = self.read_pointer(actor, self.now);
        let worker = &mut self.workers[actor];
        let turns = worker.slot_run < SLOT_RUN && worker.slot.is_some();
        if !turns {
            worker.slot_run = 0;
            done = worker.ends.read(actor, done, &self.costs);
            if let Some(task) = worker.queue.pop_front() {
                worker.popped += 1;
                let mut done = worker.ends.write(actor, done, &self.costs);
                self.then(actor, Step::Found { task });
                if self.policy.passes_over
                    && let Some(passed) = self.workers[actor].slot.take()
                {
                    done = self.workers[actor].slot_line.write(actor, done, &self.costs);
                    self.then(actor, Step::Enqueue { task: passed, notifies: true });
                }
                return done;
            }
        }
        if let Some(task) = worker.slot.take() {
            worker.slot_run += 1;
            let done = worker.slot_line.write(actor, done, &self.costs);
            self.then(actor, Step::Found { task });
            return done;
        }
        self.then(actor, Step::LookAtInjector { round: None });
        done
    }

    /// In the course of a search, or right before it.
    fn look_at_injector(&mut self, actor: usize, round: Option<u8>) -> Nanos {
        let done = self.injector.head.read(actor, self.now, &self.costs);
        let done = self.injector.tail.read(actor, done, &self.costs) + self.costs.fence;
        match round {
            _ if !self.injector.queue.is_empty() => {
                self.then(actor, Step::TakeBatch { round, seen: self.injector.popped });
            }
            None => self.then(actor, Step::BeginSearch { turns: self.policy.turns }),
            Some(round) => return done + self.after_round(actor, round),
        }
        done
    }

    /// Begins the next round, if there is one, and answers for how long to wait before.
    fn after_round(&mut self, actor: usize, round: u8) -> Nanos {
        let last = self.workers[actor].last_round;
        if round == last {
            self.then(actor, Step::SetBit);
            return 0;
        }
        self.begin_round(actor, round + 1);
        // Not before the last look, which is none of the rounds.
        let is_round = round + 1 < last || !self.policy.leaves_lone;
        if is_round && round + 1 >= self.policy.rounds { self.costs.pause } else { 0 }
    }

    fn take_batch(&mut self, actor: usize, round: Option<u8>, seen: u64) -> Nanos {
        let mut done = self.injector.head.write(actor, self.now, &self.costs);
        if seen != self.injector.popped || self.injector.queue.is_empty() {
            self.outcome.retries += 1;
            if let Some(round) = round.filter(|_| self.policy.gives_up) {
                self.after_round(actor, round);
                return done;
            }
            self.then(actor, Step::LookAtInjector { round });
            return done + self.costs.pause;
        }
        let length = self.injector.queue.len();
        let in_block = (BLOCK - self.injector.popped % BLOCK) as usize;
        let batch = if length > in_block { in_block } else { length.div_ceil(2) }.min(INJECTOR_BATCH);
        let mut taken = self.injector.queue.drain(..batch);
        let first = taken.next();
        self.workers[actor].queue.extend(taken);
        self.workers[actor].batch = batch;
        self.workers[actor].is_fed = true;
        self.injector.popped += batch as u64;
        done += batch as u64 * self.costs.copy + self.costs.fence;
        if let Some(task) = first {
            self.then(actor, Step::Found { task });
        }
        if batch > 1 {
            done = self.workers[actor].ends.write(actor, done, &self.costs);
        }
        if round.is_none() && batch > 1 {
            self.then(actor, Step::Notify);
        }
        done
    }

    /// Counts the worker as searching, if it may, and else lets it wait for its turn so many times before it parks.
    fn begin_search(&mut self, actor: usize, turns: u8) -> Nanos {
        if self.workers[actor].searching {
            self.then(actor, Step::BeginRounds);
            return self.now;
        }
        let may = self.policy.may_search(self.idle.searching, self.workers.len());
        let done = self.idle.count.read(actor, self.now, &self.costs);
        let (step, pause) = match (may, turns.checked_sub(1)) {
            (true, _) => (Step::CountSearch, 0),
            (false, Some(turns)) => (Step::BeginSearch { turns }, TURN),
            (false, None) => (Step::SetBit, 0),
        };
        self.then(actor, step);
        done + pause
    }

    /// Decides how often to look, more often if others gave it much to do lately.
    fn begin_rounds(&mut self, actor: usize) -> Nanos {
        let fed_rounds = self.policy.fed_rounds(self.workers.len());
        let worker = &mut self.workers[actor];
        let since = worker.polls - std::mem::replace(&mut worker.searched, worker.polls);
        let rounds = if since >= BUSY_POLLS && worker.is_fed { fed_rounds } else { self.policy.rounds };
        // Behind the rounds that leave lone tasks comes a last look that takes them.
        worker.last_round = if self.policy.leaves_lone { rounds } else { rounds - 1 };
        self.begin_round(actor, 0);
        self.now
    }

    fn begin_round(&mut self, actor: usize, round: u8) {
        let random = self.next_random(actor) as usize;
        let start = match self.policy.victim {
            Victim::Neighbour => actor,
            Victim::Rotating | Victim::Random => random % self.workers.len(),
        };
        self.then(actor, Step::Steal { round, start, offset: 0 });
    }

    /// Looks at one victim's queue.
    fn steal(&mut self, actor: usize, round: u8, start: usize, offset: usize) -> Nanos {
        if offset == self.workers.len() {
            self.then(actor, Step::LookAtInjector { round: Some(round) });
            return self.now;
        }
        let victim = (start + offset) % self.workers.len();
        let after = match self.policy.victim {
            Victim::Random => self.next_random(actor) as usize % self.workers.len() + self.workers.len() - offset - 1,
            Victim::Rotating | Victim::Neighbour => start,
        };
        self.then(actor, Step::Steal { round, start: after, offset: offset + 1 });
        if victim == actor {
            return self.now;
        }
        self.outcome.steal_tries += 1;
        let done = self.read_pointer(actor, self.now);
        let is_last = round == self.workers[actor].last_round;
        let least = if self.policy.leaves_lone && !is_last { 2 } else { 1 };
        let victim = &mut self.workers[victim];
        let done = victim.ends.read(actor, done, &self.costs) + self.costs.fence;
        if victim.queue.len() >= least {
            let seen = victim.popped;
            self.stacks[actor].pop();
            self.then(actor, Step::TakeHalf { round, start, offset, seen });
            return done + self.costs.pin;
        }
        done
    }

    /// After a race that was lost: whatever is there by now is taken.
    fn look_again(&mut self, actor: usize, round: u8, start: usize, offset: usize) -> Nanos {
        let index = (start + offset) % self.workers.len();
        let victim = &mut self.workers[index];
        let done = victim.ends.read(actor, self.now, &self.costs) + self.costs.pin;
        let seen = victim.popped;
        let is_empty = victim.queue.is_empty();
        self.then(
            actor,
            if is_empty {
                Step::Steal { round, start, offset: offset + 1 }
            } else {
                Step::TakeHalf { round, start, offset, seen }
            },
        );
        done
    }

    fn take_half(&mut self, actor: usize, round: u8, start: usize, offset: usize, seen: u64) -> Nanos {
        let index = (start + offset) % self.workers.len();
        let victim = &mut self.workers[index];
        let batch = self.policy.batch(victim.queue.len());
        let mut done = self.now + batch as u64 * self.costs.copy;
        done = victim.ends.write(actor, done, &self.costs);
        if seen != victim.popped || batch == 0 {
            self.outcome.retries += 1;
            if self.policy.gives_up {
                self.then(actor, Step::Steal { round, start, offset: offset + 1 });
                return done;
            }
            self.then(actor, Step::LookAgain { round, start, offset });
            return done + self.costs.pause;
        }
        victim.popped += batch as u64;
        let mut taken: Vec<_> = victim.queue.drain(..batch).collect();
        done += self.costs.fence;
        self.workers[actor].batch = batch;
        self.workers[actor].is_fed = batch >= FULL;
        self.outcome.steals += 1;
        self.outcome.stolen += batch as u64;
        let task = taken.remove(0);
        if !taken.is_empty() {
            self.workers[actor].queue.extend(taken);
            done = self.workers[actor].ends.write(actor, done, &self.costs);
        }
        self.then(actor, Step::Found { task });
        done
    }

    /// It has a task: it is no searcher any more.
    fn found(&mut self, actor: usize, task: usize) -> Nanos {
        self.then(actor, Step::Next);
        self.then(actor, Step::Begin { task });
        if !std::mem::replace(&mut self.workers[actor].searching, false) {
            return self.now;
        }
        self.idle.searching -= 1;
        let is_last = self.idle.searching == 0;
        if self.policy.hands_on(is_last, self.workers[actor].batch) {
            self.then(actor, Step::LastLook { at: 0, is_last });
        }
        self.idle.count.write(actor, self.now, &self.costs)
    }

    /// The pointer to the workers, which is read on the way to any slot and any queue.
    pub(super) fn read_pointer(&mut self, actor: usize, now: Nanos) -> Nanos {
        let line = if self.policy.pads_idle { &mut self.idle.pointer } else { &mut self.idle.count };
        line.read(actor, now, &self.costs)
    }

    /// As `search.rs` has it.
    fn next_random(&mut self, actor: usize) -> u32 {
        let x = &mut self.workers[actor].random;
        *x ^= *x << 13;
        *x ^= *x >> 17;
        *x ^= *x << 5;
        *x
    }
}
