//! A demonstration: three nodes, of which one is killed and comes back.

use std::fmt::Display;
use std::future::Future;
use std::pin::pin;

use fusee::time::{Duration, Instant};
use futures_util::future::{Either, select};

use crate::Failure;
use crate::client::Client;
use crate::cluster::Cluster;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is written at a time: enough that the node comes back by a snapshot.
const WRITES: usize = 150;

/// How long the nodes may take to stop when it is told to.
const GRACE: Duration = Duration::from_secs(5);

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All was shown.
    Well,
    /// It was told to stop.
    Stopped,
}

/// Runs it, unless `stopping` is complete before, and tells on the standard output what it does. When it returns no node runs, and their folder is gone.
///
/// # Errors
/// A node cannot be started or stopped, or something that was written is not there.
pub async fn run(stopping: impl Future<Output: Display>) -> Result<Ended, Failure> {
    let folder = tempfile::tempdir()?;
    println!("three nodes start, with their data in {}", folder.path().display());
    let mut cluster = Cluster::start(&std::env::current_exe()?, folder.path())?;
    let cause = match select(pin!(stopping), pin!(show(&mut cluster))).await {
        Either::Left((cause, _)) => cause,
        Either::Right((shown, _)) => {
            shown?;
            folder.close()?;
            return Ok(Ended::Well);
        }
    };
    println!("stopping: {cause}");
    cluster.stop_all(GRACE).await?;
    folder.close()?;
    Ok(Ended::Stopped)
}

/// Shows what there is to be seen, and stops the nodes.
async fn show(cluster: &mut Cluster) -> Result<(), Failure> {
    let mut client = cluster.client(PATIENCE);

    let leader = cluster.leader(PATIENCE).await?;
    println!("node {leader} leads");
    write(&mut client, 0..WRITES).await?;

    println!("node {leader} is killed");
    cluster.kill(leader)?;
    let died = Instant::now();
    client.put("after the kill", "is written").await?;
    let elected = cluster.leader(PATIENCE).await?;
    println!("node {elected} leads: the first write was acknowledged {} ms later", died.elapsed().as_millis());
    write(&mut client, WRITES..2 * WRITES).await?;

    println!("node {leader} comes back");
    cluster.start_node(leader)?;
    cluster.caught_up(PATIENCE).await?;
    for status in cluster.statuses().await {
        println!("node {}: {}, applied up to entry {}", status.id, status.state, status.applied.unwrap_or_default());
    }

    for id in cluster.running() {
        for number in 0..2 * WRITES {
            let found = client.look(cluster.address(id), &format!("key {number}")).await?;
            if found.as_deref() != Some(&*format!("value {number}")) {
                return Err(format!("node {id} has {found:?} for key {number}").into());
            }
        }
    }
    println!("each of the {} values is on every node", 2 * WRITES);
    for id in cluster.running() {
        let status = cluster.stop(id, PATIENCE).await?;
        println!("node {id} was told to stop: {status}");
    }
    Ok(())
}

async fn write(client: &mut Client, numbers: std::ops::Range<usize>) -> Result<(), Failure> {
    let (start, count) = (Instant::now(), numbers.len());
    for number in numbers {
        client.put(&format!("key {number}"), &format!("value {number}")).await?;
    }
    println!("{count} writes were acknowledged, one after the other, in {} ms", start.elapsed().as_millis());
    Ok(())
}
