//! The arguments.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use fusee::time::Duration;
use lexopt::prelude::{Long, Short, Value, ValueExt};
use store::Failure;
use store::node::Options;

pub(crate) const HELP: &str = "\
A key-value store that is replicated on three nodes.

Usage: store node --id N --listen ADDRESS --data FOLDER --peers N=ADDRESS,N=ADDRESS
       store put KEY VALUE [--nodes ADDRESS,…] [--seconds S]
       store get KEY [--nodes ADDRESS,…] [--seconds S]
       store status [--nodes ADDRESS,…] [--seconds S]
       store demo

  --id       the node's number
  --listen   where it listens, and where the others reach it, such as 127.0.0.1:7001
  --data     the folder of its data; it is made if it is not there
  --peers    the other nodes, each with its number
  --nodes    the nodes to ask: 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003, unless they are named
  --seconds  how long to look for a leader: 10, unless it is said

ctrl-c and SIGTERM stop a node: it answers what it has been asked, and closes its file. They stop the demonstration with its nodes.

Exit codes: 0, for a node when it was told to stop; 1 if something failed, as when no leader or no node answers, or there is no
such key; 2 for arguments that make no sense; 130 for a demonstration that was told to stop.
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Node(Options),
    Put { target: Target, key: String, value: String },
    Get { target: Target, key: String },
    Status { target: Target },
    Demo,
}

/// Whom to ask, and for how long.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) patience: Duration,
}

impl Default for Target {
    fn default() -> Self {
        let nodes = [7001, 7002, 7003].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        Self { nodes: nodes.to_vec(), patience: Duration::from_secs(10) }
    }
}

pub(crate) fn parse() -> Result<Command, Failure> {
    parse_from(std::env::args_os().skip(1))
}

fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let name = match parser.next()? {
        None => return Err("a command is missing: node, put, get, status or demo".into()),
        Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match &*name {
        "node" => node(&mut parser).map(Command::Node),
        "put" => {
            let (target, [key, value]) = client(&mut parser, ["KEY", "VALUE"])?;
            Ok(Command::Put { target, key, value })
        }
        "get" => {
            let (target, [key]) = client(&mut parser, ["KEY"])?;
            Ok(Command::Get { target, key })
        }
        "status" => {
            let (target, []) = client(&mut parser, [])?;
            Ok(Command::Status { target })
        }
        "demo" => match parser.next()? {
            None => Ok(Command::Demo),
            Some(other) => Err(other.unexpected().into()),
        },
        other => Err(format!("there is no command {other:?}; there are node, put, get, status and demo").into()),
    }
}

fn node(parser: &mut lexopt::Parser) -> Result<Options, Failure> {
    let (mut id, mut listen, mut folder, mut peers) = (None, None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("id") => id = Some(named("--id", number(&parser.value()?.string()?))?),
            Long("listen") => listen = Some(named("--listen", address(&parser.value()?.string()?))?),
            Long("data") => folder = Some(PathBuf::from(parser.value()?)),
            Long("peers") => peers = Some(named("--peers", members(&parser.value()?.string()?))?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (id, peers) = (id.ok_or("--id is missing")?, peers.ok_or("--peers is missing")?);
    if peers.contains_key(&id) {
        return Err(format!("--peers: names node {id}, which is this one").into());
    }
    let (listen, folder) = (listen.ok_or("--listen is missing")?, folder.ok_or("--data is missing")?);
    Ok(Options { id, listen, folder, peers })
}

/// The options of a client, and the arguments that have these `names`.
fn client<const N: usize>(parser: &mut lexopt::Parser, names: [&str; N]) -> Result<(Target, [String; N]), Failure> {
    let (mut target, mut values) = (Target::default(), Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("nodes") => {
                let nodes = parser.value()?.string()?;
                target.nodes = named("--nodes", nodes.split(',').map(address).collect())?;
            }
            Long("seconds") => {
                let seconds = parser.value()?.string()?;
                target.patience = seconds
                    .parse()
                    .ok()
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                    .ok_or_else(|| format!("--seconds: {seconds:?} is no number of seconds"))?;
            }
            Value(value) if values.len() < N => values.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    values.try_into().map(|values| (target, values)).map_err(|values: Vec<_>| {
        let missing = names[values.len()];
        format!("{missing} is missing").into()
    })
}

/// What is wrong with the value of an option names the option.
fn named<T>(option: &str, value: Result<T, Failure>) -> Result<T, Failure> {
    value.map_err(|error| format!("{option}: {error}").into())
}

fn number(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| format!("{text:?} is no node's number").into())
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    text.parse().map_err(|_| format!("{text:?} is no address: it is like 127.0.0.1:7001").into())
}

fn members(text: &str) -> Result<BTreeMap<u64, SocketAddr>, Failure> {
    let mut members = BTreeMap::new();
    for member in text.split(',') {
        let (id, at) = member.split_once('=').ok_or_else(|| format!("{member:?} is not like 2=127.0.0.1:7002"))?;
        if members.insert(number(id)?, address(at)?).is_some() {
            return Err(format!("names node {id} twice").into());
        }
    }
    Ok(members)
}
