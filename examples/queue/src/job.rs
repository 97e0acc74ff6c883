//! What is in the queue.

/// An entry of the stream that a worker was handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The entry's name in the stream.
    pub entry: String,
    /// The number of the job, which is the same for all its attempts.
    pub job: u64,
}

/// A job to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Which attempt this is; the first is 1.
    pub attempt: u32,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub argument: String,
}
