//! Who writes and reads: asks the nodes in turn until the leader answers.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use fusee::time::{Duration, Instant, sleep, timeout};

use crate::wire::{Answer, Line, Question, Status};

/// How long one node may take, the time in which it waits for the others included.
const EACH: Duration = Duration::from_secs(6);

/// Between tries, while there is no leader.
const PAUSE: Duration = Duration::from_millis(50);

/// A client of the store.
pub struct Client {
    nodes: Vec<SocketAddr>,
    patience: Duration,
    /// The node that has answered last, and the connection.
    line: Option<(String, Line)>,
}

/// Why the store has not answered.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody was found who leads, in the time that there was. A write may have been done all the same.
    NoLeader {
        /// The time that there was.
        patience: Duration,
        /// What was tried last, and how it ended.
        last: String,
    },
    /// The one node that was asked is not there, or does not answer.
    Unreachable(SocketAddr, io::Error),
    /// The node refuses, and says why.
    Refused(String, String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeader { patience, last } => {
                write!(f, "no leader has answered within {patience:?}; the last try: {last}")
            }
            Self::Unreachable(node, error) => write!(f, "the node at {node} does not answer: {error}"),
            Self::Refused(node, reason) => write!(f, "the node at {node} refuses: {reason}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl Client {
    /// A client of the store that runs on `nodes`, who looks for the leader for as long as `patience`.
    pub fn new(nodes: Vec<SocketAddr>, patience: Duration) -> Self {
        Self { nodes, patience, line: None }
    }

    /// Makes `value` the value of `key`, and answers which it was before. Once this returns a majority of the nodes has it on the disk.
    ///
    /// It is tried again until it is acknowledged, so it may be done more than once, and answer `value` itself.
    ///
    /// # Errors
    /// They are too long, 32 KiB together at most. There is no leader: then the write may have been done all the same, or be done later.
    pub async fn put(&mut self, key: &str, value: &str) -> Result<Option<String>, ClientError> {
        self.ask_leader(&Question::Put { key: key.to_owned(), value: value.to_owned() }).await
    }

    /// The value of `key`, as of now: no older than any write that was acknowledged before.
    ///
    /// # Errors
    /// There is no leader.
    pub async fn get(&mut self, key: &str) -> Result<Option<String>, ClientError> {
        self.ask_leader(&Question::Get { key: key.to_owned() }).await
    }

    /// The value of `key` that the node at `node` has, which may be an old one.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn look(&mut self, node: SocketAddr, key: &str) -> Result<Option<String>, ClientError> {
        match self.ask_node(node, &Question::Look { key: key.to_owned() }).await? {
            Answer::Value(value) => Ok(value),
            other => Err(ClientError::Refused(node.to_string(), format!("{other:?}"))),
        }
    }

    /// What the node at `node` says of itself.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn status(&mut self, node: SocketAddr) -> Result<Status, ClientError> {
        match self.ask_node(node, &Question::Status).await? {
            Answer::Status(status) => Ok(status),
            other => Err(ClientError::Refused(node.to_string(), format!("{other:?}"))),
        }
    }

    async fn ask_node(&mut self, node: SocketAddr, question: &Question) -> Result<Answer, ClientError> {
        self.exchange(&node.to_string(), question).await.map_err(|error| ClientError::Unreachable(node, error))
    }

    async fn ask_leader(&mut self, question: &Question) -> Result<Option<String>, ClientError> {
        let deadline = Instant::now() + self.patience;
        let mut turns: VecDeque<String> = self.nodes.iter().map(ToString::to_string).collect();
        // Who has answered last is asked first.
        let mut next = self.line.as_ref().map(|(node, _)| node.clone());
        loop {
            let node = next.take().or_else(|| turns.front().cloned()).unwrap_or_default();
            turns.rotate_left(1);
            let last = match self.exchange(&node, question).await {
                Ok(Answer::Value(value)) => return Ok(value),
                Ok(Answer::NotLeader(leader)) => {
                    let last = format!("{node} does not lead");
                    if leader.as_ref() != Some(&node) {
                        next = leader;
                    }
                    last
                }
                Ok(Answer::Refused(reason)) => return Err(ClientError::Refused(node, reason)),
                Ok(Answer::Failed(reason)) => format!("{node}: {reason}"),
                Ok(other) => format!("{node} answers another question: {other:?}"),
                Err(error) => format!("{node}: {error}"),
            };
            if Instant::now() >= deadline {
                return Err(ClientError::NoLeader { patience: self.patience, last });
            }
            // A hint may be of a leader that is gone.
            sleep(PAUSE).await;
        }
    }

    /// One question to one node, over the connection that there is, if it is to that.
    async fn exchange(&mut self, node: &str, question: &Question) -> io::Result<Answer> {
        let kept = self.line.take().filter(|(to, _)| to == node);
        let exchange = async {
            let mut line = match kept {
                Some((_, line)) => line,
                None => Line::connect(node).await?,
            };
            let answer = line.ask(question).await?;
            io::Result::Ok((line, answer))
        };
        let (line, answer) = timeout(EACH.min(self.patience.max(PAUSE)), exchange).await??;
        self.line = Some((node.to_owned(), line));
        Ok(answer)
    }
}
