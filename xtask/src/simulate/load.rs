//! What the workers are given to do.

use super::Nanos;

/// What a task does when it is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Computes, and completes.
    Leaf { work: Nanos },
    /// Spawns so many leaves in one poll, and completes.
    Burst { leaves: u32, work: Nanos },
    /// Spawns two of its kind, of one depth less, and awaits one after the other; at depth 0 it computes.
    Fork { depth: u32, work: Nanos },
    /// Awaits what `Fork` has spawned.
    Join,
    /// Sends its partner a message for each that it gets, so many times.
    Ping { rounds: u32 },
    /// Spawns its successor and completes; after so many it is over.
    Chain { left: u32 },
    /// Spawns two leaves and yields, so many times.
    Spawner { left: u32, work: Nanos },
}

/// A workload.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    /// One worker spawns `tasks` leaves in one poll.
    Burst { tasks: u32, work: Nanos },
    /// A thread that is no worker spawns `tasks` leaves.
    Injected { tasks: u32, work: Nanos },
    /// A thread that is no worker spawns `tasks` leaves, one every `period` on the average, at random.
    Trickle { tasks: u32, work: Nanos, period: Nanos },
    /// A binary tree of tasks.
    Tree { depth: u32, work: Nanos },
    /// So many pairs of tasks that wake each other in turn.
    Pairs { pairs: u32, rounds: u32 },
    /// Each worker runs a task that spawns its successor.
    Chains { length: u32 },
    /// Each worker runs a task that spawns leaves and yields.
    Spawners { left: u32, work: Nanos },
}

impl Load {
    /// What the foreign thread spawns: so many of a kind, and how far apart on the average.
    pub(super) fn feed(self) -> (u32, Kind, Nanos) {
        match self {
            Self::Burst { tasks, work } => (1, Kind::Burst { leaves: tasks, work }, 0),
            Self::Injected { tasks, work } => (tasks, Kind::Leaf { work }, 0),
            Self::Trickle { tasks, work, period } => (tasks, Kind::Leaf { work }, period),
            Self::Tree { depth, work } => (1, Kind::Fork { depth, work }, 0),
            Self::Pairs { pairs, rounds } => (2 * pairs, Kind::Ping { rounds }, 0),
            Self::Chains { .. } | Self::Spawners { .. } => (0, Kind::Leaf { work: 0 }, 0),
        }
    }

    /// What each worker has in its queue as it starts, if anything.
    pub(super) fn seed(self) -> Option<Kind> {
        match self {
            Self::Chains { length } => Some(Kind::Chain { left: length }),
            Self::Spawners { left, work } => Some(Kind::Spawner { left, work }),
            _ => None,
        }
    }

    /// Nanoseconds of work in all, without what the scheduler adds.
    pub(super) fn work(self, workers: usize) -> Nanos {
        match self {
            Self::Burst { tasks, work } | Self::Injected { tasks, work } | Self::Trickle { tasks, work, .. } => {
                u64::from(tasks) * work
            }
            Self::Tree { depth, work } => (1 << depth) * work,
            Self::Pairs { .. } | Self::Chains { .. } => 0,
            Self::Spawners { left, work } => workers as u64 * u64::from(left) * 2 * work,
        }
    }

    /// How many tasks there are in all.
    #[cfg(test)]
    pub(super) fn tasks(self, workers: usize) -> u64 {
        match self {
            Self::Burst { tasks, .. } => 1 + u64::from(tasks),
            Self::Injected { tasks, .. } | Self::Trickle { tasks, .. } => u64::from(tasks),
            Self::Tree { depth, .. } => (2 << depth) - 1,
            Self::Pairs { pairs, .. } => 2 * u64::from(pairs),
            Self::Chains { length } => workers as u64 * (1 + u64::from(length)),
            Self::Spawners { left, .. } => workers as u64 * (1 + 2 * u64::from(left)),
        }
    }
}
