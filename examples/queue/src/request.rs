//! What the command line asks for.

use fusee::time::Duration;
use lexopt::{Arg, Parser};
use queue::{Retries, Settings};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::values::{count, seconds, text};
use crate::{arguments, kinds};

const HELP: &str = "Usage: queue push KIND [ARGUMENT] [--times N]
       queue work [--concurrency N] [--limit S] [--lease S] [--attempts N] [--pause S] [--grace S]
       queue status | dead | revive

A work queue in redis. Each job is done at least once, by one of the workers.

  push     adds a job: print TEXT, sleep SECONDS, fail N (which fails N times) or panic TEXT
  work     does jobs until it is told to stop
  status   how many jobs are where
  dead     the jobs that failed too often, and why
  revive   lets these be tried again

  --redis URL       redis://127.0.0.1:6379 unless told otherwise; redis+unix:///path for a socket
  --queue NAME      one of several queues in one redis: default unless told otherwise
  --times N         push the same job N times
  --concurrency N   do up to N jobs at a time: 4 unless told otherwise
  --limit S         a job that takes longer than S seconds has failed: 60 unless told otherwise
  --lease S         jobs of a worker that was not heard of for S seconds are taken over: 15 unless told otherwise
  --attempts N      a job that failed N times is dead: 5 unless told otherwise
  --pause S         S seconds after a job failed for the first time it is tried again, then after twice as long: 1 unless told otherwise
  --grace S         how many seconds jobs in hand may go on when it is told to stop: 30 unless told otherwise

ctrl-c and SIGTERM stop a worker: it takes no more jobs, and finishes those in hand; the second one gives them back.

Exit codes: 0, for a worker when it was told to stop, also if jobs had to be given back; 1 if something failed, as when
redis is away, which a worker waits for; 2 for arguments that make no sense.";

/// More seconds than this are a typing error.
const MOST_SECONDS: usize = 1_000_000;

/// More than this is a typing error, too.
const MOST: usize = 1_000_000;

/// No pause between attempts is longer, but for the jitter.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the command line asks for.
pub(crate) struct Request {
    pub(crate) redis: ConnectionInfo,
    pub(crate) queue: String,
    pub(crate) command: Command,
}

/// What is to be done.
pub(crate) enum Command {
    Push { kind: String, argument: String, times: usize },
    Work(Settings),
    Status,
    Dead,
    Revive,
}

impl Request {
    /// Reads the command line; nothing if it only asked for help.
    pub(crate) fn from_command_line() -> Result<Option<Self>, String> {
        let (mut words, mut redis, mut queue) = (Vec::new(), None, "default".to_owned());
        let (mut times, mut settings, mut of_work) = (None, settings(), None);
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => return arguments::print(HELP).map(|()| None),
                Arg::Long("redis") => redis = Some(url(&text(&mut parser)?)?),
                Arg::Long("queue") => queue = name(text(&mut parser)?)?,
                Arg::Long("times") => times = Some(count(&mut parser, "--times", 1, MOST)?),
                Arg::Long(option) if OF_WORK.contains(&option) => {
                    let option = option.to_owned();
                    read_setting(&option, &mut settings, &mut parser)?;
                    of_work = Some(option);
                }
                Arg::Value(word) => words.push(word.to_string_lossy().into_owned()),
                other => return Err(other.unexpected().to_string()),
            }
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let command = command(&words, times, settings)?;
        match (&command, of_work) {
            (Command::Work(_), _) | (_, None) => {}
            (_, Some(option)) => return Err(format!("--{option} is for work")),
        }
        let redis = redis.map_or_else(|| url("redis://127.0.0.1:6379"), Ok)?;
        Ok(Some(Self { redis, queue, command }))
    }
}

/// The options of `work`.
const OF_WORK: &[&str] = &["concurrency", "limit", "lease", "attempts", "pause", "grace"];

fn settings() -> Settings {
    let [limit, lease, first, grace] = [60, 15, 1, 30].map(Duration::from_secs);
    Settings { concurrency: 4, limit, lease, retries: Retries { attempts: 5, first, longest: LONGEST_PAUSE }, grace }
}

fn read_setting(option: &str, settings: &mut Settings, parser: &mut Parser) -> Result<(), String> {
    match option {
        "concurrency" => settings.concurrency = count(parser, "--concurrency", 1, MOST)?,
        "limit" => settings.limit = seconds(parser, "--limit", 1, MOST_SECONDS)?,
        "lease" => settings.lease = seconds(parser, "--lease", 1, MOST_SECONDS)?,
        "attempts" => settings.retries.attempts = count(parser, "--attempts", 1, MOST)? as u32,
        "pause" => settings.retries.first = seconds(parser, "--pause", 0, MOST_SECONDS)?,
        _ => settings.grace = seconds(parser, "--grace", 0, MOST_SECONDS)?,
    }
    Ok(())
}

fn command(words: &[&str], times: Option<usize>, settings: Settings) -> Result<Command, String> {
    let command = match words {
        ["push", kind, rest @ ..] if rest.len() <= 1 => {
            let argument = rest.first().copied().unwrap_or_default();
            kinds::check(kind, argument)?;
            let (kind, argument) = ((*kind).to_owned(), argument.to_owned());
            return Ok(Command::Push { kind, argument, times: times.unwrap_or(1) });
        }
        ["push"] => return Err("push needs a kind of job".to_owned()),
        ["work"] => Command::Work(settings),
        ["status"] => Command::Status,
        ["dead"] => Command::Dead,
        ["revive"] => Command::Revive,
        [] => return Err("a command is missing: push, work, status, dead or revive".to_owned()),
        ["push" | "work" | "status" | "dead" | "revive", ..] => {
            return Err(format!("too many words: {}", words.join(" ")));
        }
        [other, ..] => return Err(format!("the command must be push, work, status, dead or revive, not {other:?}")),
    };
    if times.is_some() {
        return Err("--times is for push".to_owned());
    }
    Ok(command)
}

fn url(text: &str) -> Result<ConnectionInfo, String> {
    let bad = |error: redis::RedisError| {
        format!("--redis: must be a URL such as redis://127.0.0.1:6379, not {text:?}: {error}")
    };
    let to = text.into_connection_info().map_err(bad)?;
    match to.addr() {
        ConnectionAddr::Tcp(..) | ConnectionAddr::Unix(_) => Ok(to),
        _ => Err(format!("--redis: {text:?} asks for TLS, which is not built in")),
    }
}

/// The name of a queue stands between braces in the names of its keys.
fn name(text: String) -> Result<String, String> {
    if text.is_empty() || text.contains(['{', '}']) {
        return Err(format!("--queue: must have a character at least, and no braces, not {text:?}"));
    }
    Ok(text)
}
