//! A job runner: what jobs there are, in which order and how many at a time they run, and how one runs as processes.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs` | the file of jobs, and what may be wrong with it |
//! | `schedule.rs` | which job runs when; it knows of no process |
//! | `attempt.rs` | one run of a job: its processes, their output, its end |
//! | `output.rs` | lines of all jobs, in one place |
//! | `report.rs` | how they ended, as a table |
//!
//! `main.rs` puts them together, and listens to signals.

mod attempt;
mod output;
mod plan;
mod report;
mod schedule;

pub use attempt::Processes;
pub use output::{Output, Printer, printer};
pub use plan::{Job, Plan};
pub use report::table;
pub use schedule::{Ended, Launch, Report, Settings, Stop, run};
