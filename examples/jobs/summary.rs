//! The summary of a run, in aligned lines of plain text.

use std::fmt;
use std::time::Duration;

use fusee::runtime::RuntimeMetrics;

use crate::SECOND;
use crate::record::Record;
use crate::units::{grouped, span};
use crate::usage::Usage;

/// All that a run has to tell.
pub(crate) struct Summary<'a> {
    pub(crate) jobs: usize,
    pub(crate) wall: Duration,
    pub(crate) usage: Usage,
    pub(crate) record: &'a Record,
    pub(crate) metrics: &'a RuntimeMetrics,
}

impl Summary<'_> {
    /// The sum of a metric over the workers.
    fn over_workers(&self, metric: impl Fn(&RuntimeMetrics, usize) -> u64) -> String {
        grouped((0..self.metrics.num_workers()).map(|worker| metric(self.metrics, worker)).sum())
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = grouped(self.jobs as u64);
        let workers = self.metrics.num_workers();
        if self.jobs == 0 {
            return writeln!(f, "0 jobs on {}: done in {}", counted(workers, "worker"), span(self.wall));
        }
        let slept = format!("{} that slept one second each", counted(self.jobs, "job"));
        writeln!(f, "{slept}, on {}: every number printed once\n", counted(workers, "worker"))?;

        let mut line = |what: &str, figure: String, remark: &str| {
            writeln!(f, "{}", format!("  {what:14}{figure:>12}   {remark}").trim_end())
        };
        line("past 1 s", span(self.wall.saturating_sub(SECOND)), &format!("{} from start to end", seconds(self.wall)))?;
        let lateness = self.record.lateness();
        for (what, place) in [("late, median", 0.5), ("late, p99", 0.99), ("late, most", 1.0)] {
            line(what, at(&lateness, place).map_or_else(unknown, span), "")?;
        }
        line("CPU time", self.usage.cpu.map_or_else(unknown, span), &each(self.usage.cpu, self.jobs))?;
        line("threads", self.usage.threads.map_or_else(unknown, |threads| grouped(threads as u64)), "at the peak")?;
        line("polls", self.over_workers(RuntimeMetrics::worker_poll_count), &format!("of {jobs} tasks"))?;
        let raids = self.over_workers(RuntimeMetrics::worker_steal_operations);
        line("stolen", self.over_workers(RuntimeMetrics::worker_steal_count), &format!("tasks, in {raids} steals"))?;
        line("timers fired", grouped(self.metrics.timers_fired_count()), "")?;
        line("driver awake", grouped(self.metrics.driver_wake_count()), "times")
    }
}

/// `1 worker`, `2 workers`.
fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// The cost of one job.
fn each(all: Option<Duration>, jobs: usize) -> String {
    let nanos = all.map_or(0, |all| all.as_nanos() / jobs as u128);
    format!("{} ns a job", grouped(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// The value at `place` of a sorted list, by nearest rank.
fn at(sorted: &[Duration], place: f64) -> Option<Duration> {
    let rank = (place * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn unknown() -> String {
    "?".to_owned()
}
