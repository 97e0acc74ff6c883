//! What a task's life costs, step by step as in `src/task/`, `src/scheduler/membership.rs` and `src/scheduler/references.rs`.

use super::Nanos;
use super::costs::Line;
use super::load::Kind;
use super::machine::{List, Machine, State, Step, Task};

/// As `references.rs` has it.
const BULK: usize = 256;

impl Machine {
    /// Takes a step of a poll, or of a thread that is no worker: until when it takes.
    pub(super) fn poll(&mut self, actor: usize, step: Step) -> Nanos {
        match step {
            Step::Begin { task } => self.begin(actor, task),
            Step::Work { nanos } => {
                self.outcome.worked += nanos;
                self.now + nanos
            }
            Step::Spawn { kind, awaits } => self.spawn(actor, kind, awaits),
            Step::SpawnMany { left, work } => {
                if left > 1 {
                    self.then(actor, Step::SpawnMany { left: left - 1, work });
                }
                self.spawn(actor, Kind::Leaf { work }, None)
            }
            Step::Send { to } => {
                self.tasks[to].mail += 1;
                self.wake(actor, to)
            }
            Step::Await { task } => self.await_child(actor, task),
            Step::Wake { task } => self.wake(actor, task),
            Step::Push { task } => self.push(actor, task),
            Step::PushNew { task } => self.push_new(actor, task),
            Step::WatchSlot => self.watch.read(actor, self.now + self.costs.fence, &self.costs),
            Step::Enqueue { task, notifies } => {
                self.workers[actor].queue.push_back(task);
                if notifies {
                    self.then(actor, Step::Notify);
                }
                self.workers[actor].ends.write(actor, self.now, &self.costs)
            }
            Step::Inject { task } => {
                self.injector.queue.push_back(task);
                self.then(actor, Step::Notify);
                self.injector.tail.write(actor, self.now, &self.costs)
            }
            Step::Settle { task } => self.settle(actor, task),
            Step::Pending { task } => self.pending(actor, task),
            Step::Leave { task } => self.leave_list(actor, task),
            Step::Complete { task } => self.complete(actor, task),
            Step::Free { task } => self.free(actor, task),
            Step::Feed { left } => self.feed(actor, left),
            _ => unreachable!("{step:?} is another file's"),
        }
    }

    /// A task that was made on `home`, a worker or a foreign thread, and is in no list.
    pub(super) fn new_task(&mut self, home: usize, kind: Kind) -> usize {
        let task = self.tasks.len();
        self.tasks.push(Task {
            kind,
            state: State::Queued,
            header: Line::of(home),
            list: None,
            queued_at: self.now,
            previous: None,
            next: None,
            children: [None; 2],
            is_awaited: false,
            joiner: None,
            // Of two partners the one that is spawned last begins.
            mail: u32::from(!task.is_multiple_of(2)),
        });
        self.live += 1;
        task
    }

    fn feed(&mut self, actor: usize, left: u32) -> Nanos {
        if left == 0 {
            return self.now;
        }
        self.then(actor, Step::Feed { left: left - 1 });
        self.then(actor, Step::Spawn { kind: self.fed, awaits: None });
        let share = -(1.0 - self.random.f64()).ln();
        self.now + (self.period as f64 * share) as Nanos
    }

    fn spawn(&mut self, actor: usize, kind: Kind, awaits: Option<usize>) -> Nanos {
        let task = self.new_task(actor, kind);
        let mut done = self.now + self.costs.spawn;
        if self.policy.counts_spawns {
            done = self.counter.write(actor, done, &self.costs);
        }
        done = if self.policy.lists_at_spawn {
            done = self.lists[actor].references.write(actor, done, &self.costs);
            self.enter(actor, task, done)
        } else {
            self.borrow(actor, done)
        };
        if let Some(parent) = awaits {
            let children = &mut self.tasks[parent].children;
            children[usize::from(children[0].is_some())] = Some(task);
            self.tasks[task].is_awaited = true;
        } else {
            // The handle is dropped at once.
            done += self.costs.atomic;
        }
        self.then(actor, if self.is_worker(actor) { Step::PushNew { task } } else { Step::Inject { task } });
        done
    }

