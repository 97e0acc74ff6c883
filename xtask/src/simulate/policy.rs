//! The rules that a scheduler may follow: the runtime's, and others to hold them against.

/// The most tasks that a thief takes at a time: crossbeam's limit.
const FULL: usize = 32;

/// How workers find work and wake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// How many workers a notification wakes, if it wakes any.
    pub(super) wakes: usize,
    pub(super) hand_on: HandOn,
    pub(super) searchers: Searchers,
    pub(super) victim: Victim,
    /// Whether a thief takes half of a queue, 32 tasks at most, or one task.
    pub(super) steals_half: bool,
    /// How often a searcher looks through all queues before it parks.
    pub(super) rounds: u8,
    /// The lists of live tasks into which the tasks of one worker go.
    pub(super) lists: usize,
    /// The count of searchers has a line of its own, and lies not beside what every poll reads.
    pub(super) pads_idle: bool,
    /// Each spawn writes one line that all workers share, as a global count of tasks would.
    pub(super) counts_spawns: bool,
    /// Who parks asks for work once it has set its bit. Without that wake-ups are lost.
    pub(super) asks_again: bool,
}

/// Which searcher, having found a task, sees to it that another worker is woken if there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HandOn {
    /// The last one.
    Last,
    /// The last one, and whoever took a full batch: there were at least as many more.
    LastOrFull,
    /// Each.
    Each,
}

/// How many workers may search at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searchers {
    Half,
    All,
    AtMost(usize),
}

/// In which order a thief looks at queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    /// All in turn, from a random one on.
    Rotating,
    /// As many as there are others, each drawn at random.
    Random,
    /// All in turn, from the next worker on.
    Neighbour,
}

impl Policy {
    /// What `src/scheduler` does.
    pub(super) const FUSEE: Self = Self {
        wakes: 1,
        hand_on: HandOn::Last,
        searchers: Searchers::Half,
        victim: Victim::Rotating,
        steals_half: true,
        rounds: 3,
        lists: 1,
        pads_idle: false,
        counts_spawns: false,
        asks_again: true,
    };

    /// The policies that are compared, by name; the runtime's is the first.
    pub(super) const ALL: [(&'static str, Self); 17] = [
        ("fusee", Self::FUSEE),
        ("wake two", Self { wakes: 2, ..Self::FUSEE }),
        ("each hands on", Self { hand_on: HandOn::Each, ..Self::FUSEE }),
        ("full hands on", Self { hand_on: HandOn::LastOrFull, ..Self::FUSEE }),
        ("each wakes two", Self { hand_on: HandOn::Each, wakes: 2, ..Self::FUSEE }),
        ("all search", Self { searchers: Searchers::All, ..Self::FUSEE }),
        ("two search", Self { searchers: Searchers::AtMost(2), ..Self::FUSEE }),
        ("eight search", Self { searchers: Searchers::AtMost(8), ..Self::FUSEE }),
        ("one round", Self { rounds: 1, ..Self::FUSEE }),
        ("random victim", Self { victim: Victim::Random, ..Self::FUSEE }),
        ("next victim", Self { victim: Victim::Neighbour, ..Self::FUSEE }),
        ("steal one", Self { steals_half: false, ..Self::FUSEE }),
        ("sixteen lists", Self { lists: 16, ..Self::FUSEE }),
        ("idle padded", Self { pads_idle: true, ..Self::FUSEE }),
        ("padded, two", Self { pads_idle: true, searchers: Searchers::AtMost(2), ..Self::FUSEE }),
        (
            "padded, full, two",
            Self { pads_idle: true, hand_on: HandOn::LastOrFull, searchers: Searchers::AtMost(2), ..Self::FUSEE },
        ),
        ("spawns counted", Self { counts_spawns: true, ..Self::FUSEE }),
    ];

    /// The policy of this name, which is among [`ALL`](Self::ALL).
    pub(super) fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(other, _)| *other == name);
        found.unwrap_or_else(|| panic!("no policy is called `{name}`")).1
    }

    /// Whether one more worker may search, beside `searching` of them.
    pub(super) fn may_search(&self, searching: usize, workers: usize) -> bool {
        match self.searchers {
            Searchers::Half => 2 * searching < workers,
            Searchers::All => true,
            Searchers::AtMost(most) => searching < most,
        }
    }

    /// How many of a queue's `length` tasks a thief takes; the deque's `steal_batch_and_pop` for half.
    pub(super) fn batch(&self, length: usize) -> usize {
        if self.steals_half { length.div_ceil(2).min(FULL) } else { length.min(1) }
    }

    /// Whether a searcher that found a batch of so many tasks hands on; `is_last` if nobody else searches.
    pub(super) fn hands_on(&self, is_last: bool, batch: usize) -> bool {
        match self.hand_on {
            HandOn::Last => is_last,
            HandOn::LastOrFull => is_last || batch == FULL,
            HandOn::Each => true,
        }
    }
}
