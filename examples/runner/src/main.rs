//! A job runner; README.md beside this folder says how to try it.
//!
//! ```text
//! cargo run --release -p runner -- examples/runner/jobs.toml
//! ```
//!
//! Exit codes: 0 if all jobs have succeeded, 1 if one has not, or the output was closed, 2 for a command line or a file of jobs that makes no sense, 130 when it was told to stop.

#[path = "../../ladder/arguments.rs"]
#[allow(dead_code, reason = "each example uses a part of it")]
mod arguments;
#[path = "../../shared/program.rs"]
mod program;
mod request;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use fusee::io::{AsyncWriteExt, stdout};
use fusee::select;
use fusee::time::{Duration, sleep};
use runner::{Ended, Plan, Processes, Report, Stop, printer, run, table};

use crate::request::Request;

/// What a shell says of a program that ctrl-c has ended.
const STOPPED: u8 = 130;

/// How long what the jobs have said may take to be written once all is to end at once.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    program::run("runner", Request::from_command_line(), all)
}

async fn all(request: Request) -> Result<ExitCode, String> {
    let file = request.file.display();
    let text = match fusee::fs::read_to_string(&request.file).await {
        Ok(text) => text,
        Err(error) => return Ok(arguments::complain("runner", &format!("cannot read {file}: {error}"))),
    };
    let plan = match Plan::parse(&text) {
        Ok(plan) => plan,
        Err(complaint) => {
            eprintln!("runner: {file}: {complaint}");
            return Ok(ExitCode::from(2));
        }
    };
    let stop = Stop::default();
    program::listen(stop.politely.clone(), stop.at_once.clone())?;
    let (printer, write) = printer();
    let writer = fusee::spawn({
        let stop = stop.clone();
        async move {
            // If nobody reads, there is no use in going on.
            write.await.inspect_err(|_| stop.politely.cancel())
        }
    });
    let launcher = Arc::new(Processes { printer, grace: request.grace });
    let reports = run(&plan, request.settings, launcher, &stop).await;
    let told = stop.politely.is_cancelled();
    // The launcher is gone, and its printer with it: what is written ends, unless somebody holds it up who neither reads nor closes. The second signal ends that.
    let held_up = async {
        stop.at_once.cancelled().await;
        sleep(PATIENCE).await;
    };
    let all_written = async {
        let written = writer.await.expect("the writer neither panics nor is aborted");
        let (mut output, summary) = (stdout(), format!("{}\n", table(&plan, &reports)));
        match async { output.write_all(summary.as_bytes()).await.and(output.flush().await) }.await {
            // Who has read what the jobs have said has read enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => written,
        }
    };
    let written: io::Result<()> = select! {
        written = all_written => written,
        () = held_up => return Err("cannot write: nobody reads what the jobs have said".to_owned()),
    };
    match written {
        Err(error) => Err(format!("cannot write: {error}")),
        Ok(()) => Ok(code(&reports, told)),
    }
}

fn code(reports: &[Report], told: bool) -> ExitCode {
    if reports.iter().all(|report| report.ended == Ended::Succeeded) {
        ExitCode::SUCCESS
    } else if told {
        ExitCode::from(STOPPED)
    } else {
        ExitCode::FAILURE
    }
}
