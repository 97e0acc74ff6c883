//! The command line that all bench targets share, since `cargo bench -- …` hands the same arguments to each.
//!
//! The filter and the flags that cargo and test runners pass mean what they mean to criterion; criterion's other flags
//! are skipped. Without `--bench`, which `cargo bench` passes and `cargo test` does not, a bench is tested: it runs
//! everything once, in small.

use regex::Regex;
use std::env;
use std::path::PathBuf;
use std::process;

/// How much of a workload to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// What is measured.
    Full,
    /// Enough to see that everything works, in debug builds too; also what warms a runtime up.
    Smoke,
}

/// Criterion's flags that are followed by a value.
const VALUED: [&str; 18] = [
    "--color",
    "--colour",
    "-c",
    "--save-baseline",
    "-s",
    "--baseline",
    "-b",
    "--baseline-lenient",
    "--load-baseline",
    "--format",
    "--profile-time",
    "--sample-size",
    "--warm-up-time",
    "--measurement-time",
    "--nresamples",
    "--noise-threshold",
    "--confidence-level",
    "--significance-level",
];

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) scale: Scale,
    /// `--rounds`: how often each contender takes its turn.
    rounds: Option<usize>,
    /// `--workers`: the worker threads of each contender.
    pub(crate) workers: usize,
    /// `--seconds`: how long `churn` lets each contender churn.
    pub(crate) seconds: usize,
    /// `--svg`: where `scale` draws its figure.
    pub(crate) svg: Option<PathBuf>,
    /// `--list`: name what would run.
    pub(crate) list: bool,
    filter: Option<Regex>,
}

impl Args {
    /// Reads the process's arguments; ends it with a message when they make no sense.
    pub(crate) fn from_env() -> Self {
        Self::parse(env::args().skip(1)).unwrap_or_else(|message| {
            eprintln!("error: {message}");
            process::exit(2);
        })
    }

    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut bench, mut test, mut exact, mut filter) = (false, false, false, None);
        let mut parsed = Self::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => bench = true,
                "--test" => test = true,
                "--exact" => exact = true,
                "--list" => parsed.list = true,
                "--rounds" => parsed.rounds = Some(number("--rounds", args.next())?),
                "--workers" => parsed.workers = number("--workers", args.next())?,
                "--seconds" => parsed.seconds = number("--seconds", args.next())?,
                "--svg" => parsed.svg = Some(args.next().ok_or("--svg needs a path")?.into()),
                valued if VALUED.contains(&valued) => drop(args.next()),
                flag if flag.starts_with('-') => {}
                _ if filter.is_none() => filter = Some(arg),
                _ => return Err(format!("one filter is enough: {arg}")),
            }
        }
        if bench && !test {
            parsed.scale = Scale::Full;
        }
        parsed.filter = match filter {
            Some(text) if exact => Some(format!("^{}$", regex::escape(&text))),
            text => text,
        }
        .map(|text| Regex::new(&text))
        .transpose()
        .map_err(|error| error.to_string())?;
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
}

impl Default for Args {
    fn default() -> Self {
        Self { scale: Scale::Smoke, rounds: None, workers: 2, seconds: 5, svg: None, list: false, filter: None }
    }
}

fn number(flag: &str, value: Option<String>) -> Result<usize, String> {
    let value = value.ok_or_else(|| format!("{flag} needs a number"))?;
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{flag} needs a number above zero, not {value}")),
    }
}
