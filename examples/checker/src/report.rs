//! What a crawl found, as tables or as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::Style;

use crate::fetch::Tally;

/// What a crawl found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Whether it was stopped before it was done.
    pub interrupted: bool,
    /// Pages that were read.
    pub pages: usize,
    /// Of them, those that are longer than the limit, and were read as far as that.
    pub truncated: usize,
    /// Addresses that were checked, each once.
    pub links: usize,
    /// Addresses that robots.txt disallows.
    pub disallowed: usize,
    /// Links of other schemes, and those to other hosts if they were to be left out.
    pub skipped: usize,
    /// Addresses that were known when the crawl was stopped, and not yet checked.
    pub unchecked: usize,
    /// Links that are broken, by their addresses.
    pub broken: Vec<Broken>,
    /// How many addresses answered with each status, after redirects.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests that were made, with redirects, retries and robots.txt.
    pub requests: usize,
    /// Of them, those that were made again.
    pub retries: usize,
    /// How long requests took that were answered.
    pub latency: Latency,
    /// How long the crawl took, in whole milliseconds.
    pub seconds: f64,
}

/// A link that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Where it leads.
    pub url: String,
    /// What is wrong, in words.
    pub why: String,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The pages that have it. None if it is where the crawl began.
    pub pages: Vec<String>,
}

/// Percentiles, in milliseconds. Zero if there was no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
}

impl Report {
    /// Takes over what a fetcher has counted.
    pub(crate) fn count_requests(&mut self, tally: Tally) {
        let Tally { retries, mut latencies, requests } = tally;
        latencies.sort_unstable();
        self.requests = requests;
        self.retries = retries;
        self.latency = Latency { p50_ms: percentile(&latencies, 50), p99_ms: percentile(&latencies, 99) };
    }

    fn counts(&self) -> Builder {
        let mut rows = Builder::new();
        let mut row = |name: &str, value: String| rows.push_record([name, &value]);
        row("pages", self.pages.to_string());
        row("links", self.links.to_string());
        row("broken", self.broken.len().to_string());
        for (status, count) in &self.statuses {
            row(&format!("status {status}"), count.to_string());
        }
        let rare = [
            ("pages cut at the limit", self.truncated),
            ("disallowed by robots.txt", self.disallowed),
            ("skipped", self.skipped),
            ("not checked", self.unchecked),
        ];
        for (name, count) in rare.into_iter().filter(|(_, count)| *count > 0) {
            row(name, count.to_string());
        }
        row("requests", format!("{}, of which {} again", self.requests, self.retries));
        row("latency", format!("p50 {:.1} ms, p99 {:.1} ms", self.latency.p50_ms, self.latency.p99_ms));
        row("time", format!("{:.2} s", self.seconds));
        rows
    }
}

/// The tables.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.broken.is_empty() {
            let mut rows = Builder::new();
            rows.push_record(["broken link", "why", "on"]);
            for broken in &self.broken {
                rows.push_record([&broken.url, &broken.why, &broken.pages.join("\n")]);
            }
            writeln!(f, "{}", rows.build().with(Style::modern_rounded()))?;
        }
        if self.interrupted {
            writeln!(f, "Stopped before it was done; so far:")?;
        }
        write!(f, "{}", self.counts().build().with(Style::modern_rounded().remove_horizontal()))
    }
}

/// The least of `sorted` that `percent` of them do not exceed, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    let value = rank.checked_sub(1).map_or(Duration::ZERO, |place| sorted[place]);
    value.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_ranks() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!((percentile(&times, 50), percentile(&times, 99)), (100.0, 198.0));
        assert_eq!((percentile(&times[..1], 50), percentile(&times[..1], 99)), (1.0, 1.0));
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
