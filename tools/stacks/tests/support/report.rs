//! Reports of polls that will block.

use fusee::insight::Alarm;
use fusee_stacks::{Error, Report, Stacks};

/// The report, once the thread blocks: where CPUs are scarce a poll may take long before it does.
pub(crate) fn report(stacks: &Stacks, alarm: &Alarm) -> Report {
    loop {
        let report = stacks.report(alarm);
        if !matches!(report.stack(), Err(Error::Running | Error::MovedOn)) {
            return report;
        }
    }
}
