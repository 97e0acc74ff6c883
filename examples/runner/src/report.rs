//! How jobs ended, as a table.

use tabled::builder::Builder;
use tabled::settings::Style;

use crate::plan::Plan;
use crate::schedule::{Ended, Report};

/// A row for each job.
pub fn table(plan: &Plan, reports: &[Report]) -> String {
    let mut table = Builder::default();
    table.push_record(["job", "ended", "runs", "seconds"]);
    for (job, report) in plan.jobs.iter().zip(reports) {
        let seconds = format!("{:.1}", report.took.as_secs_f64());
        table.push_record([job.name.clone(), in_words(&report.ended), report.runs.to_string(), seconds]);
    }
    table.build().with(Style::sharp()).to_string()
}

fn in_words(ended: &Ended) -> String {
    match ended {
        Ended::Succeeded => "succeeded".to_owned(),
        Ended::Failed(why) => format!("failed: {why}"),
        Ended::TimedOut => "took too long".to_owned(),
        Ended::CannotStart(why) => format!("cannot start: {why}"),
        Ended::Stopped => "stopped".to_owned(),
        Ended::Skipped => "not run".to_owned(),
    }
}
