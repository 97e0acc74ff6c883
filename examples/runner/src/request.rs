//! What the command line asks for.

use std::path::PathBuf;

use fusee::time::Duration;
use lexopt::{Arg, Parser};
use runner::Settings;

use crate::arguments;

const HELP: &str = "Usage: runner [--jobs N] [--grace S] [--keep-going] FILE

Runs the jobs of FILE, each after those that it waits for.

  --jobs N       so many at a time: 2 unless told otherwise
  --grace S      how many seconds a job that is asked to end may take before it is killed: 5 unless told otherwise
  --keep-going   begin others after a job has failed

In FILE, which is TOML, a job is:

  [job.NAME]
  run = [\"cargo\", \"build\"]     the program and its arguments
  after = [\"fetch\"]            the jobs that must have succeeded before
  limit = 2.5                  how many seconds it may take: any, unless told otherwise
  retries = 3                  how often it runs again if it fails: not at all, unless told otherwise
  folder = \"build\"             where it runs: here, unless told otherwise
  environment = { LANG = \"C\" } variables of its own

ctrl-c and SIGTERM end the jobs that run, with SIGTERM; the second one kills them.

Exit codes: 0 if all jobs have succeeded; 1 if one has not, or the output was closed; 2 for a command line or a file of jobs
that makes no sense; 130 when it was told to stop, and a job was stopped or not run.";

/// More seconds than this are a typing error.
const MOST_SECONDS: usize = 1_000_000_000;

/// What the command line asks for.
pub(crate) struct Request {
    pub(crate) file: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) grace: Duration,
}

impl Request {
    /// Reads the command line; nothing if it only asked for help.
    pub(crate) fn from_command_line() -> Result<Option<Self>, String> {
        let mut settings = Settings { at_a_time: 2, keep_going: false };
        let (mut file, mut grace) = (None, Duration::from_secs(5));
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => return arguments::print(HELP).map(|()| None),
                Arg::Long("jobs") => settings.at_a_time = count(&mut parser, "--jobs", 1)?,
                Arg::Long("grace") => {
                    let seconds = count(&mut parser, "--grace", 0)?.min(MOST_SECONDS);
                    grace = Duration::from_secs(seconds as u64);
                }
                Arg::Long("keep-going") => settings.keep_going = true,
                Arg::Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
                other => return Err(other.unexpected().to_string()),
            }
        }
        Ok(Some(Self { file: file.ok_or("FILE is missing")?, settings, grace }))
    }
}

fn count(parser: &mut Parser, option: &str, least: usize) -> Result<usize, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    arguments::count(&format!("{option}:"), &value, least)
}
