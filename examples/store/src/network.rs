//! How a node asks the others.

use std::future::Future;
use std::io;

use fusee::time::timeout;
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse};
use openraft::{BasicNode, OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};

use crate::machine::Pairs;
use crate::types::{Snapshot, TypeConfig, Vote};
use crate::wire::{Answer, Line, Question, RaftQuestion};

/// Makes a [`Peer`] for each node that is to be asked.
pub(crate) struct Peers {
    /// The node that asks.
    pub(crate) id: u64,
}

impl RaftNetworkFactory<TypeConfig> for Peers {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Peer {
        Peer { from: self.id, target, address: node.addr.clone(), line: None }
    }
}

/// A node that is asked.
pub(crate) struct Peer {
    from: u64,
    target: u64,
    address: String,
    /// The connection, once there is one. A question that fails, or that nobody waits for any more, takes it along.
    line: Option<Line>,
}

impl Peer {
    async fn ask(
        &mut self,
        question: RaftQuestion,
        kind: RPCTypes,
        option: &RPCOption,
    ) -> Result<Answer, RPCError<TypeConfig>> {
        let patience = option.hard_ttl();
        match timeout(patience, self.exchange(Question::Raft(self.target, question))).await {
            Ok(Ok(Answer::Failed(reason))) => Err(unreachable(io::Error::other(reason))),
            Ok(answer) => answer.map_err(unreachable),
            Err(_) => Err(Timeout { action: kind, id: self.from, target: self.target, timeout: patience }.into()),
        }
    }

    async fn exchange(&mut self, question: Question) -> io::Result<Answer> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => Line::connect(&self.address).await?,
        };
        let answer = line.ask(&question).await?;
        self.line = Some(line);
        Ok(answer)
    }
}

/// openraft asks such a node again, after a while.
fn unreachable(error: io::Error) -> RPCError<TypeConfig> {
    RPCError::Unreachable(Unreachable::new(&error))
}

/// The other node is not one of ours.
fn misunderstood(answer: &Answer) -> RPCError<TypeConfig> {
    unreachable(io::Error::new(io::ErrorKind::InvalidData, format!("an answer to another question: {answer:?}")))
}

impl RaftNetworkV2<TypeConfig> for Peer {
    type SnapshotData = Pairs;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RPCError<TypeConfig>> {
        match self.ask(RaftQuestion::Append(request), RPCTypes::AppendEntries, &option).await? {
            Answer::Append(response) => Ok(response),
            other => Err(misunderstood(&other)),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        match self.ask(RaftQuestion::Vote(request), RPCTypes::Vote, &option).await? {
            Answer::Vote(response) => Ok(response),
            other => Err(misunderstood(&other)),
        }
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        match self.ask(RaftQuestion::PreVote(request), RPCTypes::Vote, &option).await? {
            Answer::Vote(response) => Ok(response),
            other => Err(misunderstood(&other)),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        _cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let question = RaftQuestion::Snapshot { vote, meta: snapshot.meta, pairs: snapshot.snapshot };
        match self.ask(question, RPCTypes::InstallSnapshot, &option).await? {
            Answer::Snapshot(response) => Ok(response),
            other => Err(misunderstood(&other).into()),
        }
    }
}
