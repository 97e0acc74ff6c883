//! One workload, and who takes turns at it.

use super::client::{Client, Run};
use super::network::Flavor;
use super::server::{Orders, Server};
use super::workload::{Service, Shape, Workload};
use crate::args::{Args, Scale};
use crate::contenders::Entrant;
use crate::stats::{Spread, digits};
use std::io;
use std::thread;
use std::time::Duration;

/// The one that all ratios are taken to.
pub(super) const REFERENCE: Entrant = Entrant::Tokio;

/// The shares of the slowest contender's rate at which all are asked in open loops.
pub(super) const SHARES: [f64; 2] = [0.5, 0.8];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contender {
    entrant: Entrant,
    /// Whether it is the reference once more.
    twin: bool,
}

/// What one contender has shown under one load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Answers a second.
    pub(super) rate: f64,
    /// In microseconds, as all that follows.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// The server's CPU time for each answer.
    pub(super) cpu: f64,
    /// The median by which the client was late to send.
    pub(super) delay: f64,
    /// How often a thread of the server's went to sleep for each answer.
    pub(super) switches: f64,
}

/// The figures of a contender, one for each round.
pub(super) type Turns = Vec<Figures>;

pub(super) struct Race {
    pub(super) workload: Workload,
    pub(super) flavor: Flavor,
    /// As the filter knows it.
    pub(super) name: String,
    pub(super) contenders: Vec<Contender>,
    /// By contender.
    pub(super) closed: Vec<Turns>,
    /// The rates of the open loops.
    pub(super) rates: [f64; SHARES.len()],
    /// By rate and contender.
    pub(super) open: [Vec<Turns>; SHARES.len()],
    /// The connections that there were.
    pub(super) connections: usize,
}

#[derive(Clone, Copy)]
enum Load {
    Closed,
    Open(f64),
}

impl Contender {
    pub(super) const TWIN: Self = Self { entrant: REFERENCE, twin: true };

    pub(super) fn of(entrant: Entrant) -> Self {
        Self { entrant, twin: false }
    }

    pub(super) fn name(self) -> &'static str {
        if self.twin { "its twin" } else { self.entrant.name() }
    }

    pub(super) fn is_reference(self) -> bool {
        self.entrant == REFERENCE && !self.twin
    }
}

impl Race {
    pub(super) fn new(workload: Workload, flavor: Flavor, contenders: Vec<Contender>, name: String) -> Self {
        let turns = vec![Turns::new(); contenders.len()];
        let open = [turns.clone(), turns.clone()];
        Self { workload, flavor, name, contenders, closed: turns, rates: [0.0; 2], open, connections: 0 }
    }

    /// Lets the contenders take turns, with at most `most` connections.
    pub(super) fn run(&mut self, args: &Args, rounds: usize, most: usize) {
        let shape = self.workload.shape(args.scale, most);
        self.connections = shape.connections;
        for round in 1..=rounds {
            for at in in_turn(self.contenders.len(), round) {
                let [figures] = self.turn(at, args, shape, [Load::Closed]);
                self.tell(args, (round, rounds), at, &figures);
                self.closed[at].push(figures);
            }
        }
        let medians = self.closed.iter().filter_map(|turns| Spread::of(turns.iter().map(|turn| turn.rate)));
        let slowest = medians.map(|rates| rates.median).fold(f64::INFINITY, f64::min);
        self.rates = SHARES.map(|share| share * slowest);
        for round in 1..=rounds {
            for at in in_turn(self.contenders.len(), round) {
                let figures = self.turn(at, args, shape, self.rates.map(Load::Open));
                for (open, figures) in self.open.iter_mut().zip(figures) {
                    open[at].push(figures);
                }
                figures.iter().for_each(|figures| self.tell(args, (round, rounds), at, figures));
            }
        }
    }

    /// One contender under each of the loads, in a process of its own.
    fn turn<const N: usize>(&self, at: usize, args: &Args, shape: Shape, loads: [Load; N]) -> [Figures; N] {
        let entrant = self.contenders[at].entrant;
        let orders = Orders { entrant, flavor: self.flavor, service: self.workload.service(), workers: args.workers };
        let time = match args.scale {
            Scale::Full => args.seconds(self.workload.usual_time()),
            Scale::Smoke => Duration::from_millis(20),
        };
        let turn = || -> io::Result<_> {
            let mut server = Server::start(orders)?;
            let mut client = Client::connect(shape, server.port)?;
            client.closed(time / 3)?;
            loads.into_iter().map(|load| observe(&mut server, &mut client, load, time)).collect::<io::Result<Vec<_>>>()
        };
        let figures = turn().unwrap_or_else(|error| panic!("{}/{}: {error}", self.name, self.contenders[at].name()));
        figures.try_into().expect("each load has figures")
    }

    fn tell(&self, args: &Args, (round, rounds): (usize, usize), at: usize, figures: &Figures) {
        if args.scale == Scale::Full {
            let Figures { rate, p50, p99, cpu, delay, .. } = *figures;
            let (name, contender) = (&self.name, self.contenders[at].name());
            let [rate, p50, p99, cpu, delay] = [rate, p50, p99, cpu, delay].map(digits);
            eprintln!(
                "{name} {round}/{rounds} {contender}: {rate}/s, {p50} µs, p99 {p99} µs, CPU {cpu} µs, sent {delay} µs late"
            );
        }
    }
}

/// Forth in odd rounds and back in even ones, so that nobody always comes after the same.
fn in_turn(contenders: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..contenders).map(move |at| if round % 2 == 1 { at } else { contenders - 1 - at })
}

fn observe(server: &mut Server, client: &mut Client, load: Load, time: Duration) -> io::Result<Figures> {
    let before = server.used()?;
    let Run { latencies, delays, time } = match load {
        Load::Closed => client.closed(time)?,
        Load::Open(rate) => client.open(rate, time)?,
    };
    let after = server.used()?;
    let answers = latencies.len() as f64;
    let micros = |nanos: u64| nanos as f64 / 1e3;
    Ok(Figures {
        rate: answers / time.as_secs_f64(),
        p50: micros(latencies.value_at_quantile(0.5)),
        p99: micros(latencies.value_at_quantile(0.99)),
        cpu: after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / answers,
        delay: micros(delays.value_at_quantile(0.5)),
        switches: (after.switches - before.switches) as f64 / answers,
    })
}

/// What idle connections weigh.
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

    pub(super) fn run(&mut self, args: &Args, rounds: usize, most: usize) {
        let shape = Shape::idle(args.scale, most);
        self.connections = shape.connections;
        for round in 1..=rounds {
            for at in in_turn(self.contenders.len(), round) {
                let Contender { entrant, .. } = self.contenders[at];
                let orders = Orders { entrant, flavor: self.flavor, service: Service::Idle, workers: args.workers };
                let weight = weigh(orders, shape, args.scale);
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