    /// Takes a reference for a task that is spawned.
    fn borrow(&mut self, actor: usize, now: Nanos) -> Nanos {
        if !self.is_worker(actor) {
            let done = self.foreign.write(actor, now, &self.costs);
            return self.lent.write(actor, done, &self.costs);
        }
        let worker = &mut self.workers[actor];
        if worker.credit > 0 {
            worker.credit -= 1;
            return now;
        }
        worker.credit = BULK - 1;
        self.lent.write(actor, now, &self.costs)
    }

    /// Frees a task, on a worker: its reference is put back.
    fn free(&mut self, actor: usize, task: usize) -> Nanos {
        if self.policy.lists_at_spawn
            && let Some(list) = self.tasks[task].list
        {
            return self.lists[list].references.write(actor, self.now, &self.costs);
        }
        let worker = &mut self.workers[actor];
        worker.credit += 1;
        if worker.credit < 2 * BULK {
            return self.now + self.costs.hit;
        }
        worker.credit = BULK;
        self.lent.write(actor, self.now, &self.costs)
    }

    /// Enters the list of `actor` as its new head. Under the lock the head before learns of its new neighbour.
    fn enter(&mut self, actor: usize, task: usize, now: Nanos) -> Nanos {
        let next = self.lists[actor].head.replace(task);
        if let Some(next) = next {
            self.tasks[next].previous = Some(task);
        }
        self.tasks[task].next = next;
        self.tasks[task].list = Some(actor);
        self.lock_list(actor, actor, now, [next, None])
    }

    /// Takes a list's lock, touches the headers of these tasks, and gives it back.
    fn lock_list(&mut self, actor: usize, list: usize, now: Nanos, touched: [Option<usize>; 2]) -> Nanos {
        let List { lock, held_until, .. } = &mut self.lists[list];
        let mut done = lock.write(actor, now.max(*held_until), &self.costs);
        for task in touched.into_iter().flatten() {
            done = self.tasks[task].header.write(actor, done, &self.costs);
        }
        *held_until = done;
        done + self.costs.atomic
    }

    fn push(&mut self, actor: usize, task: usize) -> Nanos {
        self.tasks[task].queued_at = self.now;
        let done = self.read_pointer(actor, self.now);
        let worker = &mut self.workers[actor];
        let step = match worker.slot.replace(task) {
            Some(task) => Step::Enqueue { task, notifies: true },
            None => Step::WatchSlot,
        };
        let done = worker.slot_line.write(actor, done, &self.costs);
        self.then(actor, step);
        done
    }

    /// A task that is new displaces none.
    fn push_new(&mut self, actor: usize, task: usize) -> Nanos {
        if self.policy.new_displaces || self.workers[actor].slot.is_none() {
            return self.push(actor, task);
        }
        self.tasks[task].queued_at = self.now;
        let done = self.read_pointer(actor, self.now);
        self.then(actor, Step::Enqueue { task, notifies: true });
        self.workers[actor].slot_line.read(actor, done, &self.costs)
    }

    fn begin(&mut self, actor: usize, task: usize) -> Nanos {
        let started = *self.started.get_or_insert(self.now);
        let worker = &mut self.workers[actor];
        if worker.polls == 0 {
            self.outcome.spread = Some(self.now - started);
        }
        worker.polls += 1;
        self.outcome.polls += 1;
        self.outcome.waits.push(self.now - self.tasks[task].queued_at);
        debug_assert_eq!(self.tasks[task].state, State::Queued, "a task is polled once for each time it is queued");
        self.tasks[task].state = State::Running;
        let done = self.tasks[task].header.write(actor, self.now, &self.costs) + self.costs.poll;
        self.plan(actor, task);
        done
    }

