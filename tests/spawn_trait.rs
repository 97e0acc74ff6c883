//! A runtime and a local set as executors of the crate `futures`: what is spawned runs, and a closed runtime refuses.
#![cfg(feature = "futures-task")]

mod support;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use fusee::task::LocalSet;
use futures::task::{LocalSpawn, LocalSpawnExt, Spawn, SpawnExt};
use support::{Drops, current_thread, on_every_flavour, until_within, watchdog};

/// Spawns as code that knows no runtime does.
async fn sum(spawner: &dyn Spawn) -> u32 {
    let tasks: Vec<_> = (1..=100).map(|n| spawner.spawn_with_handle(async move { n }).unwrap()).collect();
    futures::future::join_all(tasks).await.into_iter().sum()
}

#[test]
fn a_handle_spawns_for_code_that_knows_no_runtime() {
    on_every_flavour(|runtime| {
        assert_eq!(runtime.block_on(sum(runtime.handle())), 5050);
        runtime.handle().status().unwrap();
    });
}

#[test]
fn nobody_holds_the_task_and_shutdown_drops_it() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        SpawnExt::spawn(runtime.handle(), async move { drop((pending::<()>().await, token)) }).unwrap();
        runtime.block_on(fusee::task::yield_now());
        assert_eq!(drops.count(), 0);
        drop(runtime);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_runtime_that_has_shut_down_refuses_and_the_future_is_dropped_there() {
    on_every_flavour(|runtime| {
        let (drops, handle) = (Drops::new(), runtime.handle().clone());
        drop(runtime);
        let token = drops.token();
        assert!(SpawnExt::spawn(&handle, async move { drop(token) }).unwrap_err().is_shutdown());
        assert_eq!(drops.count(), 1);
        assert!(handle.status().is_err());
    });
}

#[test]
fn a_local_set_spawns_what_is_not_send() {
    watchdog(|| {
        let (runtime, local, ran) = (current_thread(), LocalSet::new(), Rc::new(Cell::new(0)));
        for n in 1..=3 {
            let ran = ran.clone();
            LocalSpawnExt::spawn_local(&local, async move { ran.set(ran.get() + n) }).unwrap();
        }
        local.status_local().unwrap();
        let seen = ran.clone();
        runtime.block_on(local);
        until_within(&runtime, "they have run", || seen.get() == 6);
    });
}
