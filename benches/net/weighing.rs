//! What idle connections weigh, and cost.

use super::client::Client;
use super::flavor::Flavor;
use super::race::{Conditions, Contender, in_turn};
use super::server::{Orders, Server};
use super::workload::{Service, Shape};
use crate::args::Scale;
use std::io;
use std::thread;
use std::time::Duration;

pub(super) struct Weighing {
    pub(super) flavor: Flavor,
    /// As the filter knows it.
    pub(super) name: String,
    pub(super) contenders: Vec<Contender>,
    /// By contender and round.
    pub(super) weights: Vec<Vec<Weight>>,
    pub(super) connections: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// Bytes a connection.
    pub(super) allocated: f64,
    pub(super) resident: f64,
    /// In milliseconds, in one second in which nothing happens.
    pub(super) cpu: f64,
    pub(super) switches: f64,
}

impl Weighing {
    pub(super) fn new(flavor: Flavor, contenders: Vec<Contender>, name: String) -> Self {
        let weights = vec![Vec::new(); contenders.len()];
        Self { flavor, name, contenders, weights, connections: 0 }
    }

    pub(super) fn run(&mut self, conditions: &Conditions<'_>) {
        let (scale, workers) = (conditions.args.scale, conditions.args.workers);
        let shape = Shape::idle(scale, conditions.most);
        self.connections = shape.connections;
        for round in 1..=conditions.rounds {
            for at in in_turn(self.contenders.len(), round) {
                let entrant = self.contenders[at].entrant();
                let orders = Orders { entrant, flavor: self.flavor, service: Service::Idle, workers };
                let weight = weigh(orders, shape, scale);
                let weight = weight.unwrap_or_else(|error| panic!("{}/{}: {error}", self.name, entrant.name()));
                self.weights[at].push(weight);
            }
        }
    }
}

fn weigh(orders: Orders, shape: Shape, scale: Scale) -> io::Result<Weight> {
    let (pause, second) = match scale {
        Scale::Full => (Duration::from_millis(100), Duration::from_secs(1)),
        Scale::Smoke => (Duration::from_millis(10), Duration::from_millis(10)),
    };
    let mut server = Server::start(orders)?;
    let before = server.used()?;
    let client = Client::connect(shape, server.port)?;
    // The last few tasks have answered and may not be asleep yet.
    thread::sleep(pause);
    let idle = server.used()?;
    thread::sleep(second);
    let after = server.used()?;
    drop(client);
    let each = |bytes: usize| bytes as f64 / shape.connections as f64;
    Ok(Weight {
        allocated: each(idle.allocated.wrapping_sub(before.allocated)),
        resident: each(idle.resident.saturating_sub(before.resident)),
        cpu: (after.cpu - idle.cpu).as_secs_f64() * 1e3,
        switches: (after.switches - idle.switches) as f64,
    })
}
