//! Who parks and who wakes: the protocol by which queued work never waits while every worker sleeps.
//!
//! A worker is *running* (a task, or its own queue), *searching* (it looks through the queues of others) or *parked*.
//! [`Idle`] counts the searchers and keeps one bit for each parked worker. It never sees a queue: it is handed "is there
//! work?" as a closure. The proof is the chapter beside this file, `README.md`.
//!
//! Who calls it: [`notify`](Idle::notify) on any thread, after it has made work visible; all else on the worker itself.
//!
//! # Invariants (ordering labels)
//! - `idle_publish`: the fence between *work is in a queue* and *who searches, who is parked?* Pairs with `idle_recheck`.
//! - `idle_recheck`: the fence between *I am parked, I do not search* and *is there work?* Of the two threads at least one
//!   sees what the other wrote. `idle_skip_recheck` (structural): the question is asked at all.
//! - `idle_last_look`: the fence between *I do not search any more* and *is there more work?* Pairs with `idle_publish` too: whoever
//!   saw this worker search did not notify. `idle_hand_on` (structural): the question is asked, and the work handed on.
//! - `idle_leave`: a searcher that finds work and is not the last leaves what it moved to its own queue to those that search on: they see
//!   it when they look, before they park. Pairs two searchers' leaving.
//! - `idle_count_before_claim` (structural): a notifier counts a searcher once it has claimed one.
//! - The bit of a parked worker is cleared once: by a notifier, who counts it as searching and owes it an unpark, or by itself.
//! - Nobody else unparks a worker, until all stop at the shutdown: else it could be back, its bit gone, before the notifier has counted it.
//!
//! Checked by the models `push_vs_sleep`, `searching_last`, `searching_leave` and `idle_two_producers`.
//! Deliberately not here: queues, threads, parkers.

use crate::facade::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::facade::{fence_seq_cst, mutant, ord};

/// Workers in one word of parked bits.
const WORD: usize = u64::BITS as usize;

/// The workers' counters.
#[derive(Debug)]
pub(crate) struct Idle {
    searching: AtomicUsize,
    parked: Box<[AtomicU64]>,
    workers: usize,
}

/// What a worker that wanted to park does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Park {
    /// Block on its parker, then call [`Idle::finish_park`].
    Block,
    /// Search: there is work after all, and it counts as searching.
    Search,
}

impl Idle {
    /// For `workers` workers, all of them running.
    pub(crate) fn new(workers: usize) -> Self {
        let words = workers.div_ceil(WORD);
        Self { searching: AtomicUsize::new(0), parked: (0..words).map(|_| AtomicU64::new(0)).collect(), workers }
    }

    /// Called after work was made visible. A worker that `poller` names is woken last: it waits for what nobody else does. The worker named, if any, counts as searching, and the caller unparks it.
    #[must_use = "the worker named waits for the caller's unpark"]
    #[inline]
    pub(crate) fn notify(&self, poller: impl Fn() -> Option<usize>) -> Option<usize> {
        // ORDERING(idle_publish): the caller's push before, the counters after; pairs with `idle_recheck`.
        fence_seq_cst("idle_publish");
        // ORDERING(idle_publish): relaxed, the fence orders it.
        if self.searching.load(Ordering::Relaxed) > 0 || !(self.has_parked() || mutant("idle_count_before_claim")) {
            return None;
        }
        self.claim_searcher(poller)
    }

    /// Claims a parked worker, and counts it as searching.
    #[inline(never)]
    fn claim_searcher(&self, poller: impl Fn() -> Option<usize>) -> Option<usize> {
        if mutant("idle_count_before_claim") {
            // Relaxed: as below (counter only).
            self.searching.fetch_add(1, Ordering::Relaxed);
            let worker = self.claim(poller);
            if worker.is_none() {
                self.searching.fetch_sub(1, Ordering::Relaxed);
            }
            return worker;
        }
        let worker = self.claim(poller)?;
        // Counter only: at worst another notifier wakes one more worker before it sees this one.
        self.searching.fetch_add(1, Ordering::Relaxed);
        Some(worker)
    }

    /// Clears the bit of some parked worker, of another than `poller` names if there is one.
    fn claim(&self, poller: impl Fn() -> Option<usize>) -> Option<usize> {
        match poller() {
            None => self.claim_other(None),
            spared => self.claim_other(spared).or_else(|| self.claim_other(None)),
        }
    }

