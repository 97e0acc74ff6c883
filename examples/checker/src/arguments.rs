//! What the command line says.

use std::error::Error;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt};
use url::Url;

/// What `--help` prints.
pub const HELP: &str = "\
Checks the links of a site.

Usage: checker URL... [OPTION]...

Reads the pages of the hosts that the URLs name, beginning with those, and checks each link of
them once, also those to other hosts. What robots.txt disallows for fusee-checker is not asked for.

  --depth N          read pages at most N links from a start; without it, all
  --all              check links to other hosts, too (the default)
  --same-host        leave links to other hosts out
  --concurrency N    at most N addresses at a time (32)
  --per-host N       at most N of one host (8)
  --rate N           at most N requests a second, 0.001 to 1000; without it, no limit
  --timeout TIME     how long a request may take, such as 10s or 500ms (10s)
  --retries N        how often to try again after a connection that failed, a 429 or a 5xx (3)
  --max-body BYTES   how much of a page to read (2097152)
  --no-robots        ask for no robots.txt
  --ca FILE          trust the certificates of this PEM file, and no others
  --format FORMAT    text or json (text)
  -h, --help         this

Exit codes: 0, all links are good; 1, some are broken; 2, the command line is wrong, or the program
cannot run; 130, stopped by ctrl-c or SIGTERM, after which the report says what was done so far. The
second one ends the program at once.";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Check.
    Check(Box<Options>),
}

/// What to check, and how.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "HELP says what they are")]
pub struct Options {
    pub starts: Vec<Url>,
    pub depth: Option<usize>,
    pub same_host: bool,
    pub concurrency: NonZeroU32,
    pub per_host: NonZeroU32,
    /// The time between two requests.
    pub period: Option<Duration>,
    pub timeout: Duration,
    pub retries: usize,
    pub max_body: usize,
    pub robots: bool,
    pub ca: Option<PathBuf>,
    pub format: Format,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Format {
    Text,
    Json,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            starts: Vec::new(),
            depth: None,
            same_host: false,
            concurrency: NonZeroU32::new(32).expect("not zero"),
            per_host: NonZeroU32::new(8).expect("not zero"),
            period: None,
            timeout: Duration::from_secs(10),
            retries: 3,
            max_body: 2 * 1024 * 1024,
            robots: true,
            ca: None,
            format: Format::Text,
        }
    }
}

/// Reads the arguments.
///
/// # Errors
/// They are not what [`HELP`] says.
pub fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("depth") => options.depth = Some(value(&mut parser, "--depth", str::parse)?),
            Long("all") => options.same_host = false,
            Long("same-host") => options.same_host = true,
            Long("concurrency") => options.concurrency = value(&mut parser, "--concurrency", str::parse)?,
            Long("per-host") => options.per_host = value(&mut parser, "--per-host", str::parse)?,
            Long("rate") => options.period = Some(value(&mut parser, "--rate", period)?),
            Long("timeout") => options.timeout = value(&mut parser, "--timeout", time)?,
            Long("retries") => options.retries = value(&mut parser, "--retries", str::parse)?,
            Long("max-body") => options.max_body = value(&mut parser, "--max-body", str::parse)?,
            Long("no-robots") => options.robots = false,
            Long("ca") => options.ca = Some(parser.value()?.into()),
            Long("format") => options.format = value(&mut parser, "--format", format)?,
            Value(value) => options.starts.push(value.parse_with(start)?),
            other => return Err(other.unexpected()),
        }
    }
    if options.starts.is_empty() {
        return Err("there is no URL to begin with: try --help".into());
    }
    Ok(Command::Check(Box::new(options)))
}

/// The value of an option, which what is wrong with it names.
fn value<T, E: Into<Box<dyn Error + Send + Sync>>>(
    parser: &mut lexopt::Parser,
    option: &str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, lexopt::Error> {
    let parsed = parser.value()?.parse_with(parse);
    parsed.map_err(|error| format!("{option}: {error}").into())
}

fn start(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => "it must begin with http:// or https://".to_owned(),
        error => error.to_string(),
    })?;
    match url.scheme() {
        "http" => {}
        "https" if cfg!(feature = "tls") => {}
        "https" => return Err("this program was built without the feature `tls`".to_owned()),
        _ => return Err("it must begin with http:// or https://".to_owned()),
    }
    url.set_fragment(None);
    Ok(url)
}

fn period(text: &str) -> Result<Duration, &'static str> {
    let wrong = "it must be a number from 0.001 to 1000";
    let rate: f64 = text.parse().map_err(|_| wrong)?;
    if (0.001..=1000.0).contains(&rate) { Ok(Duration::from_secs_f64(1.0 / rate)) } else { Err(wrong) }
}

fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(time) }
}

fn format(text: &str) -> Result<Format, &'static str> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("it must be text or json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_enough() {
        let starts = vec![Url::parse("http://site.test/").unwrap()];
        assert_eq!(
            parsed("http://site.test#part"),
            Ok(Command::Check(Box::new(Options { starts, ..Options::default() })))
        );
    }

    #[test]
    fn each_option_is_read() {
        let line = "--depth 2 --same-host --concurrency 3 --per-host 4 --rate 5 --timeout 6s --retries 7 --max-body 8 \
                    --no-robots --ca roots.pem --format json http://a.test http://b.test/x";
        let expected = Options {
            starts: ["http://a.test/", "http://b.test/x"].map(|url| Url::parse(url).unwrap()).into(),
            depth: Some(2),
            same_host: true,
            concurrency: NonZeroU32::new(3).unwrap(),
            per_host: NonZeroU32::new(4).unwrap(),
            period: Some(Duration::from_millis(200)),
            timeout: Duration::from_secs(6),
            retries: 7,
            max_body: 8,
            robots: false,
            ca: Some("roots.pem".into()),
            format: Format::Json,
        };
        assert_eq!(parsed(line), Ok(Command::Check(Box::new(expected))));
        assert_eq!(parsed("http://a.test --help"), Ok(Command::Help));
    }
}
