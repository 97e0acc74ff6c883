//! The progress bar, on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::crawl::Progress;

/// A progress bar. A clone is the same bar.
#[derive(Clone, Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows nothing yet.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} links, {msg}");
        let style = style.expect("the template is valid");
        Self(ProgressBar::new(0).with_style(style).with_message("0 broken"))
    }

    /// Shows how far a crawl has come.
    pub fn show(&self, progress: Progress) {
        self.0.set_length(progress.known as u64);
        self.0.set_position(progress.done as u64);
        self.0.set_message(format!("{} broken", progress.broken));
    }

    /// Writes a line to standard error, above the bar.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}
