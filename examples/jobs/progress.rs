//! The progress bar of a long run: on standard error, and only where that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::record::Record;

/// A run of this many jobs is long.
const LONG: usize = 100_000;

/// How often the bar is drawn. Each time, the numbers printed so far are counted.
const PERIOD: Duration = Duration::from_millis(50);

/// What the observer does at each look: draw the bar, when it is time to, if the run is a long one.
pub(crate) fn shown_for(jobs: usize, record: &'static Record) -> impl FnMut() + Send + 'static {
    let bar = if jobs >= LONG { ProgressBar::new(jobs as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} jobs done, {elapsed}") {
        bar.set_style(style);
    }
    let bar = Shown(bar);
    let mut next = Instant::now();
    move || {
        if !bar.0.is_hidden() && Instant::now() >= next {
            bar.0.set_position(record.numbers().count());
            next = Instant::now() + PERIOD;
        }
    }
}

/// A bar that takes itself off the screen.
struct Shown(ProgressBar);

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
