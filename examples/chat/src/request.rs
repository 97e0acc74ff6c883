//! What the command line asks for.

use std::net::SocketAddr;

use async_tungstenite::tungstenite::http::Uri;
use chat::{Settings, check_name};
use fusee::time::Duration;
use lexopt::{Arg, Parser};

use crate::arguments;
use crate::values::{count, seconds, text};

const HELP: &str = "Usage: chat serve --listen ADDRESS [options]
       chat client URL NICK

A chat over WebSocket: a server, and a client that sends the lines of its standard input and prints what is said.

  --listen A    where to listen, such as 127.0.0.1:7000
  --history N   a room remembers N lines for who comes later: 50 unless told otherwise
  --queue N     a client for which N lines wait is too slow, and dropped: 256 unless told otherwise
  --message N   a message has N bytes at most: 4096 unless told otherwise
  --clients N   at most so many at a time: 1000 unless told otherwise
  --ping S      ping clients every S seconds, and drop who does not answer for twice as long: 20 unless told otherwise
  --grace S     how many seconds a client may take to answer a farewell: 5 unless told otherwise

A URL is such as ws://127.0.0.1:7000/lobby, where lobby is the room.
ctrl-c and SIGTERM stop it: it says farewell, and waits for the answer; the second one ends it at once.

Exit codes: 0 when it was told to stop, and for a client also when there were no more lines to send; 1 if something failed,
as when the address or the name is taken, or the server has ended the conversation; 2 for arguments that make no sense.";

/// More than this is a typing error.
const MOST: usize = 1_000_000;

/// What the command line asks for.
pub(crate) enum Request {
    Serve { listen: SocketAddr, settings: Settings },
    Client { url: Uri, name: String },
}

impl Request {
    /// Reads the command line; nothing if it only asked for help.
    pub(crate) fn from_command_line() -> Result<Option<Self>, String> {
        let (mut listen, mut words, mut of_serve) = (None, Vec::new(), None);
        let [ping, grace] = [20, 5].map(Duration::from_secs);
        let mut settings = Settings { history: 50, queue: 256, message: 4096, clients: 1000, ping, grace };
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let option = match argument {
                Arg::Long("help") | Arg::Short('h') => return arguments::print(HELP).map(|()| None),
                Arg::Value(word) => {
                    words.push(word.to_string_lossy().into_owned());
                    continue;
                }
                Arg::Long(option) => option.to_owned(),
                other => return Err(other.unexpected().to_string()),
            };
            match option.as_str() {
                "listen" => listen = Some(address(&mut parser)?),
                "history" => settings.history = count(&mut parser, "--history", 0, MOST)?,
                "queue" => settings.queue = count(&mut parser, "--queue", 2, MOST)?,
                "message" => settings.message = count(&mut parser, "--message", 1, MOST)?,
                "clients" => settings.clients = count(&mut parser, "--clients", 1, MOST)?,
                "ping" => settings.ping = seconds(&mut parser, "--ping", 1, MOST)?,
                "grace" => settings.grace = seconds(&mut parser, "--grace", 0, MOST)?,
                other => return Err(Arg::Long(other).unexpected().to_string()),
            }
            of_serve = Some(option);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match (&words[..], of_serve) {
            (["serve"], _) => {
                let listen = listen.ok_or("--listen is missing")?;
                Ok(Some(Self::Serve { listen, settings }))
            }
            (["client", ..], Some(option)) => Err(format!("--{option} is for serve")),
            (["client", url, name], None) => {
                check_name("your name", name)?;
                Ok(Some(Self::Client { url: room(url)?, name: (*name).to_owned() }))
            }
            (["client", ..], None) => Err("client needs a URL and your name".to_owned()),
            (["serve", ..], _) => Err(format!("too many words: {}", words.join(" "))),
            ([], _) => Err("a command is missing: serve or client".to_owned()),
            ([other, ..], _) => Err(format!("the command must be serve or client, not {other:?}")),
        }
    }
}

fn address(parser: &mut Parser) -> Result<SocketAddr, String> {
    let text = text(parser)?;
    text.parse().map_err(|_| format!("--listen: must be an address such as 127.0.0.1:7000, not {text:?}"))
}

/// A URL of a room.
fn room(text: &str) -> Result<Uri, String> {
    let bad = || format!("a URL must be such as ws://127.0.0.1:7000/lobby, not {text:?}");
    let url: Uri = text.parse().map_err(|_| bad())?;
    let is_room = url.host().is_some() && url.query().is_none() && url.path().len() > 1;
    match url.scheme_str() {
        Some("ws") if is_room => Ok(url),
        Some("wss") => Err(format!("{text:?} asks for TLS, which is not built in")),
        _ => Err(bad()),
    }
}
