//! What the command line asks for.

use std::net::SocketAddr;

use fusee::time::Duration;
use lexopt::{Arg, Parser};
use proxy::{Policy, Settings};

use crate::arguments;
use crate::values::{count, seconds, text};

const HELP: &str = "Usage: proxy --listen ADDRESS --to ADDRESS [--to ADDRESS ...]

Passes each connection on to one of several upstreams.

  --listen A            where to listen, such as 127.0.0.1:8080
  --to A                an upstream, such as 127.0.0.1:9001 or some.host:80; again for each
  --policy P            round-robin, unless told otherwise, or least-connections
  --connections N       at most so many at a time: 1000 unless told otherwise
  --connect-timeout S   how many seconds an upstream may take to be connected to: 3 unless told otherwise
  --idle S              cut a connection over which nothing came for so many seconds: 300 unless told otherwise
  --grace S             how many seconds connections may go on when it is told to stop: 10 unless told otherwise

ctrl-c and SIGTERM stop it: it accepts no more, and waits for the open connections; the second one cuts them.

Exit codes: 0 when it was told to stop, also if connections had to be cut; 1 if it could not start, as when the address is
taken or an upstream's name is not known; 2 for arguments that make no sense.";

/// More seconds than this are a typing error.
const MOST_SECONDS: usize = 1_000_000_000;

/// As many as `Semaphore` has, and more than there are descriptors.
const MOST_CONNECTIONS: usize = 10_000_000;

/// What the command line asks for.
pub(crate) struct Request {
    pub(crate) listen: SocketAddr,
    pub(crate) to: Vec<String>,
    pub(crate) policy: Policy,
    pub(crate) settings: Settings,
}

impl Request {
    /// Reads the command line; nothing if it only asked for help.
    pub(crate) fn from_command_line() -> Result<Option<Self>, String> {
        let (mut listen, mut to, mut policy) = (None, Vec::new(), Policy::RoundRobin);
        let [connect, idle, grace] = [3, 300, 10].map(Duration::from_secs);
        let mut settings = Settings { connect, idle, most: 1000, grace };
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => return arguments::print(HELP).map(|()| None),
                Arg::Long("listen") => listen = Some(address(&mut parser)?),
                Arg::Long("to") => to.push(upstream(&mut parser)?),
                Arg::Long("policy") => policy = read_policy(&mut parser)?,
                Arg::Long("connections") => settings.most = count(&mut parser, "--connections", 1, MOST_CONNECTIONS)?,
                Arg::Long("connect-timeout") => {
                    settings.connect = seconds(&mut parser, "--connect-timeout", 1, MOST_SECONDS)?;
                }
                Arg::Long("idle") => settings.idle = seconds(&mut parser, "--idle", 1, MOST_SECONDS)?,
                Arg::Long("grace") => settings.grace = seconds(&mut parser, "--grace", 0, MOST_SECONDS)?,
                other => return Err(other.unexpected().to_string()),
            }
        }
        let listen = listen.ok_or("--listen is missing")?;
        if to.is_empty() {
            return Err("--to is missing".to_owned());
        }
        Ok(Some(Self { listen, to, policy, settings }))
    }
}

fn address(parser: &mut Parser) -> Result<SocketAddr, String> {
    let text = text(parser)?;
    text.parse().map_err(|_| format!("--listen: must be an address such as 127.0.0.1:8080, not {text:?}"))
}

/// A name and a port; whether the name is known is seen later.
fn upstream(parser: &mut Parser) -> Result<String, String> {
    let text = text(parser)?;
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0) => Ok(text),
        _ => Err(format!("--to: must be an address such as 127.0.0.1:9001 or some.host:80, not {text:?}")),
    }
}

fn read_policy(parser: &mut Parser) -> Result<Policy, String> {
    match text(parser)?.as_str() {
        "round-robin" => Ok(Policy::RoundRobin),
        "least-connections" => Ok(Policy::LeastConnections),
        other => Err(format!("--policy: must be round-robin or least-connections, not {other:?}")),
    }
}
