//! Messages between nodes, and between clients and nodes: JSON, with its length before it. One question at a time goes over a connection, and
//! its answer comes back.

use std::collections::BTreeMap;
use std::io;

use fusee::net::TcpStream;
use futures_util::{SinkExt, StreamExt};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::types::{SnapshotMeta, TypeConfig, Vote};

/// The longest message: a snapshot goes in one, so this bounds what the store holds.
const LONGEST: usize = 64 << 20;

/// How long a key and its value are together at most. As many entries as nodes send each other at a time, three hundred, fit into a message then, also if each byte of them is six of JSON:
/// one that did not fit would be sent again for ever, and nothing after it.
pub(crate) const LONGEST_PAIR: usize = 32 << 10;

/// What a node is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// By another node, of the node with this number: what listens at its address may be another one by now.
    Raft(u64, RaftQuestion),
    Put {
        key: String,
        value: String,
    },
    /// The value as of now, which the leader alone can tell.
    Get {
        key: String,
    },
    /// The value that the node itself has, which may be an old one.
    Look {
        key: String,
    },
    Status,
}

/// What nodes ask each other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum RaftQuestion {
    Append(AppendEntriesRequest<TypeConfig>),
    Vote(VoteRequest<TypeConfig>),
    PreVote(VoteRequest<TypeConfig>),
    Snapshot { vote: Vote, meta: SnapshotMeta, pairs: BTreeMap<String, String> },
}

/// What a node answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Append(AppendEntriesResponse<TypeConfig>),
    Vote(VoteResponse<TypeConfig>),
    Snapshot(SnapshotResponse<TypeConfig>),
    /// The value that a key has, or had before a write. None if there is no such key.
    Value(Option<String>),
    Status(Status),
    /// The leader is elsewhere: at this address, if the node knows one.
    NotLeader(Option<String>),
    /// Why it will not be done, whoever is asked.
    Refused(String),
    /// Why there is no answer. A write may have been done all the same, or be done later.
    Failed(String),
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its number.
    pub id: u64,
    /// `Leader`, `Follower`, `Candidate`, `Learner` or `Shutdown`.
    pub state: String,
    /// The term that it is in.
    pub term: u64,
    /// The number of the leader, if it knows one.
    pub leader: Option<u64>,
    /// The last entry of its log.
    pub last_log: Option<u64>,
    /// The last entry that is in its data.
    pub applied: Option<u64>,
    /// The last entry that is in its newest snapshot.
    pub snapshot: Option<u64>,
    /// The last entry that its log has no more.
    pub purged: Option<u64>,
}

/// A connection.
pub(crate) struct Line(Framed<TcpStream, LengthDelimitedCodec>);

impl Line {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        // A message is written as a whole.
        stream.set_nodelay(true)?;
        Ok(Self(LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_framed(stream)))
    }

    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        Self::new(TcpStream::connect(address).await?)
    }

    pub(crate) async fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.0.send(Bytes::from(serde_json::to_vec(message)?)).await
    }

    /// The next message. None if the other end has closed the connection.
    pub(crate) async fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(frame) = self.0.next().await.transpose()? else { return Ok(None) };
        Ok(serde_json::from_slice(&frame)?)
    }

    pub(crate) async fn ask(&mut self, question: &Question) -> io::Result<Answer> {
        self.send(question).await?;
        self.receive().await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
