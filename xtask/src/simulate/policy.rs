//! The rules that a scheduler may follow: the runtime's, and others to hold them against.

/// The most tasks that a thief takes at a time: crossbeam's limit.
pub(super) const FULL: usize = 32;

/// As `search.rs` has it.
const FED_ROUNDS: u8 = 100;
const FED_LOOKS: usize = 256;

/// How workers find work and wake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// How many workers a notification wakes, if it wakes any.
    pub(super) wakes: usize,
    pub(super) hand_on: HandOn,
    pub(super) searchers: Searchers,
    /// Who sees work as it parks sleeps nevertheless, if as many search as may: they see to it.
    pub(super) limit_binds: bool,
    /// How often, a microsecond apart, a worker asks whether it may search, before it parks because it may not.
    pub(super) turns: u8,
    pub(super) victim: Victim,
    /// Whether a thief takes half of a queue, 32 tasks at most, or one task.
    pub(super) steals_half: bool,
    /// How often a searcher looks through all queues before it parks.
    pub(super) rounds: u8,
    /// How often one that others gave much to do lately.
    pub(super) fed: Fed,
    /// In these rounds a searcher leaves a lone task to its worker, and takes it in one more look.
    pub(super) leaves_lone: bool,
    /// A task that is spawned displaces what is in the slot, as one that is woken does.
    pub(super) new_displaces: bool,
    /// When the queue has its turn, what is in the slot goes to the back of the queue.
    pub(super) passes_over: bool,
    /// A task enters a list as it is spawned, where it is spawned, and is counted there one by one.
    pub(super) lists_at_spawn: bool,
    /// The count of searchers has a line of its own, and lies not beside what every poll reads.
    pub(super) pads_idle: bool,
    /// Each spawn writes one line that all workers share, as a global count of tasks would.
    pub(super) counts_spawns: bool,
    /// A thief that loses a race goes on to the next queue.
    pub(super) gives_up: bool,
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
    /// Half of them, and no more than so many.
    AtMost(usize),
    /// Half of them, and no more than the square root of their number.
    Root,
}

/// How often a searcher that is fed (it has run so many tasks of full batches, or from the injector) looks through all queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    Rounds(u8),
    /// As often as it takes for so many looks at a queue, within the bounds of [`Policy::fed_rounds`].
    Looks(usize),
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
        limit_binds: false,
        turns: 0,
        victim: Victim::Rotating,
        steals_half: true,
        rounds: 3,
        fed: Fed::Rounds(3),
        leaves_lone: true,
        new_displaces: false,
        passes_over: true,
        lists_at_spawn: false,
        pads_idle: true,
        counts_spawns: false,
        gives_up: false,
        asks_again: true,
    };

    /// The policies that are compared, by name; the runtime's is the first.
    pub(super) const ALL: [(&'static str, Self); 32] = [
        ("fusee", Self::FUSEE),
        ("wake two", Self { wakes: 2, ..Self::FUSEE }),
        ("each hands on", Self { hand_on: HandOn::Each, ..Self::FUSEE }),
        ("full hands on", Self { hand_on: HandOn::LastOrFull, ..Self::FUSEE }),
        ("each wakes two", Self { hand_on: HandOn::Each, wakes: 2, ..Self::FUSEE }),
        ("all search", Self { searchers: Searchers::All, ..Self::FUSEE }),
        ("one searches", Self { searchers: Searchers::AtMost(1), ..Self::FUSEE }),
        ("two search", Self { searchers: Searchers::AtMost(2), ..Self::FUSEE }),
        ("four search", Self { searchers: Searchers::AtMost(4), ..Self::FUSEE }),
        ("eight search", Self { searchers: Searchers::AtMost(8), ..Self::FUSEE }),
        ("root search", Self { searchers: Searchers::Root, ..Self::FUSEE }),
        ("full, two", Self { hand_on: HandOn::LastOrFull, searchers: Searchers::AtMost(2), ..Self::FUSEE }),
        ("half, binding", Self { limit_binds: true, ..Self::FUSEE }),
        ("two, binding", Self { searchers: Searchers::AtMost(2), limit_binds: true, ..Self::FUSEE }),
        ("four, binding", Self { searchers: Searchers::AtMost(4), limit_binds: true, ..Self::FUSEE }),
        ("eight, binding", Self { searchers: Searchers::AtMost(8), limit_binds: true, ..Self::FUSEE }),
        ("four, in turn", Self { searchers: Searchers::AtMost(4), limit_binds: true, turns: 32, ..Self::FUSEE }),
        ("two, in turn", Self { searchers: Searchers::AtMost(2), limit_binds: true, turns: 32, ..Self::FUSEE }),
        ("root, binding", Self { searchers: Searchers::Root, limit_binds: true, ..Self::FUSEE }),
        ("races given up", Self { gives_up: true, ..Self::FUSEE }),
        ("one round", Self { rounds: 1, ..Self::FUSEE }),
        ("fed, 256 looks", Self { fed: Fed::Looks(FED_LOOKS), ..Self::FUSEE }),
        ("fed, 100 rounds", Self { fed: Fed::Rounds(FED_ROUNDS), ..Self::FUSEE }),
        ("takes lone tasks", Self { leaves_lone: false, ..Self::FUSEE }),
        ("spawn displaces", Self { new_displaces: true, ..Self::FUSEE }),
        ("slot stays", Self { passes_over: false, ..Self::FUSEE }),
        ("random victim", Self { victim: Victim::Random, ..Self::FUSEE }),
        ("next victim", Self { victim: Victim::Neighbour, ..Self::FUSEE }),
        ("steal one", Self { steals_half: false, ..Self::FUSEE }),
        ("listed at spawn", Self { lists_at_spawn: true, ..Self::FUSEE }),
        ("idle unpadded", Self { pads_idle: false, ..Self::FUSEE }),
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
            Searchers::AtMost(most) => searching < most && 2 * searching < workers,
            Searchers::Root => searching * searching < workers && 2 * searching < workers,
        }
    }

    /// Whether a worker that was about to sleep, and has seen work, may search for it, beside `searching` others. The limit of half is only for
    /// those that have seen none.
    pub(super) fn may_return(&self, searching: usize, workers: usize) -> bool {
        match self.searchers {
            _ if !self.limit_binds => true,
            Searchers::AtMost(most) => searching < most,
            Searchers::Half | Searchers::All | Searchers::Root => self.may_search(searching, workers),
        }
    }

    /// How often a searcher looks that is fed: no less often than any, and a hundred times at most.
    pub(super) fn fed_rounds(&self, workers: usize) -> u8 {
        match self.fed {
            Fed::Rounds(rounds) => rounds,
            Fed::Looks(looks) => {
                let rounds = u8::try_from(looks / workers).unwrap_or(FED_ROUNDS);
                rounds.clamp(self.rounds, FED_ROUNDS)
            }
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
