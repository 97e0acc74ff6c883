//! What a transition of the state word asks its caller to do.

/// What the taker of a queue entry does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToRunning {
    /// Poll the future.
    Poll,
    /// Drop the future if it was aborted; else poll it, and tell where it waits.
    Asked,
    /// Release the entry's reference: the runtime's shutdown holds the future.
    Stale,
    /// The same, and let go of the scheduler: the shutdown has dropped the future.
    Ended,
}

/// What the runtime's shutdown does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToShutdown {
    /// Drop the future: `RUNNING` is held, and there is no queue entry.
    Cancel,
    /// The same, but there is a queue entry, or was.
    CancelQueued,
    /// Nothing: the task runs, or is complete.
    Leave,
}

/// What the poller does after a pending poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToIdle {
    /// Nothing: the poller's reference is released.
    Idle,
    /// Tell whom it concerns, then release the poller's reference: the task is stranded.
    Stranded,
    /// Queue the task again: it was woken while it ran. The poller's reference is the queue entry's.
    Requeue,
    /// Drop the future: it was aborted while it ran. `RUNNING` is still held.
    Cancel,
}

/// What the completer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToComplete {
    /// Nothing: its references are released.
    Released,
    /// Free the task: they were the last.
    Free,
    /// Take the join waker, wake it, then release the references.
    WakeJoiner,
}

/// What a waker or an abort handle does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToNotified {
    /// Nothing.
    Done,
    /// Put the task into a queue: the entry's reference is counted.
    Submit,
    /// Free the task: the waker's reference was the last (by value only).
    Free,
}

/// What a waker does as it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WakerDropped {
    /// Nothing: its reference is released.
    Released,
    /// Free the task: that was the last.
    Free,
    /// Tell whom it concerns, then release the reference: the task is stranded.
    Stranded,
}

/// What the `JoinHandle` does as it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinDropped {
    /// Nothing: its reference is released.
    Released,
    /// Drop the waker in the slot, then release the reference.
    DropWaker,
    /// Drop the output, then release the reference.
    DropOutput,
}

/// What becomes of a task that is to be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToTraced {
    /// Nothing: it does not wait.
    Busy,
    /// Put the task into a queue: the entry's reference is counted.
    Submit,
}
