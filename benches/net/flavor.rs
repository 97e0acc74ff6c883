//! The kinds of a runtime: with worker threads, or on one.

/// How many threads run tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavor {
    MultiThread,
    CurrentThread,
}

impl Flavor {
    pub(super) const ALL: [Self; 2] = [Self::MultiThread, Self::CurrentThread];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MultiThread => "multi_thread",
            Self::CurrentThread => "current_thread",
        }
    }

    /// What it adds to a workload's name.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::MultiThread => "",
            Self::CurrentThread => "_current",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::MultiThread => "Multi-threaded",
            Self::CurrentThread => "One thread",
        }
    }
}