    /// Clears the bit of some parked worker other than `spared`.
    fn claim_other(&self, spared: Option<usize>) -> Option<usize> {
        for (index, word) in self.parked.iter().enumerate() {
            let kept = spared.filter(|worker| worker / WORD == index).map_or(0, |worker| 1 << (worker % WORD));
            // ORDERING(idle_publish): relaxed, the fence of `notify` orders it.
            let mut bits = word.load(Ordering::Relaxed) & !kept;
            while bits != 0 {
                let bit = bits & bits.wrapping_neg();
                // Counter only: the bit itself is what is claimed; the parker's token carries what else must be seen.
                let before = word.fetch_and(!bit, Ordering::Relaxed);
                if before & bit != 0 {
                    return Some(index * WORD + bit.trailing_zeros() as usize);
                }
                bits = before & !bit & !kept;
            }
        }
        None
    }

    /// Counts a running worker as searching, unless half of the workers search already.
    pub(crate) fn try_start_searching(&self) -> bool {
        // Counter only: the limit is a matter of thrift.
        if 2 * self.searching.load(Ordering::Relaxed) >= self.workers {
            return false;
        }
        self.searching.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Counts a searcher as running: it found work. The last one looks whether there is more, for those who saw it search have
    /// left their work to it; the worker named, if any, is as from [`notify`](Self::notify).
    #[must_use = "the worker named waits for the caller's unpark"]
    pub(crate) fn stop_searching(
        &self,
        has_work: impl FnOnce() -> bool,
        poller: impl Fn() -> Option<usize>,
    ) -> Option<usize> {
        // ORDERING(idle_leave): release; pairs with the next searcher to leave, who then sees the queue that our batch is in.
        let before = self.searching.fetch_sub(1, ord("idle_leave", Ordering::Release));
        debug_assert!(before > 0, "a searcher is counted");
        if before > 1 || mutant("idle_hand_on") {
            return None;
        }
        // ORDERING(idle_last_look): the count before, the queues after; pairs with `idle_publish`.
        fence_seq_cst("idle_last_look");
        if has_work() { self.notify(poller) } else { None }
    }

    /// Counts `worker` as parked, then asks whether there is work.
    pub(crate) fn prepare_park(&self, worker: usize, searching: bool, has_work: impl FnOnce() -> bool) -> Park {
        let (word, bit) = self.bit(worker);
        // ORDERING(idle_recheck): relaxed, the fence below orders both. The bit before the count: a notifier that sees no
        // searcher because of us must not miss the bit either, and need not: then its fence comes first and we see its work.
        let before = word.fetch_or(bit, Ordering::Relaxed);
        debug_assert!(before & bit == 0, "a worker parks once");
        if searching {
            // ORDERING(idle_leave): acquire; pairs with `stop_searching`.
            let before = self.searching.fetch_sub(1, ord("idle_leave", Ordering::Acquire));
            debug_assert!(before > 0, "a searcher is counted");
        }
        // ORDERING(idle_recheck): the bit and the count before, the queues after; pairs with `idle_publish`.
        fence_seq_cst("idle_recheck");
        if !mutant("idle_skip_recheck") && has_work() && self.retract(worker) {
            return Park::Search;
        }
        // There is no work, or a notifier claimed us: then its unpark is due, and the parker returns at once.
        Park::Block
    }

    /// After the parker returned: `worker` counts as searching. True if no notifier has seen to that, as at the shutdown.
    pub(crate) fn finish_park(&self, worker: usize) -> bool {
        self.retract(worker)
    }

    /// Takes the worker's own bit back, and counts it as searching. False when a notifier took it first: it has counted.
    fn retract(&self, worker: usize) -> bool {
        let (word, bit) = self.bit(worker);
        // Counter only: see `claim`.
        let ours = word.fetch_and(!bit, Ordering::Relaxed) & bit != 0;
        if ours {
            self.searching.fetch_add(1, Ordering::Relaxed);
        }
        ours
    }

    /// Whether some worker is parked.
    #[inline]
    pub(crate) fn has_parked(&self) -> bool {
        // Relaxed: a hint, or ordered by the caller's fence (counter only).
        self.parked.iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// Whether some worker searches.
    pub(crate) fn has_searchers(&self) -> bool {
        // Counter only: a hint.
        self.searching.load(Ordering::Relaxed) > 0
    }

    fn bit(&self, worker: usize) -> (&AtomicU64, u64) {
        (&self.parked[worker / WORD], 1 << (worker % WORD))
    }
}
