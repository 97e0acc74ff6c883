//! What operations cost, in nanoseconds, and how a cache line is passed between cores.
//!
//! Deliberately not here: which operation touches which line (`worker.rs`, `idle.rs`, `poll.rs`).

use super::Nanos;

/// What operations cost, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// To read a line that the core has.
    pub(super) hit: Nanos,
    /// A read-modify-write, or a store that a fence follows, on a line that the core has for itself.
    pub(super) atomic: Nanos,
    /// To get a line from another core, or to take it away from the cores that have it.
    pub(super) transfer: Nanos,
    /// For how long a line is busy with being read by one more core.
    pub(super) service: Nanos,
    /// A sequentially consistent fence.
    pub(super) fence: Nanos,
    /// To pin the deques' collector: each steal does.
    pub(super) pin: Nanos,
    /// To copy one queue entry from another core's buffer; eight share a line.
    pub(super) copy: Nanos,
    /// What of a poll, its bookkeeping, and its way there touches nobody else's lines.
    pub(super) poll: Nanos,
    /// As `poll`, of a spawn: the allocation above all.
    pub(super) spawn: Nanos,
    /// The processor's hint in a loop that waits.
    pub(super) pause: Nanos,
    /// To read the clock.
    pub(super) clock: Nanos,
    /// The system call that wakes a thread, to its caller.
    pub(super) call: Nanos,
    /// From that call until the woken thread runs.
    pub(super) wake: Nanos,
    /// The system call by which a thread goes to sleep.
    pub(super) park: Nanos,
}

impl Costs {
    pub(super) const DEFAULT: Self = Self {
        hit: 1,
        atomic: 3,
        transfer: 70,
        service: 15,
        fence: 5,
        pin: 7,
        copy: 10,
        poll: 25,
        spawn: 45,
        pause: 40,
        clock: 29,
        call: 2_500,
        wake: 32_000,
        park: 1_500,
    };
}

/// The most cores that a line can be on: 128 workers, and threads that are none.
pub(super) const CORES: usize = 192;

/// A cache line: which cores have it, and until when it is on its way.
///
/// One core has it for itself, or several have it to read. To write it a core takes it away from all others, and whoever wants it next
/// waits until it has arrived: that is what serialises the writers of a shared word.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    holders: [u64; CORES / 64],
    exclusive: bool,
    free_at: Nanos,
}

impl Line {
    /// A line that `core` alone has.
    pub(super) fn of(core: usize) -> Self {
        let mut line = Self { exclusive: true, ..Self::default() };
        line.add(core);
        line
    }

    fn add(&mut self, core: usize) {
        self.holders[core / 64] |= 1 << (core % 64);
    }

    fn has(&self, core: usize) -> bool {
        self.holders[core / 64] & (1 << (core % 64)) != 0
    }

    /// `core` reads it: when it has.
    pub(super) fn read(&mut self, core: usize, now: Nanos, costs: &Costs) -> Nanos {
        if self.has(core) {
            return now + costs.hit;
        }
        let start = now.max(self.free_at);
        self.free_at = start + costs.service;
        self.exclusive = false;
        self.add(core);
        start + costs.transfer
    }

    /// `core` writes it: when it has.
    pub(super) fn write(&mut self, core: usize, now: Nanos, costs: &Costs) -> Nanos {
        if self.exclusive && self.has(core) {
            return now.max(self.free_at) + costs.atomic;
        }
        let start = now.max(self.free_at);
        let free_at = start + costs.transfer;
        *self = Self { free_at, ..Self::of(core) };
        free_at + costs.atomic
    }
}
