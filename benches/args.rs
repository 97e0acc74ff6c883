//! The command line that all bench targets share, since `cargo bench -- …` hands the same arguments to each.
//!
//! The filter and the flags that cargo and test runners pass mean what they mean to criterion; criterion's other flags
//! are skipped, and what nobody knows is refused. Without `--bench`, which `cargo bench` passes and `cargo test` does not,
//! a bench is tested: it runs everything once, in small.
//!
//! A filter that matches nothing of a bench ends that bench with an error, so that a slip is no silence. With one filter for
//! several benches, `cargo bench --no-fail-fast` goes on to the next.

use lexopt::prelude::*;
use lexopt::{Arg, Parser};
use regex::Regex;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, process};

/// How much of a workload to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// What is measured.
    Full,
    /// Enough to see that everything works, in debug builds too; also what warms a runtime up.
    Smoke,
}

/// The bench that is built.
const BENCH: &str = env!("CARGO_CRATE_NAME");

/// The one that runs at several numbers of workers.
const OF_SEVERAL_COUNTS: &str = "compare";

/// The worker threads of each contender, unless the command line says otherwise.
const USUAL_WORKERS: usize = 2;

const OPTIONS: &str = "  FILTER           a regular expression: only what matches, of the names that --list prints
  --exact          FILTER is a whole name
  --list           print what would run, and run nothing
  --rounds N       how often each runtime takes its turn
  --workers N      worker threads of each runtime, 2 by default; `compare` takes several numbers, as in 1,2,4
  --pin            `compare` keeps each worker on a CPU of its own, where the system can, and `net` its client, which servers leave alone
  --seconds N      how long `churn` lets each runtime churn, 5 by default, and each loop of `net` takes, by default less than one
  --svg FILE       where `scale` draws its figure
  --figures        `account` prints plain lines, which `cargo xtask bench-check` reads
  --syscalls       `net` counts the servers' system calls, where perf can
  --twin           `net` has tokio run against itself, too: what the harness varies by
  --test           run everything once, in small, and measure nothing; also without --bench, which cargo bench passes
  -h, --help       print this

All benches take these, since `cargo bench -- …` hands them to each; one that has no use for an option ignores it. A FILTER that matches nothing of
a bench is an error; `cargo bench --no-fail-fast -- FILTER` goes on to the next bench. Criterion's own options, such
as --sample-size or --save-baseline, are for `charts`; the others accept them and ignore them.";

/// Criterion's flags that are followed by a value.
const VALUED: [&str; 17] = [
    "color",
    "colour",
    "save-baseline",
    "baseline",
    "baseline-lenient",
    "load-baseline",
    "format",
    "profile-time",
    "sample-size",
    "warm-up-time",
    "measurement-time",
    "nresamples",
    "noise-threshold",
    "confidence-level",
    "significance-level",
    "plotting-backend",
    "output-format",
];

/// Criterion's flags that stand alone, but for those that mean something here.
const SINGLE: [&str; 9] = [
    "verbose",
    "quiet",
    "noplot",
    "discard-baseline",
    "ignored",
    "quick",
    "nocapture",
    "show-output",
    "include-ignored",
];

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) scale: Scale,
    /// `--rounds`: how often each contender takes its turn.
    rounds: Option<usize>,
    /// `--workers`: the worker threads of each contender; of several numbers, the first.
    pub(crate) workers: usize,
    /// All numbers given with `--workers`.
    pub(crate) worker_counts: Vec<usize>,
    /// `--pin`: keep each worker on a CPU of its own, or the client that loads servers.
    pub(crate) pin: bool,
    /// `--seconds`: how long a contender is watched.
    pub(crate) seconds: Option<Duration>,
    /// `--svg`: where `scale` draws its figure.
    pub(crate) svg: Option<PathBuf>,
    /// `--figures`: `account` prints what another program reads.
    pub(crate) figures: bool,
    /// `--syscalls`: `net` counts system calls.
    pub(crate) syscalls: bool,
    /// `--twin`: `net` has the reference run against itself.
    pub(crate) twin: bool,
    /// `--list`: name what would run.
    pub(crate) list: bool,
    filter: Option<Regex>,
    /// The filter as it was given.
    filter_text: String,
}

