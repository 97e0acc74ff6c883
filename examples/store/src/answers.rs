//! What a node answers to whoever is connected.

use std::fmt::Display;
use std::future::Future;
use std::io;

use fusee::time::{Duration, timeout};
use openraft::ReadPolicy;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ClientWriteError, ForwardToLeader, LinearizableReadError, RaftError};

use crate::machine::Machine;
use crate::types::{Put, Raft, Snapshot, TypeConfig};
use crate::wire::{Answer, LONGEST_PAIR, Question, RaftQuestion, Status};

/// How long a write or a read may wait for the other nodes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A node, as those see it who are connected.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) id: u64,
    pub(crate) raft: Raft,
    pub(crate) machine: Machine,
}

impl Answers {
    pub(crate) async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Raft(target, _) if target != self.id => {
                Answer::Failed(format!("this is node {}, not node {target}", self.id))
            }
            Question::Raft(_, question) => self.answer_node(question).await,
            Question::Put { key, value } if key.len() + value.len() > LONGEST_PAIR => {
                Answer::Refused(format!("a key and its value have at most {LONGEST_PAIR} bytes"))
            }
            Question::Put { key, value } => in_time(self.put(Put { key, value })).await,
            Question::Get { key } => in_time(self.get(key)).await,
            Question::Look { key } => value_or_failure(self.machine.value(key).await),
            Question::Status => Answer::Status(self.status()),
        }
    }

    async fn answer_node(&self, question: RaftQuestion) -> Answer {
        match question {
            RaftQuestion::Append(request) => or_failure(self.raft.append_entries(request).await.map(Answer::Append)),
            RaftQuestion::Vote(request) => or_failure(self.raft.vote(request).await.map(Answer::Vote)),
            RaftQuestion::PreVote(request) => or_failure(self.raft.pre_vote(request).await.map(Answer::Vote)),
            RaftQuestion::Snapshot { vote, meta, pairs } => {
                let snapshot = Snapshot { meta, snapshot: pairs };
                or_failure(self.raft.install_full_snapshot(vote, snapshot).await.map(Answer::Snapshot))
            }
        }
    }

    async fn put(&self, put: Put) -> Answer {
        match self.raft.client_write(put).await {
            Ok(written) => Answer::Value(written.data.0),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(leader))) => not_leader(leader),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    async fn get(&self, key: String) -> Answer {
        // A majority confirms that this is the leader still, and what was written before is in the data.
        match self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await {
            Ok(_) => value_or_failure(self.machine.value(key).await),
            Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(leader))) => not_leader(leader),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn status(&self) -> Status {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        Status {
            id: metrics.id,
            state: format!("{:?}", metrics.state),
            term: metrics.current_term,
            leader: metrics.current_leader,
            last_log: metrics.last_log_index,
            applied: metrics.last_applied.map(|id| id.index),
            snapshot: metrics.snapshot.map(|id| id.index),
            purged: metrics.purged.map(|id| id.index),
        }
    }
}

fn not_leader(leader: ForwardToLeader<TypeConfig>) -> Answer {
    Answer::NotLeader(leader.leader_node.map(|node| node.addr))
}

fn value_or_failure(value: io::Result<Option<String>>) -> Answer {
    or_failure(value.map(Answer::Value))
}

fn or_failure(answer: Result<Answer, impl Display>) -> Answer {
    answer.unwrap_or_else(|error| Answer::Failed(error.to_string()))
}

async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let late = || Answer::Failed(format!("no majority of the nodes has answered within {PATIENCE:?}"));
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| late())
}
