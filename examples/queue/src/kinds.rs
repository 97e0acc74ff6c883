//! The jobs that this program knows: enough to try everything with. Put your own here.

use std::io::{self, Write};
use std::sync::Arc;

use fusee::time::{Duration, sleep};
use queue::{Handler, Job};

/// Longer sleeps are a typing error.
const LONGEST: u64 = 1_000_000;

/// Does jobs by their kind.
pub(crate) struct Kinds;

impl Handler for Kinds {
    async fn run(self: Arc<Self>, job: Job) -> Result<(), String> {
        let number = job.argument.parse::<u64>().map_err(|_| format!("{:?} is no number", job.argument));
        match job.kind.as_str() {
            "print" => writeln!(io::stdout(), "{}", job.argument).map_err(|error| error.to_string())?,
            "sleep" => sleep(Duration::from_secs(number?.min(LONGEST))).await,
            "fail" if u64::from(job.attempt) <= number? => return Err(format!("fails at attempt {}", job.attempt)),
            "fail" => {}
            "panic" => panic!("{}", job.argument),
            other => return Err(format!("nobody knows what {other:?} is")),
        }
        Ok(())
    }
}

/// Checks what is to be pushed.
pub(crate) fn check(kind: &str, argument: &str) -> Result<(), String> {
    match kind {
        "print" | "panic" => Ok(()),
        "sleep" | "fail" => match argument.parse::<u64>() {
            Ok(number) if number <= LONGEST => Ok(()),
            _ => Err(format!("{kind} needs a whole number up to {LONGEST}, not {argument:?}")),
        },
        other => Err(format!("the kind must be print, sleep, fail or panic, not {other:?}")),
    }
}
