//! A key-value store that is replicated on three nodes. `store --help` says how to use it, the README what to see.

mod arguments;

use std::process::ExitCode;

use arguments::{Command, HELP};
use fusee::signal::shutdown;
use store::client::{Client, ClientError};
use store::demo::{self, Ended};
use store::{Failure, node};

/// Told to stop before it had shown all: what shells say of a program that SIGINT has ended.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    let command = match arguments::parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("store: {error}\n\nTry `store --help`.");
            return ExitCode::from(2);
        }
    };
    match fusee::runtime::block_on(run(command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("store: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Help => print!("{HELP}"),
        Command::Node(options) => {
            let (id, told) = (options.id, shutdown()?);
            let stopping = async { eprintln!("node {id} stops: {}", told.await) };
            node::run(options, stopping).await?;
        }
        Command::Put { target, key, value } => {
            Client::new(target.nodes, target.patience).put(&key, &value).await?;
        }
        Command::Get { target, key } => match Client::new(target.nodes, target.patience).get(&key).await? {
            Some(value) => println!("{value}"),
            None => return Err(format!("there is no key {key:?}").into()),
        },
        Command::Status { target } => status(target).await?,
        Command::Demo => match demo::run(shutdown()?).await? {
            Ended::Well => {}
            Ended::Stopped => return Ok(STOPPED.into()),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each node.
async fn status(target: arguments::Target) -> Result<(), Failure> {
    let mut client = Client::new(target.nodes.clone(), target.patience);
    let mut answers = 0;
    for address in target.nodes {
        match client.status(address).await {
            Ok(status) => {
                answers += 1;
                let index = |index: Option<u64>| index.map_or_else(|| "none".to_owned(), |index| index.to_string());
                println!(
                    "{address}: node {}, {}, term {}, leader {}; log to {}, applied to {}, snapshot to {}, purged to {}",
                    status.id,
                    status.state,
                    status.term,
                    index(status.leader),
                    index(status.last_log),
                    index(status.applied),
                    index(status.snapshot),
                    index(status.purged),
                );
            }
            Err(ClientError::Unreachable(_, error)) => println!("{address}: does not answer: {error}"),
            Err(error) => println!("{address}: {error}"),
        }
    }
    if answers == 0 { Err("no node answers".into()) } else { Ok(()) }
}
