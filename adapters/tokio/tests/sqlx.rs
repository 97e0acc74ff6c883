//! sqlx for tokio, over SQLite in memory, under the bridge.

mod support;

use fusee::task::JoinSet;
use sqlx::Row;
use sqlx::sqlite::SqlitePoolOptions;
use support::on_every_flavour;

#[test]
fn a_pool_serves_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // In memory each connection has a database of its own.
            let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
            sqlx::query("create table numbers (number integer not null)").execute(&pool).await.unwrap();
            let mut tasks = JoinSet::new();
            for number in 1..=20 {
                let pool = pool.clone();
                tasks.spawn(async move {
                    let mut transaction = pool.begin().await.unwrap();
                    let insert = sqlx::query("insert into numbers values (?)").bind(number);
                    insert.execute(&mut *transaction).await.unwrap();
                    // Every other one is dropped, which rolls it back.
                    if number % 2 == 0 {
                        transaction.commit().await.unwrap();
                    }
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
            let row = sqlx::query("select sum(number) from numbers").fetch_one(&pool).await.unwrap();
            assert_eq!(row.get::<i64, _>(0), 110);
            pool.close().await;
        });
    });
}

#[test]
fn a_wait_for_a_connection_has_its_limit() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let limit = std::time::Duration::from_millis(100);
            let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(limit);
            let pool = pool.connect_lazy("sqlite::memory:").unwrap();
            // The limit is for the making of a connection, too, which on a busy machine may take longer.
            let held = loop {
                match pool.acquire().await {
                    Ok(held) => break held,
                    Err(error) => assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}"),
                }
            };
            assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolTimedOut)));
            drop(held);
            pool.close().await;
        });
    });
}
