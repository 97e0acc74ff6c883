//! A node, from its start to its end.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use fusee::net::TcpListener;
use fusee::task::TaskTracker;
use fusee::time::{Duration, sleep, timeout};
use futures_util::future::{Either, select};
use openraft::errors::{InitializeError, RaftError};
use openraft::{BasicNode, Config, SnapshotPolicy};
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::answers::Answers;
use crate::file::NodeFile;
use crate::log::Log;
use crate::machine::Machine;
use crate::network::Peers;
use crate::types::Raft;
use crate::wire::Line;

/// How long a node that stops waits for the answers under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a node is told when it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its number.
    pub id: u64,
    /// Where it listens, and where the others reach it.
    pub listen: SocketAddr,
    /// The folder of its file.
    pub folder: PathBuf,
    /// The others.
    pub peers: BTreeMap<u64, SocketAddr>,
}

/// Runs a node until `stopping` is complete, and stops it gracefully then.
///
/// # Errors
/// The address or the folder cannot be had, or the file cannot be read or written.
pub async fn run(options: Options, stopping: impl Future) -> Result<(), Failure> {
    let file = NodeFile::open(&options.folder, options.id)?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| format!("node {} cannot listen at {}: {error}", options.id, options.listen))?;
    let machine = Machine(file.clone());
    let peers = Peers { id: options.id };
    let raft = Raft::new(options.id, Arc::new(config()?), peers, Log(file), machine.clone()).await?;
    let answers = Answers { id: options.id, raft: raft.clone(), machine };
    let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
    let accepting = fusee::spawn(accept(listener, answers, stop.clone(), connections.clone()));
    found(&raft, &options).await?;
    eprintln!("node {} listens at {}", options.id, options.listen);

    let failure = wait_for_end(&raft, stopping).await;
    stop.cancel();
    accepting.await?;
    connections.close();
    // Who waits for a majority that is not there any more waits no longer than this.
    let _ = timeout(PATIENCE, connections.wait()).await;
    // It ends what it is in the middle of, which may be a write to a disk that hangs: the file holds by then what was answered.
    match timeout(PATIENCE, raft.shutdown()).await {
        Ok(ended) => ended?,
        Err(_) => {
            return failure
                .and(Err(format!("node {} had not ended after {} s", options.id, PATIENCE.as_secs()).into()));
        }
    }
    failure
}

/// Returns when the node is told to stop, or has stopped by itself, as it does if its file fails.
async fn wait_for_end(raft: &Raft, stopping: impl Future) -> Result<(), Failure> {
    let wait = raft.wait(None);
    let fails = wait.metrics(|metrics| metrics.running_state.is_err(), "the node fails");
    match select(pin!(stopping), pin!(fails)).await {
        Either::Left(_) => Ok(()),
        Either::Right((metrics, _)) => Ok(metrics?.running_state?),
    }
}

fn config() -> Result<Config, Failure> {
    let config = Config {
        cluster_name: "store".to_owned(),
        heartbeat_interval: 100,
        election_timeout_min: 500,
        election_timeout_max: 1000,
        // Small, so that a node that was away for a hundred writes or two comes back by a snapshot.
        snapshot_policy: SnapshotPolicy::LogsSinceLast(100),
        max_in_snapshot_log_to_keep: 20,
        ..Config::default()
    };
    Ok(config.validate()?)
}

/// Tells a node that has nothing yet who the members are. All say the same, so it does not matter who says it first.
async fn found(raft: &Raft, options: &Options) -> Result<(), Failure> {
    let others = options.peers.iter().map(|(id, address)| (*id, *address));
    let members: BTreeMap<u64, BasicNode> = others
        .chain([(options.id, options.listen)])
        .map(|(id, address)| (id, BasicNode { addr: address.to_string() }))
        .collect();
    match raft.initialize(members).await {
        // It has been a member before, or another has been faster: what its log says holds.
        Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Accepts connections until it is told to stop.
async fn accept(listener: TcpListener, answers: Answers, stop: CancellationToken, connections: TaskTracker) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted.and_then(|(stream, _)| Line::new(stream)) {
            Ok(line) => {
                connections.spawn(serve(line, answers.clone(), stop.clone()));
            }
            Err(error) => {
                // Too many open files, as a rule: some will be closed.
                eprintln!("a connection cannot be accepted: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers what comes over one connection. A question that has come is answered, also by a node that stops.
async fn serve(mut line: Line, answers: Answers, stop: CancellationToken) {
    while let Some(received) = stop.run_until_cancelled(line.receive()).await {
        let question = match received {
            Ok(Some(question)) => question,
            // The other end is done, or gone.
            Ok(None) => return,
            Err(error) => {
                eprintln!("a connection is closed: {error}");
                return;
            }
        };
        if line.send(&answers.answer(question).await).await.is_err() {
            return;
        }
    }
}
