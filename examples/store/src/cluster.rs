//! Three nodes, each a process of this machine.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use fusee::time::{Duration, Instant, sleep};
use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::client::Client;
use crate::wire::Status;

/// How often a condition is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Ports that no system gives to who connects: else a node that was down might find that a client has its port.
const PORTS: Range<u16> = 10_000..30_000;

/// The nodes 1, 2 and 3. Dropped, it kills those that run.
pub struct Cluster {
    program: PathBuf,
    folder: PathBuf,
    addresses: BTreeMap<u64, SocketAddr>,
    running: BTreeMap<u64, Child>,
}

impl Cluster {
    /// Starts three nodes of `program`, which is this package's, with their data in `folder`.
    ///
    /// # Errors
    /// The program cannot be started, or there are no ports.
    pub fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let addresses = (1..=3).zip(free_addresses(3)?).collect();
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut cluster = Self { program, folder, addresses, running: BTreeMap::new() };
        for id in 1..=3 {
            cluster.start_node(id)?;
        }
        Ok(cluster)
    }

    /// Starts node `id`, which does not run, with the data that it has.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start_node(&mut self, id: u64) -> io::Result<()> {
        let others = self.addresses.iter().filter(|(other, _)| **other != id);
        let peers: Vec<String> = others.map(|(other, address)| format!("{other}={address}")).collect();
        let node = Command::new(&self.program)
            .args(["node", "--id", &id.to_string(), "--listen", &self.addresses[&id].to_string()])
            .args(["--peers", &peers.join(",")])
            .arg("--data")
            .arg(self.folder.join(format!("node{id}")))
            .stdin(Stdio::null())
            .spawn()?;
        self.running.insert(id, node);
        Ok(())
    }

    /// Kills node `id` by SIGKILL: it has no time to do anything.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Panics
    /// The node does not run.
    pub fn kill(&mut self, id: u64) -> io::Result<()> {
        let mut node = self.running.remove(&id).expect("a node that runs");
        let killed = node.kill();
        node.wait()?;
        killed
    }

    /// Tells node `id` to stop, by SIGTERM, and answers how it has ended. Kills it, if it takes longer than `patience`.
    ///
    /// # Errors
    /// It took longer.
    ///
    /// # Panics
    /// The node does not run.
    pub async fn stop(&mut self, id: u64, patience: Duration) -> Result<ExitStatus, Failure> {
        let node = self.running.get_mut(&id).expect("a node that runs");
        let deadline = Instant::now() + patience;
        kill_process(Pid::from_child(node), Signal::TERM)?;
        let status = loop {
            if let Some(status) = node.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                self.kill(id)?;
                return Err(format!("node {id} has not stopped within {patience:?}").into());
            }
            sleep(LOOK).await;
        };
        self.running.remove(&id);
        Ok(status)
    }

    /// Tells all nodes to stop, by SIGTERM, and kills those that take longer than `patience`.
    ///
    /// # Errors
    /// The system's.
    pub async fn stop_all(&mut self, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        for node in self.running.values() {
            // One that has ended already was not waited for: the number is still its own.
            kill_process(Pid::from_child(node), Signal::TERM)?;
        }
        while let Some((&id, node)) = self.running.iter_mut().next() {
            if node.try_wait()?.is_some() {
                self.running.remove(&id);
            } else if Instant::now() > deadline {
                self.kill(id)?;
            } else {
                sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// Where node `id` listens.
    ///
    /// # Panics
    /// There is no such node.
    pub fn address(&self, id: u64) -> SocketAddr {
        self.addresses[&id]
    }

    /// The nodes that run.
    pub fn running(&self) -> Vec<u64> {
        self.running.keys().copied().collect()
    }

    /// A client who looks for the leader for as long as `patience`.
    pub fn client(&self, patience: Duration) -> Client {
        Client::new(self.addresses.values().copied().collect(), patience)
    }

    /// Waits until a majority of the nodes say that one that runs leads, and answers which.
    ///
    /// # Errors
    /// That took longer than `patience`.
    pub async fn leader(&self, patience: Duration) -> Result<u64, Failure> {
        let deadline = Instant::now() + patience;
        loop {
            let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
            for status in self.statuses().await {
                *votes.entry(status.leader.unwrap_or_default()).or_default() += 1;
            }
            let leader = votes.into_iter().find(|(id, count)| *count >= 2 && self.running.contains_key(id));
            if let Some((leader, _)) = leader {
                return Ok(leader);
            }
            if Instant::now() > deadline {
                return Err(format!("no leader within {patience:?}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// Waits until every node that runs has all in its data that the leader has now.
    ///
    /// # Errors
    /// That took longer than `patience`.
    pub async fn caught_up(&self, patience: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        let leader = self.leader(patience).await?;
        let target = self.client(patience).status(self.address(leader)).await?.last_log;
        loop {
            let statuses = self.statuses().await;
            if statuses.len() == self.running.len() && statuses.iter().all(|status| status.applied >= target) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("within {patience:?} not all have caught up to {target:?}: {statuses:?}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// What those nodes say of themselves that answer.
    pub async fn statuses(&self) -> Vec<Status> {
        let mut statuses = Vec::new();
        for id in self.running.keys() {
            let mut client = self.client(Duration::from_secs(1));
            statuses.extend(client.status(self.address(*id)).await.ok());
        }
        statuses
    }
}

/// So many addresses of this machine that nobody listens at. Somebody may take one before its node does; then that says so.
fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    let ports = PORTS.len();
    // Several clusters look in different places.
    let start = std::process::id() as usize * count % ports;
    let candidates = PORTS.cycle().skip(start).take(ports).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let free: Vec<_> = candidates.filter(|address| TcpListener::bind(address).is_ok()).take(count).collect();
    if free.len() == count { Ok(free) } else { Err(io::ErrorKind::AddrInUse.into()) }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.running.values_mut() {
            // One that has ended by itself cannot be killed.
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}
