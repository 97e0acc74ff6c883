//! The items, in SQLite.
//!
//! Any number may read a database while one writes. So there are some connections that read, and one that writes: who
//! writes waits for its turn as a task, and not in a thread that tries the file's lock again and again. Each statement is
//! a transaction of its own.

mod open;

use serde::Serialize;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{FromRow, Row};

pub use open::OpenError;

/// One thing on stock.
#[derive(Debug, Serialize)]
pub struct Item {
    /// Given by the database, and never again.
    pub id: i64,
    /// Unlike any other item's.
    pub name: String,
    /// What it is listed under.
    pub category: String,
    /// How many there are.
    pub quantity: i64,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was last changed, in UTC.
    pub updated_at: String,
}

/// What a client says of an item.
#[derive(Debug)]
pub struct Draft {
    /// Unlike any other item's.
    pub name: String,
    /// What it is listed under.
    pub category: String,
    /// How many there are.
    pub quantity: i64,
}

/// Which items are listed.
#[derive(Debug)]
pub struct Filter {
    /// Those of this category.
    pub category: Option<String>,
    /// Those whose name holds this, in capitals or not as far as ASCII goes.
    pub name: Option<String>,
    /// Those with a higher number.
    pub after: i64,
    /// So many at most.
    pub limit: u32,
}

/// How an update ended.
#[derive(Debug)]
pub enum Updated {
    /// This is the item now.
    Done(Item),
    /// It has this version, and not the one that was to be changed.
    Conflict(i64),
}

/// The database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Store {
    /// Adds an item.
    ///
    /// # Errors
    /// A unique violation, if another one has its name; or whatever the database says.
    pub async fn insert(&self, draft: &Draft) -> sqlx::Result<Item> {
        sqlx::query_as("insert into items (name, category, quantity) values (?1, ?2, ?3) returning *")
            .bind(&draft.name)
            .bind(&draft.category)
            .bind(draft.quantity)
            .fetch_one(&self.writer)
            .await
    }

    /// The item of that number.
    ///
    /// # Errors
    /// `RowNotFound`; or whatever the database says.
    pub async fn get(&self, id: i64) -> sqlx::Result<Item> {
        sqlx::query_as("select * from items where id = ?1").bind(id).fetch_one(&self.readers).await
    }

    /// The items that a filter lets through, by their numbers.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list(&self, filter: &Filter) -> sqlx::Result<Vec<Item>> {
        sqlx::query_as(
            "select * from items where id > ?1 and (?2 is null or category = ?2)
             and (?3 is null or instr(lower(name), lower(?3)) > 0) order by id limit ?4",
        )
        .bind(filter.after)
        .bind(&filter.category)
        .bind(&filter.name)
        .bind(filter.limit)
        .fetch_all(&self.readers)
        .await
    }

    /// Changes the item, if it still has that version.
    ///
    /// # Errors
    /// `RowNotFound`; a unique violation, if another one has its new name; or whatever the database says.
    pub async fn update(&self, id: i64, version: i64, draft: &Draft) -> sqlx::Result<Updated> {
        let changed = sqlx::query_as(
            "update items set name = ?3, category = ?4, quantity = ?5, version = version + 1,
             updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = ?1 and version = ?2 returning *",
        )
        .bind(id)
        .bind(version)
        .bind(&draft.name)
        .bind(&draft.category)
        .bind(draft.quantity)
        .fetch_optional(&self.writer)
        .await?;
        match changed {
            Some(item) => Ok(Updated::Done(item)),
            None => Ok(Updated::Conflict(self.get(id).await?.version)),
        }
    }

    /// Removes the item: whether it was there.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn delete(&self, id: i64) -> sqlx::Result<bool> {
        let done = sqlx::query("delete from items where id = ?1").bind(id).execute(&self.writer).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it says, if it does not.
    pub async fn ping(&self) -> sqlx::Result<()> {
        sqlx::query("select count(*) from items where id = 0").fetch_one(&self.readers).await.map(drop)
    }

    /// Closes all connections, after what they are doing. The last one writes what is in the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl FromRow<'_, SqliteRow> for Item {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            category: row.try_get("category")?,
            quantity: row.try_get("quantity")?,
            version: row.try_get("version")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