impl Args {
    /// Reads the process's arguments; ends it with a message when they make no sense, and with the usage when that is wanted.
    pub(crate) fn from_env() -> Self {
        Self::parse(env::args_os().skip(1)).unwrap_or_else(|error| {
            eprintln!("error: {error}\nFor what {BENCH} understands, try `cargo bench --bench {BENCH} -- --help`.");
            process::exit(2);
        })
    }

    fn parse(args: impl Iterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let (mut bench, mut test, mut exact, mut filter) = (false, false, false, None);
        let mut parsed = Self::default();
        let mut parser = Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Long("bench") => bench = true,
                Long("test") => test = true,
                Long("exact") => exact = true,
                Long("list") => parsed.list = true,
                Long("pin") => parsed.pin = true,
                Long("figures") => parsed.figures = true,
                Long("syscalls") => parsed.syscalls = true,
                Long("twin") => parsed.twin = true,
                Long("rounds") => parsed.rounds = Some(parser.value()?.parse_with(number)?),
                Long("workers") => parsed.worker_counts = parser.value()?.parse_with(numbers)?,
                Long("seconds") => parsed.seconds = Some(parser.value()?.parse_with(seconds)?),
                Long("svg") => parsed.svg = Some(parser.value()?.into()),
                Short('h') | Long("help") => help(),
                Short('c' | 's' | 'b') => drop(parser.value()?),
                Long(flag) if VALUED.contains(&flag) => drop(parser.value()?),
                Short('v' | 'n') => {}
                Long(flag) if SINGLE.contains(&flag) => {}
                Arg::Value(value) if filter.is_none() => filter = Some(value.string()?),
                Arg::Value(value) => return Err(format!("one filter is enough: {}", value.display()).into()),
                unknown => return Err(unknown.unexpected()),
            }
        }
        if parsed.worker_counts.len() > 1 && BENCH != OF_SEVERAL_COUNTS {
            return Err(format!("{BENCH} takes one number of workers; {OF_SEVERAL_COUNTS} takes several").into());
        }
        parsed.workers = parsed.worker_counts.first().copied().unwrap_or(USUAL_WORKERS);
        if bench && !test {
            parsed.scale = Scale::Full;
        }
        parsed.filter_text = filter.clone().unwrap_or_default();
        let filter = filter.map(|text| if exact { format!("^{}$", regex::escape(&text)) } else { text });
        parsed.filter = filter.map(|text| Regex::new(&text)).transpose().map_err(|error| error.to_string())?;
        Ok(parsed)
    }

    /// How often each contender takes its turn, `usual` unless the command line says otherwise; once in a test.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        if self.scale == Scale::Full { self.rounds.unwrap_or(usual) } else { 1 }
    }

    /// Whether the filter lets `workload/contender` through.
    pub(crate) fn selects(&self, workload: &str, contender: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_match(&format!("{workload}/{contender}")))
    }

    /// Ends the process with a message if the filter has let nothing through, as `is_empty` says. A test goes on, for the
    /// filter may be meant for another target.
    pub(crate) fn require_match(&self, is_empty: bool) {
        if is_empty && self.scale == Scale::Full {
            eprintln!("{BENCH}: no name matches `{}`; --list prints them", self.filter_text);
            process::exit(2);
        }
    }
}

impl Default for Args {
    fn default() -> Self {
        Self {
            scale: Scale::Smoke,
            rounds: None,
            workers: USUAL_WORKERS,
            worker_counts: Vec::new(),
            pin: false,
            seconds: None,
            svg: None,
            figures: false,
            syscalls: false,
            twin: false,
            list: false,
            filter: None,
            filter_text: String::new(),
        }
    }
}

fn help() -> ! {
    println!("Usage: cargo bench --bench {BENCH} -- [FILTER] [OPTIONS]\n\n{OPTIONS}");
    process::exit(0);
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a number above zero is needed".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    number(text).map(|seconds| Duration::from_secs(seconds as u64))
}

fn numbers(text: &str) -> Result<Vec<usize>, String> {
    text.split(',').map(number).collect()
}
