//! Who parks and who wakes, step by step as in `src/scheduler/idle/mod.rs` and `src/park.rs`.

use super::Nanos;
use super::machine::{Machine, Step, Token};

impl Machine {
    /// Takes a step of the idle protocol: until when it takes.
    pub(super) fn wait(&mut self, actor: usize, step: Step) -> Nanos {
        match step {
            Step::LastLook { at, is_last } => {
                let (found, is_end, done) = self.look(actor, at);
                if found && is_last {
                    self.then(actor, Step::Notify);
                } else if found {
                    // Others search, and still one more is woken.
                    self.then(actor, Step::Claim { word: 0, left: self.policy.wakes });
                } else if !is_end {
                    self.then(actor, Step::LastLook { at: at + 1, is_last });
                }
                done
            }
            Step::Notify => self.notify(actor),
            Step::Claim { word, left } => self.claim(actor, word, left),
            Step::CountClaimed { worker, left } => {
                self.idle.searching += 1;
                if left > 0 {
                    self.then(actor, Step::Claim { word: 0, left });
                }
                self.then(actor, Step::Unpark { worker });
                self.idle.count.write(actor, self.now, &self.costs)
            }
            Step::Unpark { worker } => self.unpark(actor, worker),
            Step::SetBit => self.set_bit(actor),
            Step::LeaveSearch => {
                self.workers[actor].searching = false;
                self.idle.searching -= 1;
                self.ask_again(actor);
                self.idle.count.write(actor, self.now, &self.costs)
            }
            Step::AskAgain { at } => {
                let (found, is_end, done) = self.look(actor, at);
                self.then(
                    actor,
                    match (found, is_end) {
                        (true, _) if self.policy.limit_binds => Step::AskLeave,
                        (true, _) => Step::Retract { blocks: true },
                        (_, true) => Step::Block,
                        _ => Step::AskAgain { at: at + 1 },
                    },
                );
                done
            }
            Step::AskLeave => {
                let may = self.policy.may_return(self.idle.searching, self.workers.len());
                self.then(actor, if may { Step::Retract { blocks: true } } else { Step::Block });
                self.idle.count.read(actor, self.now, &self.costs)
            }
            Step::Retract { blocks } => self.retract(actor, blocks),
            Step::Block => self.block(actor),
            _ => unreachable!("{step:?} is another file's"),
        }
    }

    /// Whether there is work in the injector (0) or the queue of a worker (1 and up), and whether that was the last to ask.
    fn look(&mut self, actor: usize, at: usize) -> (bool, bool, Nanos) {
        if at == 0 {
            let done = self.injector.head.read(actor, self.now + self.costs.fence, &self.costs);
            let done = self.injector.tail.read(actor, done, &self.costs);
            return (!self.injector.queue.is_empty(), false, done);
        }
        let done = self.read_pointer(actor, self.now);
        let done = self.workers[at - 1].ends.read(actor, done, &self.costs) + self.costs.fence;
        (!self.workers[at - 1].queue.is_empty(), at == self.workers.len(), done)
    }

    fn notify(&mut self, actor: usize) -> Nanos {
        if self.idle.searching == 0 {
            self.then(actor, Step::Claim { word: 0, left: self.policy.wakes });
        }
        self.idle.count.read(actor, self.now + self.costs.fence, &self.costs)
    }

    /// Claims the parked worker with the lowest bit, and goes on until `left` are.
    fn claim(&mut self, actor: usize, word: usize, left: usize) -> Nanos {
        let Some(bits) = self.idle.parked.get_mut(word) else { return self.now };
        if *bits == 0 {
            self.then(actor, Step::Claim { word: word + 1, left });
            return self.idle.bits.read(actor, self.now, &self.costs);
        }
        let worker = word * 64 + bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        self.then(actor, Step::CountClaimed { worker, left: left - 1 });
        let done = self.idle.bits.read(actor, self.now, &self.costs);
        self.idle.bits.write(actor, done, &self.costs)
    }

    fn unpark(&mut self, actor: usize, worker: usize) -> Nanos {
        let done = self.workers[worker].signal.write(actor, self.now, &self.costs);
        if self.workers[worker].token != Token::Parked {
            self.workers[worker].token = Token::Notified;
            return done;
        }
        self.workers[worker].token = Token::Empty;
        self.outcome.wakes += 1;
        // A quarter more or less: no two wake-ups take the same time.
        let wake = self.costs.wake * self.random.u64(75..=125) / 100;
        self.resume(worker, done + wake, Step::Retract { blocks: false });
        done + self.costs.call
    }

    fn set_bit(&mut self, actor: usize) -> Nanos {
        self.idle.parked[actor / 64] |= 1 << (actor % 64);
        if self.workers[actor].searching {
            self.then(actor, Step::LeaveSearch);
        } else {
            self.ask_again(actor);
        }
        self.idle.bits.write(actor, self.now, &self.costs)
    }

    fn ask_again(&mut self, actor: usize) {
        self.then(actor, if self.policy.asks_again { Step::AskAgain { at: 0 } } else { Step::Block });
    }

    /// Takes its own bit back. If it was claimed meanwhile, and means to block, it does: a token is there or due.
    fn retract(&mut self, actor: usize, blocks: bool) -> Nanos {
        let (word, bit) = (&mut self.idle.parked[actor / 64], 1 << (actor % 64));
        let ours = *word & bit != 0;
        *word &= !bit;
        let mut done = self.idle.bits.write(actor, self.now, &self.costs);
        if ours {
            self.idle.searching += 1;
            done = self.idle.count.write(actor, done, &self.costs);
        } else if blocks {
            self.then(actor, Step::Block);
            return done;
        }
        let worker = &mut self.workers[actor];
        worker.searching = true;
        if !blocks {
            worker.awake = (self.now, worker.polls);
            worker.looked = self.now;
        }
        self.then(actor, Step::Next);
        done
    }

    fn block(&mut self, actor: usize) -> Nanos {
        let worker = &mut self.workers[actor];
        let done = worker.signal.write(actor, self.now, &self.costs);
        self.outcome.busy += done - worker.awake.0;
        self.outcome.parks += 1;
        self.outcome.noops += u64::from(worker.awake.1 == worker.polls);
        worker.awake = (done, worker.polls);
        if worker.token == Token::Notified {
            worker.token = Token::Empty;
            self.then(actor, Step::Retract { blocks: false });
            return done;
        }
        worker.token = Token::Parked;
        self.outcome.busy += self.costs.park;
        done
    }
}
