//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::ValueExt;
use lexopt::prelude::{Long, Short};
use service::Limits;

pub(crate) const USAGE: &str = "\
A JSON service over SQLite

Usage: service --database FILE [OPTIONS]

      --database FILE          where the items are kept; made if it is not there
      --listen HOST:PORT       where to listen; port 0 is any [127.0.0.1:8080]
      --timeout DURATION       how long a body may take to come, and an answer to be made [5s]
      --grace DURATION         how long requests may take to end when it is told to stop; 0s cuts them off [15s]
      --max-body BYTES         how large a body may be [65536]
      --max-requests COUNT     how many requests are answered at a time; more are told 503 [256]
      --max-connections COUNT  how many connections are open at a time; more have to wait [1024]
  -h, --help                   this text

What it does goes to standard error; RUST_LOG says how much of it [info].
SIGINT (ctrl-c) and SIGTERM stop it once all requests are answered, and at once the second time.

It exits with
  0    when it was told to stop, and has answered all requests
  1    when it cannot start, or has cut off requests that did not end in time
  2    when it does not understand its arguments
  130  when it was told to stop twice
";

/// What the program is to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) database: PathBuf,
    pub(crate) listen: String,
    pub(crate) limits: Limits,
    pub(crate) grace: Duration,
    pub(crate) connections: usize,
}

impl Arguments {
    /// Reads what follows the program's name; `None` is for help.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        let mut database = None;
        let mut arguments = Self {
            database: PathBuf::new(),
            listen: "127.0.0.1:8080".to_owned(),
            limits: Limits { timeout: Duration::from_secs(5), body: 65_536, requests: 256 },
            grace: Duration::from_secs(15),
            connections: 1024,
        };
        let mut parser = lexopt::Parser::from_args(words);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("database") => database = Some(PathBuf::from(parser.value()?)),
                Long("listen") => arguments.listen = value(&mut parser, "--listen", address)?,
                Long("timeout") => arguments.limits.timeout = value(&mut parser, "--timeout", limit)?,
                Long("grace") => arguments.grace = value(&mut parser, "--grace", duration)?,
                Long("max-body") => arguments.limits.body = value(&mut parser, "--max-body", bytes)?,
                Long("max-requests") => arguments.limits.requests = value(&mut parser, "--max-requests", count)?,
                Long("max-connections") => arguments.connections = value(&mut parser, "--max-connections", count)?,
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        arguments.database = database.ok_or("missing option '--database'")?;
        Ok(Some(arguments))
    }
}

/// The value of an option, which what is wrong with it names.
fn value<T>(
    parser: &mut lexopt::Parser,
    option: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, lexopt::Error> {
    let parsed = parser.value()?.parse_with(parse);
    parsed.map_err(|error| format!("{option}: {error}").into())
}

/// A host, whose name is looked up later, and a port.
fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("must be a host and a port, such as 127.0.0.1:8080".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

/// Some time: without any, each request would be too late.
fn limit(text: &str) -> Result<Duration, String> {
    let limit = duration(text)?;
    if limit.is_zero() { Err("must be longer than nothing".to_owned()) } else { Ok(limit) }
}

fn bytes(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "must be a whole number of bytes".to_owned())
}

/// At least one, and no more than a semaphore can count.
fn count(text: &str) -> Result<usize, String> {
    match text.parse::<u32>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count as usize),
        Err(error) => Err(error.to_string()),
    }
}
