//! The data, as openraft asks for it: the state machine.
//!
//! What entries do to the data is on the disk with the next change of the log, and not before: after a crash it is done again, for the file says
//! up to which entry it has been done. A snapshot is on the disk before the entries that it stands for are taken out of the log.

use std::collections::BTreeMap;
use std::io;

use futures_util::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use redb::{ReadableTable as _, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::file::{APPLIED, NodeFile, PAIRS, SNAPSHOT, put};
use crate::types::{Entry, LogId, Membership, Previous, Snapshot, SnapshotMeta, TypeConfig};

/// All keys, with their values.
pub(crate) type Pairs = BTreeMap<String, String>;

/// How many entries are applied in a transaction.
const AT_ONCE: usize = 64;

/// The data of a node, in its file.
#[derive(Clone)]
pub(crate) struct Machine(pub(crate) NodeFile);

/// How far the data is.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Applied {
    last: Option<LogId>,
    membership: Membership,
}

#[derive(Serialize, Deserialize)]
struct KeptSnapshot {
    meta: SnapshotMeta,
    pairs: Pairs,
}

impl Machine {
    /// The value of `key`.
    pub(crate) async fn value(&self, key: String) -> io::Result<Option<String>> {
        self.0.look(move |read| Ok(read.open_table(PAIRS)?.get(&*key)?.map(|value| value.value().to_owned()))).await
    }
}

/// Does what `entries` say, and answers for each.
fn apply(write: &WriteTransaction, mut applied: Applied, entries: Vec<Entry>) -> Result<Vec<Previous>, Failure> {
    let mut table = write.open_table(PAIRS)?;
    let mut answers = Vec::with_capacity(entries.len());
    for entry in entries {
        applied.last = Some(entry.log_id);
        answers.push(match entry.payload {
            EntryPayload::Blank => Previous(None),
            EntryPayload::Normal(pair) => {
                let previous = table.insert(&*pair.key, &*pair.value)?;
                Previous(previous.map(|previous| previous.value().to_owned()))
            }
            EntryPayload::Membership(membership) => {
                applied.membership = Membership::new(Some(entry.log_id), membership);
                Previous(None)
            }
        });
    }
    put(write, APPLIED, &applied)?;
    Ok(answers)
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotData = Pairs;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, Membership)> {
        let applied: Applied = self.0.get(APPLIED).await?.unwrap_or_default();
        Ok((applied.last, applied.membership))
    }

    async fn apply<S>(&mut self, entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + OptionalSend,
    {
        let mut batches = entries.ready_chunks(AT_ONCE);
        while let Some(batch) = batches.next().await {
            let batch = batch.into_iter().collect::<io::Result<Vec<_>>>()?;
            let (entries, responders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let applied: Applied = self.0.get(APPLIED).await?.unwrap_or_default();
            let answers = self.0.change_for_now(move |write| apply(write, applied, entries)).await?;
            for (responder, answer) in responders.into_iter().zip(answers) {
                // Entries that somebody waits for on this node have one.
                if let Some(responder) = responder {
                    responder.send(answer);
                }
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, pairs: Pairs) -> io::Result<()> {
        let meta = meta.clone();
        self.0
            .change(move |write| {
                let mut table = write.open_table(PAIRS)?;
                table.retain(|_, _| false)?;
                for (key, value) in &pairs {
                    table.insert(&**key, &**value)?;
                }
                put(write, APPLIED, &Applied { last: meta.last_log_id, membership: meta.last_membership.clone() })?;
                put(write, SNAPSHOT, &KeptSnapshot { meta, pairs })
            })
            .await
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let kept: Option<KeptSnapshot> = self.0.get(SNAPSHOT).await?;
        Ok(kept.map(|kept| Snapshot { meta: kept.meta, snapshot: kept.pairs }))
    }
}

impl RaftSnapshotBuilder<TypeConfig> for Machine {
    type SnapshotData = Pairs;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        self.0
            .change(|write| {
                // In the same transaction: both are of one moment.
                let applied: Applied = crate::file::get_within(write, APPLIED)?.unwrap_or_default();
                let meta = SnapshotMeta { last_log_id: applied.last, last_membership: applied.membership };
                let mut pairs = Pairs::new();
                for found in write.open_table(PAIRS)?.iter()? {
                    let (key, value) = found?;
                    pairs.insert(key.value().to_owned(), value.value().to_owned());
                }
                put(write, SNAPSHOT, &KeptSnapshot { meta: meta.clone(), pairs: pairs.clone() })?;
                Ok(Snapshot { meta, snapshot: pairs })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use openraft::StorageError;
    use openraft::testing::log::{StoreBuilder, Suite};
    use tempfile::TempDir;

    use super::*;
    use crate::log::Log;

    struct Builder;

    impl StoreBuilder<TypeConfig, Log, Machine, TempDir> for Builder {
        async fn build(&self) -> Result<(TempDir, Log, Machine), StorageError<TypeConfig>> {
            let folder = tempfile::tempdir().unwrap();
            let file = NodeFile::open(folder.path(), 1).unwrap();
            Ok((folder, Log(file.clone()), Machine(file)))
        }
    }

    /// openraft's own suite for storage.
    #[fusee::test]
    async fn log_and_machine_conform() {
        Suite::test_all(Builder).await.unwrap();
    }
}
