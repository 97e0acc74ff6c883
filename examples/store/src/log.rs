//! The log, as openraft asks for it.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use redb::ReadableTable as _;

use crate::file::{LOG, NodeFile, PURGED, VOTE, put};
use crate::types::{Entry, LogId, TypeConfig, Vote};

/// The log of a node, in its file. Its changes come one after the other, each on the disk before the next.
#[derive(Clone)]
pub(crate) struct Log(pub(crate) NodeFile);

impl RaftLogReader<TypeConfig> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> io::Result<Vec<Entry>> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        self.0
            .look(move |read| {
                let mut entries = Vec::new();
                for found in read.open_table(LOG)?.range::<u64>(range)? {
                    entries.push(serde_json::from_slice(found?.1.value())?);
                }
                Ok(entries)
            })
            .await
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        self.0.get(VOTE).await
    }
}

impl RaftLogStorage<TypeConfig> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let purged: Option<LogId> = self.0.get(PURGED).await?;
        let last = self
            .0
            .look(|read| {
                let table = read.open_table(LOG)?;
                let Some((_, last)) = table.last()? else { return Ok(None) };
                Ok(Some(serde_json::from_slice::<Entry>(last.value())?.log_id))
            })
            .await?;
        Ok(LogState { last_purged_log_id: purged, last_log_id: last.or(purged) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let vote = *vote;
        self.0.change(move |write| put(write, VOTE, &vote)).await
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let appended = self.0.change(move |write| {
            let mut table = write.open_table(LOG)?;
            for entry in entries {
                table.insert(entry.log_id.index, &*serde_json::to_vec(&entry)?)?;
            }
            Ok(())
        });
        callback.io_completed(appended.await);
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let kept = last.map_or(Bound::Unbounded, |last| Bound::Excluded(last.index));
        self.0
            .change(move |write| {
                Ok(write.open_table(LOG)?.retain_in::<u64, _>((kept, Bound::Unbounded), |_, _| false)?)
            })
            .await
    }

    async fn purge(&mut self, last: LogId) -> io::Result<()> {
        self.0
            .change(move |write| {
                put(write, PURGED, &last)?;
                Ok(write.open_table(LOG)?.retain_in(..=last.index, |_, _| false)?)
            })
            .await
    }
}