    /// What the poll that begins will do.
    fn plan(&mut self, actor: usize, task: usize) {
        let kind = self.tasks[task].kind;
        match kind {
            Kind::Leaf { work } | Kind::Fork { depth: 0, work } => {
                self.then_all(actor, &[Step::Work { nanos: work }, Step::Leave { task }]);
            }
            Kind::Burst { leaves, work } => {
                self.then_all(actor, &[Step::SpawnMany { left: leaves, work }, Step::Leave { task }]);
            }
            Kind::Fork { depth, work } => {
                self.tasks[task].kind = Kind::Join;
                let spawn = Step::Spawn { kind: Kind::Fork { depth: depth - 1, work }, awaits: Some(task) };
                self.then_all(actor, &[spawn, spawn, Step::Await { task }]);
            }
            Kind::Join => self.then(actor, Step::Await { task }),
            Kind::Ping { .. } if self.tasks[task].mail == 0 => self.then(actor, Step::Settle { task }),
            Kind::Ping { rounds } => {
                self.tasks[task].mail -= 1;
                self.tasks[task].kind = Kind::Ping { rounds: rounds - 1 };
                let ends = if rounds == 1 { Step::Leave { task } } else { Step::Settle { task } };
                // The partners were spawned one after the other.
                self.then_all(actor, &[Step::Send { to: task ^ 1 }, ends]);
            }
            Kind::Chain { left: 0 } | Kind::Spawner { left: 0, .. } => self.then(actor, Step::Leave { task }),
            Kind::Chain { left } => {
                let spawn = Step::Spawn { kind: Kind::Chain { left: left - 1 }, awaits: None };
                self.then_all(actor, &[spawn, Step::Leave { task }]);
            }
            Kind::Spawner { left, work } => {
                self.tasks[task].kind = Kind::Spawner { left: left - 1, work };
                // It wakes itself, to be polled again behind the leaves.
                self.then_all(actor, &[Step::SpawnMany { left: 2, work }, Step::Wake { task }, Step::Settle { task }]);
            }
        }
    }

    /// `actor` takes these steps next, in this order.
    fn then_all(&mut self, actor: usize, steps: &[Step]) {
        self.stacks[actor].extend(steps.iter().rev());
    }

    /// Takes what the first of its children has left, or waits for it.
    fn await_child(&mut self, actor: usize, task: usize) -> Nanos {
        let children = self.tasks[task].children;
        let Some(child) = children[0] else {
            self.then(actor, Step::Leave { task });
            return self.now;
        };
        if self.tasks[child].state == State::Complete {
            self.tasks[task].children = [children[1], None];
            self.then_all(actor, &[Step::Free { task: child }, Step::Await { task }]);
        } else {
            self.tasks[child].joiner = Some(task);
            self.then(actor, Step::Settle { task });
        }
        self.tasks[child].header.write(actor, self.now, &self.costs)
    }

    fn wake(&mut self, actor: usize, task: usize) -> Nanos {
        match self.tasks[task].state {
            State::Idle => {
                self.tasks[task].state = State::Queued;
                self.then(actor, Step::Push { task });
            }
            State::Running => self.tasks[task].state = State::Woken,
            State::Queued | State::Woken | State::Complete => {}
        }
        self.tasks[task].header.write(actor, self.now, &self.costs)
    }

    /// A poll has left the task pending: it enters the list of this worker, unless it is in one.
    fn settle(&mut self, actor: usize, task: usize) -> Nanos {
        self.then(actor, Step::Pending { task });
        if self.tasks[task].list.is_some() { self.now } else { self.enter(actor, task, self.now) }
    }

    fn pending(&mut self, actor: usize, task: usize) -> Nanos {
        if self.tasks[task].state == State::Woken {
            self.tasks[task].state = State::Queued;
            self.tasks[task].queued_at = self.now;
            let worker = &self.workers[actor];
            let alone = worker.queue.is_empty() && worker.slot.is_none();
            self.then(actor, Step::Enqueue { task, notifies: !alone });
        } else {
            self.tasks[task].state = State::Idle;
        }
        self.tasks[task].header.write(actor, self.now, &self.costs)
    }

    /// Leaves the list of live tasks, if it is in one.
    fn leave_list(&mut self, actor: usize, task: usize) -> Nanos {
        let Task { previous, next, list, .. } = self.tasks[task];
        self.then(actor, Step::Complete { task });
        let Some(list) = list else { return self.now };
        match previous {
            Some(previous) => self.tasks[previous].next = next,
            None => self.lists[list].head = next,
        }
        if let Some(next) = next {
            self.tasks[next].previous = previous;
        }
        self.lock_list(actor, list, self.now, [previous, next])
    }

    fn complete(&mut self, actor: usize, task: usize) -> Nanos {
        let Task { is_awaited, joiner, .. } = self.tasks[task];
        self.tasks[task].state = State::Complete;
        self.outcome.completed += 1;
        self.live -= 1;
        if self.live == 0 {
            self.outcome.time = self.now - self.started.unwrap_or(0);
        }
        if let Some(joiner) = joiner {
            self.then(actor, Step::Wake { task: joiner });
        } else if !is_awaited {
            self.then(actor, Step::Free { task });
        }
        self.tasks[task].header.write(actor, self.now, &self.costs)
    }
}
