//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use service::Limits;

pub(crate) const USAGE: &str = "\
A JSON service over SQLite

Usage: service --database FILE [OPTIONS]

      --database FILE          where the items are kept; made if it is not there
      --listen ADDRESS         where to listen; port 0 is any [127.0.0.1:8080]
      --timeout DURATION       how long a body may take to come, and an answer to be made [5s]
      --grace DURATION         how long requests may take to end when it is told to stop [15s]
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
                Long("listen") => arguments.listen = parser.value()?.string()?,
                Long("timeout") => arguments.limits.timeout = duration(&mut parser)?,
                Long("grace") => arguments.grace = duration(&mut parser)?,
                Long("max-body") => arguments.limits.body = parser.value()?.parse()?,
                Long("max-requests") => arguments.limits.requests = count(&mut parser)?,
                Long("max-connections") => arguments.connections = count(&mut parser)?,
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        arguments.database = database.ok_or("missing option '--database'")?;
        Ok(Some(arguments))
    }
}

fn duration(parser: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    parser.value()?.parse_with(humantime::parse_duration)
}

/// At least one, and no more than a semaphore can count.
fn count(parser: &mut lexopt::Parser) -> Result<usize, lexopt::Error> {
    parser.value()?.parse_with(|text| match text.parse::<u32>() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count as usize),
        Err(error) => Err(error.to_string()),
    })
}
