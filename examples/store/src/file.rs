//! A node's file: its log and its data, in tables of one redb database.
//!
//! Each change is one transaction, which a crash leaves done or not done. Transactions wait for the disk, so they run on the pool. The file is
//! locked while it is open.

use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, DatabaseError, Durability, ReadTransaction, ReadableDatabase, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// The log: entries by their index, as JSON.
pub(crate) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// The data.
pub(crate) const PAIRS: TableDefinition<'_, &str, &str> = TableDefinition::new("pairs");
/// Whatever there is one of, by the names below, as JSON.
const SINGLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("single");

/// The number of the node that the file is of.
const NODE: &str = "node";
/// For whom the node has voted.
pub(crate) const VOTE: &str = "vote";
/// The last entry that was taken out of the log.
pub(crate) const PURGED: &str = "purged";
/// The last entry that is in the data, and the last membership that was.
pub(crate) const APPLIED: &str = "applied";
/// The newest snapshot.
pub(crate) const SNAPSHOT: &str = "snapshot";

/// An open file.
#[derive(Clone)]
pub(crate) struct NodeFile(Arc<Database>);

impl NodeFile {
    /// Opens the file of node `id` in `folder`; makes both if they are not there.
    pub(crate) fn open(folder: &Path, id: u64) -> Result<Self, Failure> {
        let name = folder.display();
        std::fs::create_dir_all(folder).map_err(|error| format!("the folder {name} cannot be made: {error}"))?;
        let database = Database::create(folder.join("store.redb")).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => format!("the folder {name} is in use: does the node run already?"),
            error => format!("the data in {name} cannot be opened: {error}"),
        })?;
        let write = database.begin_write()?;
        // Who only reads finds them there.
        write.open_table(LOG)?;
        write.open_table(PAIRS)?;
        match get_within::<u64>(&write, NODE)? {
            Some(other) if other != id => {
                return Err(format!("the folder {name} has the data of node {other}, not of node {id}").into());
            }
            _ => put(&write, NODE, &id)?,
        }
        write.commit()?;
        Ok(Self(Arc::new(database)))
    }

    /// Runs `change` as a transaction, which is on the disk when this returns.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> io::Result<T> {
        self.transaction(Durability::Immediate, change).await
    }

    /// Runs `change` as a transaction, which is on the disk with the next [`change`](Self::change) and not before.
    pub(crate) async fn change_for_now<T: Send + 'static>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> io::Result<T> {
        self.transaction(Durability::None, change).await
    }

    async fn transaction<T: Send + 'static>(
        &self,
        durability: Durability,
        change: impl FnOnce(&WriteTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> io::Result<T> {
        let database = self.0.clone();
        on_pool(move || {
            let mut write = database.begin_write()?;
            write.set_durability(durability)?;
            let answer = change(&write)?;
            write.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Runs `look` on the file as it is now.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> io::Result<T> {
        let database = self.0.clone();
        on_pool(move || look(&database.begin_read()?)).await
    }

    /// What is kept as `name`.
    pub(crate) async fn get<T: DeserializeOwned + Send + 'static>(&self, name: &'static str) -> io::Result<Option<T>> {
        self.look(move |read| {
            let found = read.open_table(SINGLE)?.get(name)?;
            Ok(found.map(|found| serde_json::from_slice(found.value())).transpose()?)
        })
        .await
    }
}

/// Keeps `value` as `name`.
pub(crate) fn put(write: &WriteTransaction, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    write.open_table(SINGLE)?.insert(name, &*serde_json::to_vec(value)?)?;
    Ok(())
}

/// What is kept as `name`, as the transaction sees it.
pub(crate) fn get_within<T: DeserializeOwned>(write: &WriteTransaction, name: &str) -> Result<Option<T>, Failure> {
    let table = write.open_table(SINGLE)?;
    let found = redb::ReadableTable::get(&table, name)?;
    Ok(found.map(|found| serde_json::from_slice(found.value())).transpose()?)
}

async fn on_pool<T: Send + 'static>(job: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> io::Result<T> {
    fusee::task::spawn_blocking(job).await?.map_err(io::Error::other)
}
