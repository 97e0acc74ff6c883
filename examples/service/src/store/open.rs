//! How a database is opened, and brought to the form that this version of the service needs.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

use super::Store;

/// How many may read at a time.
const READERS: u32 = 4;

/// What was done to the tables since the first version, in order. One that has landed is never changed: databases remember
/// what was done to them.
const MIGRATIONS: [(&str, &str); 2] = [
    ("items", include_str!("../../migrations/1_items.sql")),
    ("items by category", include_str!("../../migrations/2_items_by_category.sql")),
];

/// Why a database cannot be used.
#[derive(Debug)]
pub struct OpenError {
    file: PathBuf,
    why: String,
}

impl Store {
    /// Opens a database, makes it if there is none, and brings its tables up to date. A statement waits for other processes
    /// that write as long as `wait`, also when nobody awaits it any more.
    ///
    /// # Errors
    /// The file cannot be opened or written, is no database, or is one of something else.
    pub async fn open(file: &Path, wait: Duration) -> Result<Self, OpenError> {
        let failed = |why| OpenError { file: file.to_owned(), why };
        // SQLite says of it what it says of a file that is not there.
        if file.is_dir() {
            return Err(failed("it is a folder".to_owned()));
        }
        // With a log, who reads does not wait for who writes. Each commit is on the disk when it is answered.
        let options =
            SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal).busy_timeout(wait);
        let pool = SqlitePoolOptions::new;
        let writer = pool().max_connections(1).connect_with(options.clone().create_if_missing(true)).await;
        let writer = writer.map_err(|error| failed(explain(&error)))?;
        migrations().run(&writer).await.map_err(|error| failed(explain_migration(&error)))?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await;
        let readers = readers.map_err(|error| failed(explain(&error)))?;
        Ok(Self { readers, writer })
    }
}

fn migrations() -> Migrator {
    let numbered = (1..).zip(MIGRATIONS);
    let migration = |(number, (name, sql)): (i64, (&'static str, &'static str))| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(numbered.map(migration).collect())
}

fn explain(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(said) = error else { return error.to_string() };
    let message = said.message();
    match said.code().as_deref() {
        Some("14") => format!("{message}: its folder must be there, and be writable"),
        _ => message.to_owned(),
    }
}

fn explain_migration(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(_) => "a newer version of this service has changed it".to_owned(),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            format!("its tables cannot be brought up to date: {}", explain(error))
        }
        _ => error.to_string(),
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the database {}: {}", self.file.display(), self.why)
    }
}

impl Error for OpenError {}
