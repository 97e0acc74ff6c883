//! Nothing that was acknowledged is lost, whoever is killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fusee::sync::watch;
use fusee::time::{Duration, timeout};
use store::Failure;
use store::client::Client;
use store::cluster::Cluster;

/// A watchdog: how long anything may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is to be acknowledged while a node is down: so much that the leader's log does not reach back to what it had.
const WHILE_DOWN: usize = 150;

/// Writes keys that nobody else writes, until it is told to stop, and answers what was acknowledged. Tells how much that is.
async fn write(
    writer: usize,
    mut client: Client,
    stop: Arc<AtomicBool>,
    count: watch::Sender<usize>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut acknowledged = BTreeMap::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (key, value) = (format!("writer {writer} key {number}"), format!("value {number}"));
        client.put(&key, &value).await?;
        acknowledged.insert(key, value);
        count.send_modify(|count| *count += 1);
    }
    Ok(acknowledged)
}

/// Waits until so much more has been acknowledged.
async fn more(count: &mut watch::Receiver<usize>, more: usize) -> Result<(), Failure> {
    let target = *count.borrow() + more;
    timeout(PATIENCE, count.wait_for(|count| *count >= target)).await??;
    Ok(())
}

#[fusee::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_follower_a_leader_and_all_killed() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let mut cluster = Cluster::start(Path::new(env!("CARGO_BIN_EXE_store")), folder.path())?;
    cluster.leader(PATIENCE).await?;

    let (stop, (counter, mut count)) = (Arc::new(AtomicBool::new(false)), watch::channel(0));
    let writers: Vec<_> = (0..4)
        .map(|writer| fusee::spawn(write(writer, cluster.client(PATIENCE), stop.clone(), counter.clone())))
        .collect();
    more(&mut count, WHILE_DOWN).await?;

    let leader = cluster.leader(PATIENCE).await?;
    let follower = if leader == 1 { 2 } else { 1 };
    cluster.kill(follower)?;
    more(&mut count, WHILE_DOWN).await?;
    cluster.start_node(follower)?;
    cluster.caught_up(PATIENCE).await?;

    let leader = cluster.leader(PATIENCE).await?;
    cluster.kill(leader)?;
    more(&mut count, WHILE_DOWN).await?;
    assert_ne!(cluster.leader(PATIENCE).await?, leader);
    cluster.start_node(leader)?;
    more(&mut count, 1).await?;

    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeMap::new();
    for writer in writers {
        acknowledged.extend(writer.await??);
    }
    cluster.caught_up(PATIENCE).await?;
    let purged = cluster.statuses().await.iter().filter_map(|status| status.purged).max();
    assert!(purged.is_some(), "nobody came back by a snapshot: no entry was taken out of the log");

    // What a majority has is on its disks.
    for id in cluster.running() {
        cluster.kill(id)?;
    }
    for id in 1..=3 {
        cluster.start_node(id)?;
    }
    cluster.caught_up(PATIENCE).await?;

    let mut client = cluster.client(PATIENCE);
    for (key, value) in &acknowledged {
        assert_eq!(client.get(key).await?.as_ref(), Some(value), "{key}, as the leader has it");
    }
    for id in cluster.running() {
        for (key, value) in &acknowledged {
            assert_eq!(
                client.look(cluster.address(id), key).await?.as_ref(),
                Some(value),
                "{key}, as node {id} has it"
            );
        }
    }
    for id in cluster.running() {
        assert!(cluster.stop(id, PATIENCE).await?.success(), "node {id} stops gracefully when it is told to");
    }
    Ok(())
}
