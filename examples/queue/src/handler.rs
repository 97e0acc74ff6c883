//! What is done with a job.

use std::sync::Arc;

use crate::Job;

/// What is done with a job. The error says why it failed, and is kept with it.
///
/// A job may be done more than once: when its worker was killed in the middle of it, or lost redis for longer than its lease. It may be dropped at any await, when it takes longer than
/// its limit or the worker must end. So it does what may be done twice.
pub trait Handler: Send + Sync + 'static {
    /// Does `job`.
    fn run(self: Arc<Self>, job: Job) -> impl Future<Output = Result<(), String>> + Send + 'static;
}
