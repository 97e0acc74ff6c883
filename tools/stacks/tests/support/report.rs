//! Reports of polls that will block.

use std::time::{Duration, Instant};

use fusee::insight::Alarm;
use fusee_stacks::{Error, Report, Stacks};

/// The report, once the thread blocks: where CPUs are scarce a poll may take long before it does.
pub(crate) fn report(stacks: &Stacks, alarm: &Alarm) -> Report {
    let begun = Instant::now();
    loop {
        let report = stacks.report(alarm);
        let is_late = begun.elapsed() > Duration::from_secs(30);
        if is_late || !matches!(report.stack(), Err(Error::Running | Error::MovedOn)) {
            return report;
        }
    }
}
