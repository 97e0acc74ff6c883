//! Whether a job that failed is tried again, and when.

use backon::{BackoffBuilder, ExponentialBuilder};
use fusee::time::Duration;

/// How often a job is tried, and how long it waits in between: twice as long each time, and up to as much again by chance, so that jobs that failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// Attempts in all.
    pub attempts: u32,
    /// The pause after the first one.
    pub first: Duration,
    /// No pause is longer than this, but for chance.
    pub longest: Duration,
}

impl Retries {
    /// How long `job` waits after its attempt number `attempt` has failed; nothing if that was the last.
    pub fn pause(&self, job: u64, attempt: u32) -> Option<Duration> {
        let pauses = ExponentialBuilder::default().with_min_delay(self.first).with_max_delay(self.longest);
        // The same job always waits the same, and no two alike.
        let pauses =
            pauses.with_max_times(self.attempts.saturating_sub(1) as usize).with_jitter().with_jitter_seed(job);
        pauses.build().nth(attempt.saturating_sub(1) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Retries = Retries { attempts: 6, first: Duration::from_secs(1), longest: Duration::from_secs(5) };

    #[test]
    fn pauses_double_up_to_the_longest_and_then_there_are_no_more() {
        let pauses: Vec<_> = (1..=7).map(|attempt| RETRIES.pause(3, attempt)).collect();
        for (pause, least) in pauses.iter().zip([1, 2, 4, 5, 5]) {
            let least = Duration::from_secs(least);
            let pause = pause.expect("there are six attempts");
            assert!((least..=2 * least).contains(&pause), "{pauses:?}");
        }
        assert_eq!(pauses[5..], [None, None]);
    }

    #[test]
    fn jobs_that_failed_together_do_not_come_back_together() {
        let first: Vec<_> = (1..=10).filter_map(|job| RETRIES.pause(job, 1)).collect();
        let different: std::collections::HashSet<_> = first.iter().collect();
        assert!(different.len() > 5, "{first:?}");
        assert_eq!(RETRIES.pause(1, 1), RETRIES.pause(1, 1));
    }
}
