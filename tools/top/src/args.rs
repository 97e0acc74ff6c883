//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use crate::rows::SortKey;

/// What `--help` prints.
pub const HELP: &str = "\
Shows what a runtime of fusee is doing, live.

Usage: fusee-top [OPTIONS] SOCKET

SOCKET is the path that the process has given to `Builder::console`.

Options:
  -i, --interval SECONDS  ask so often (1)
      --sort COLUMN       place, alive, polls, busy, longest, idle (alive)
      --filter TEXT       show the places that contain TEXT
      --once              print one screen as text, and end
      --width COLUMNS     of what --once prints (100)
      --dump              print the tasks by the places where they were spawned, some of each, and end
      --all               with --dump: every task
      --waits COUNT       print where so many tasks wait, to the line, those first that have waited
                          longest, and end; they are polled for that
      --trace FILE        write a recording to FILE, for fusee-trace, and end
  -h, --help
  -V, --version

Keys: up and down choose a row, Enter shows its tasks, Esc goes back; s and S sort, r reverses, / filters,
space pauses, + and - change the interval, q quits.
";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Show the screen.
    Live,
    /// Print one.
    Once,
    /// Print the tasks by the places where they were spawned.
    Dump {
        /// Every one, and not some of each place.
        all: bool,
    },
    /// Print where so many tasks wait.
    Waits(usize),
    /// Write a recording to this file.
    Trace(PathBuf),
    /// Print how the program is used.
    Help,
    /// Print its version.
    Version,
}

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// What to do.
    pub command: Command,
    /// The console's path; empty for those that need none.
    pub socket: PathBuf,
    /// From one answer to the next.
    pub interval: Duration,
    /// What the places are sorted by.
    pub sort: SortKey,
    /// What they must contain.
    pub filter: String,
    /// Of a printed screen, in columns.
    pub width: u16,
}

impl Args {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// When one is not known, or has no value that makes sense, with a message that says which.
    pub fn parse(arguments: impl IntoIterator<Item: Into<std::ffi::OsString>>) -> Result<Self, lexopt::Error> {
        let mut args = Self {
            command: Command::Live,
            socket: PathBuf::new(),
            interval: Duration::from_secs(1),
            sort: SortKey::Alive,
            filter: String::new(),
            width: 100,
        };
        let (mut socket, mut is_all) = (None, false);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('i') | Long("interval") => args.interval = seconds(&parser.value()?)?,
                Long("sort") => args.sort = parser.value()?.parse()?,
                Long("filter") => args.filter = parser.value()?.string()?,
                Long("width") => args.width = parser.value()?.parse_with(width)?,
                Long("once") => args.command = Command::Once,
                Long("dump") => args.command = Command::Dump { all: false },
                Long("all") => is_all = true,
                Long("waits") => args.command = Command::Waits(parser.value()?.parse()?),
                Long("trace") => args.command = Command::Trace(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(Self { command: Command::Help, ..args }),
                Short('V') | Long("version") => return Ok(Self { command: Command::Version, ..args }),
                Value(path) if socket.is_none() => socket = Some(path.into()),
                other => return Err(other.unexpected()),
            }
        }
        match &mut args.command {
            Command::Dump { all } => *all = is_all,
            _ if is_all => return Err("--all goes with --dump alone".into()),
            _ => {}
        }
        args.socket = socket.ok_or("the path of a console's socket is missing; --help says more")?;
        Ok(args)
    }
}

fn seconds(value: &std::ffi::OsStr) -> Result<Duration, lexopt::Error> {
    let in_range = |seconds: &f64| (0.05..=3_600.0).contains(seconds);
    let seconds = value.to_str().and_then(|text| text.parse().ok()).filter(in_range);
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "an interval is from 0.05 to 3600 seconds".into())
}

fn width(value: &str) -> Result<u16, String> {
    value.parse().ok().filter(|width| (40..=1_000).contains(width)).ok_or_else(|| "from 40 to 1000 columns".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let args = parse("a.sock").unwrap();
        assert_eq!((args.command, args.interval, args.sort), (Command::Live, Duration::from_secs(1), SortKey::Alive));
        let args = parse("-i 0.5 --sort busy --filter db --trace out a.sock").unwrap();
        assert_eq!((args.interval, args.sort, args.filter.as_str()), (Duration::from_millis(500), SortKey::Busy, "db"));
        assert_eq!(args.command, Command::Trace("out".into()));
        assert_eq!(parse("--help").unwrap().command, Command::Help);
        assert_eq!(parse("--dump a").unwrap().command, Command::Dump { all: false });
        assert_eq!(parse("--waits 7 a").unwrap().command, Command::Waits(7));
        assert_eq!(parse("--all --dump a").unwrap().command, Command::Dump { all: true });
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for (line, why) in [
            ("--once", "socket"),
            ("a b", "b"),
            ("-i 0 a", "interval"),
            ("-i nan a", "interval"),
            ("--sort size a", "size"),
            ("--width 3 a", "columns"),
            ("--colour a", "--colour"),
            ("--waits many a", "many"),
            ("--all a", "--dump"),
            ("--dump --all --once a", "--dump"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
