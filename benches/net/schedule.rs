//! When an open loop sends: at moments that are fixed before the server is seen, as those of many users who do not know of each other.
//!
//! The gaps between requests are random and exponentially distributed (a Poisson process): others in each round, and the same for each
//! contender. A server that stalls does not put off what is due: it is counted from the moment it was due, whoever could not send it then
//! (no coordinated omission).

use std::time::Duration;

pub(super) struct Schedule {
    random: fastrand::Rng,
    mean_gap: f64,
    /// In seconds from the start.
    due: f64,
    end: f64,
}

impl Schedule {
    /// So many requests a second, on average.
    pub(super) fn new(rate: f64, time: Duration, round: usize) -> Self {
        Self { random: fastrand::Rng::with_seed(round as u64), mean_gap: 1.0 / rate, due: 0.0, end: time.as_secs_f64() }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        // The number is below one, so that its complement has a logarithm.
        self.due -= (1.0 - self.random.f64()).ln() * self.mean_gap;
        (self.due < self.end).then(|| Duration::from_secs_f64(self.due))
    }
}
