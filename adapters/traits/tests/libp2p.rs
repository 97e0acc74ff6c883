//! Two swarms over the transport in memory, whose connections are tasks of ours.

mod support;

use std::time::Duration;

use fusee::runtime::Handle;
use fusee_traits::FuseeRuntime;
use futures_util::StreamExt;
use libp2p_core::transport::MemoryTransport;
use libp2p_core::upgrade::Version;
use libp2p_core::{Multiaddr, Transport};
use libp2p_identity::Keypair;
use libp2p_swarm::{Config, Executor, Swarm, SwarmEvent};
use support::on_both_flavours;
use tokio::sync::oneshot;

/// A swarm that pings whoever it is connected to, every so often.
fn swarm(runtime: FuseeRuntime) -> Swarm<libp2p_ping::Behaviour> {
    let identity = Keypair::generate_ed25519();
    let transport = MemoryTransport::new()
        .upgrade(Version::V1)
        .authenticate(libp2p_plaintext::Config::new(&identity))
        .multiplex(libp2p_yamux::Config::default())
        .boxed();
    let ping = libp2p_ping::Config::new().with_interval(Duration::from_millis(1));
    let config = Config::with_executor(runtime).with_idle_connection_timeout(Duration::from_secs(3600));
    Swarm::new(transport, libp2p_ping::Behaviour::new(ping), identity.public().to_peer_id(), config)
}

/// Where a swarm listens from now on.
async fn listen(swarm: &mut Swarm<libp2p_ping::Behaviour>) -> Multiaddr {
    swarm.listen_on("/memory/0".parse().unwrap()).unwrap();
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return address;
        }
    }
}

/// Polls a swarm until it has heard of so many pings.
async fn pinged(swarm: &mut Swarm<libp2p_ping::Behaviour>, mut count: u32) {
    while count > 0 {
        if let SwarmEvent::Behaviour(event) = swarm.select_next_some().await {
            event.result.unwrap();
            count -= 1;
        }
    }
}

#[test]
fn two_swarms_ping_each_other_from_tasks_of_the_runtime() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = (swarm(FuseeRuntime::current()), swarm(FuseeRuntime::current()));
            let address = listen(&mut one).await;
            other.dial(address).unwrap();
            // One is in a task, the other here: and in between are the connections', one at each end.
            let listener = fusee::spawn(async move {
                pinged(&mut one, 5).await;
                one
            });
            pinged(&mut other, 5).await;
            let one = listener.await.unwrap();
            assert_eq!(Handle::current().metrics().num_alive_tasks(), 2);
            drop((one, other));
            // They end with their swarms.
            while Handle::current().metrics().num_alive_tasks() > 0 {
                fusee::task::yield_now().await;
            }
        });
    });
}

#[test]
fn after_a_shutdown_a_connection_is_dropped_and_nothing_panics() {
    on_both_flavours(|runtime| {
        let executor = FuseeRuntime::new(runtime.handle().clone());
        drop(runtime);
        let (held, dropped) = oneshot::channel::<()>();
        executor.exec(Box::pin(async move {
            let _held = held;
            unreachable!("there is nothing to run it");
        }));
        assert!(dropped.blocking_recv().is_err());
    });
}
