//! Runs a rung's jobs and measures them: the row that the table shows.

use std::time::{Duration, Instant};

use crate::sheet::Sheet;
use crate::usage::{Observer, Usage};

/// What a rung is asked to do.
pub(crate) struct Task {
    /// The rung's name.
    pub(crate) rung: &'static str,
    /// How many jobs.
    pub(crate) jobs: usize,
    /// Whether the numbers appear on standard output, too.
    pub(crate) print: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// All jobs printed, this long after the longest sleep should have ended.
    Done { past: Duration },
    /// It never would have.
    Hangs,
}

/// One line of the table.
pub(crate) struct Row {
    /// The rung, and which of its runs.
    pub(crate) name: String,
    pub(crate) jobs: usize,
    pub(crate) ending: Ending,
    pub(crate) usage: Usage,
    /// Polls of the jobs' sleeps.
    pub(crate) polls: u64,
    /// Whether the numbers were to be read by somebody who left.
    pub(crate) unread: bool,
    /// A sentence that belongs to the figures.
    pub(crate) note: Option<String>,
}

impl Task {
    /// Runs `jobs` with a fresh sheet and checks that each of them printed once, no earlier than `longest` from the
    /// start.
    pub(crate) fn measured(
        &self,
        what: &str,
        longest: Duration,
        jobs: impl FnOnce(&'static Sheet) -> Result<(), String>,
    ) -> Result<Row, String> {
        let sheet = Sheet::leaked(self.jobs, self.print);
        let observer = Observer::start(|| {});
        let start = Instant::now();
        jobs(sheet)?;
        let past = start.elapsed().checked_sub(longest);
        let usage = observer.stop();
        sheet.numbers().verify()?;
        let past = past.ok_or("the jobs ended early: somebody slept less than a second")?;
        let name = if what.is_empty() { self.rung.to_owned() } else { format!("{}: {what}", self.rung) };
        let (jobs, ending, polls, unread) = (self.jobs, Ending::Done { past }, sheet.polls(), sheet.numbers().unread());
        Ok(Row { name, jobs, ending, usage, polls, unread, note: None })
    }
}
