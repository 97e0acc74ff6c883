//! One workload, and who takes turns at it.

use super::client::Client;
use super::flavor::Flavor;
use super::schedule::Schedule;
use super::server::{Orders, Server};
use super::syscalls::{Counts, Perf};
use super::workload::{MOST_CONNECTIONS, Workload};
use crate::affinity::{self, Cpu};
use crate::args::{Args, Scale};
use crate::contenders::Entrant;
use crate::others::Watch;
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
    /// The median of the 99th percentiles of tenths of a second.
    pub(super) usual_p99: f64,
    /// The server's CPU time for each answer.
    pub(super) cpu: f64,
    /// The median by which the client was late to send; zero in a closed loop.
    pub(super) delay: f64,
    /// How often a thread of the server's went to sleep for each answer.
    pub(super) switches: f64,
}

/// The figures of a contender, one for each round.
pub(super) type Turns = Vec<Figures>;

/// What holds for all races.
pub(super) struct Conditions<'a> {
    pub(super) args: &'a Args,
    pub(super) rounds: usize,
    /// As many connections can be open.
    pub(super) most: usize,
    /// Where the client is kept, and no server: with `--pin`, where that can be.
    pub(super) client_cpu: Option<Cpu>,
    /// With `--syscalls`, where it can count.
    pub(super) perf: Option<Perf>,
}

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
    /// The system calls for each answer, by contender; nothing unless they are counted.
    pub(super) syscalls: Vec<Counts>,
}

#[derive(Clone, Copy)]
enum Load {
    Closed,
    /// So many requests a second, as due in that round.
    Open(f64, usize),
}

impl Conditions<'_> {
    /// A line for the report.
    pub(super) fn describe(&self) -> String {
        let Self { args, rounds, most, client_cpu, perf } = self;
        let mut line = format!("workers: {}, rounds: {rounds}", args.workers);
        if client_cpu.is_some() {
            line.push_str(", the client on a CPU of its own");
        }
        if args.syscalls && perf.is_none() {
            line.push_str(", system calls not counted, for perf is missing or may not");
        }
        if *most < MOST_CONNECTIONS {
            line.push_str(&format!(", at most {most} connections, for there may be no more descriptors"));
        }
        line
    }
}

impl Contender {
    pub(super) const TWIN: Self = Self { entrant: REFERENCE, twin: true };

    pub(super) fn of(entrant: Entrant) -> Self {
        Self { entrant, twin: false }
    }

    pub(super) fn entrant(self) -> Entrant {
        self.entrant
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
        Self { workload, flavor, name, contenders, closed: turns, rates: [0.0; 2], open, syscalls: Vec::new() }
    }

    /// Lets the contenders take turns.
    pub(super) fn run(&mut self, conditions: &Conditions<'_>) {
        let Conditions { args, rounds, .. } = *conditions;
        let watch = Watch::start();
        for round in 1..=rounds {
            for at in in_turn(self.contenders.len(), round) {
                let [figures] = self.turn(at, conditions, [Load::Closed]);
                self.tell(args, (round, rounds), at, &figures);
                self.closed[at].push(figures);
            }
        }
        let medians = self.closed.iter().filter_map(|turns| Spread::of(turns.iter().map(|turn| turn.rate)));
        let slowest = medians.map(|rates| rates.median).fold(f64::INFINITY, f64::min);
        self.rates = SHARES.map(|share| share * slowest);
        for round in 1..=rounds {
            for at in in_turn(self.contenders.len(), round) {
                let figures = self.turn(at, conditions, self.rates.map(|rate| Load::Open(rate, round)));
                for (open, figures) in self.open.iter_mut().zip(figures) {
                    open[at].push(figures);
                }
                figures.iter().for_each(|figures| self.tell(args, (round, rounds), at, figures));
            }
        }
        if let Some(share) = watch.and_then(|watch| watch.share())
            && args.scale == Scale::Full
        {
            eprintln!("{}: used of the machine by others meanwhile: {:.0} %", self.name, share * 100.0);
        }
        if let Some(perf) = &conditions.perf {
            self.syscalls = (0..self.contenders.len()).map(|at| self.count(at, conditions, perf)).collect();
        }
    }

    /// One contender under each of the loads, in a process of its own.
    fn turn<const N: usize>(&self, at: usize, conditions: &Conditions<'_>, loads: [Load; N]) -> [Figures; N] {
        let figures = self.serve(at, conditions, |server, client, time| {
            let one = |load| observe(server, client, load, time);
            loads.into_iter().map(one).collect::<io::Result<Vec<_>>>()
        });
        figures.try_into().expect("each load has figures")
    }

    /// The system calls of one contender for an answer, in a closed loop.
    fn count(&self, at: usize, conditions: &Conditions<'_>, perf: &Perf) -> Counts {
        self.serve(at, conditions, |server, client, time| {
            let (counts, run) = perf.count(server.id(), || client.closed(time))?;
            Ok(counts.map(|count| count / run.answers() as f64))
        })
    }

    /// Starts the server of a contender, and has a client that has warmed it up do its work.
    fn serve<T: Send>(
        &self,
        at: usize,
        Conditions { args, most, client_cpu, .. }: &Conditions<'_>,
        work: impl FnOnce(&mut Server, &mut Client, Duration) -> io::Result<T> + Send,
    ) -> T {
        let entrant = self.contenders[at].entrant;
        let orders = Orders { entrant, flavor: self.flavor, service: self.workload.service(), workers: args.workers };
        let shape = self.workload.shape(args.scale, *most);
        let time = self.time(args);
        let turn = || {
            let mut server = Server::start(orders)?;
            on(*client_cpu, || {
                let mut client = Client::connect(shape, server.port)?;
                client.closed(time / 3)?;
                work(&mut server, &mut client, time)
            })
        };
        turn().unwrap_or_else(|error| panic!("{}/{}: {error}", self.name, self.contenders[at].name()))
    }

    /// How long each loop takes.
    fn time(&self, args: &Args) -> Duration {
        match args.scale {
            Scale::Full => args.seconds.unwrap_or_else(|| self.workload.usual_time()),
            Scale::Smoke => Duration::from_millis(20),
        }
    }

    fn tell(&self, args: &Args, (round, rounds): (usize, usize), at: usize, figures: &Figures) {
        if args.scale == Scale::Full {
            let Figures { rate, p50, p99, cpu, delay, .. } = *figures;
            let (name, contender) = (&self.name, self.contenders[at].name());
            let late = if delay > 0.0 { format!(", sent {} µs late", digits(delay)) } else { String::new() };
            let [rate, p50, p99, cpu] = [rate, p50, p99, cpu].map(digits);
            eprintln!("{name} {round}/{rounds} {contender}: {rate}/s, {p50} µs, p99 {p99} µs, CPU {cpu} µs{late}");
        }
    }
}

/// Works on a CPU, if one is given, on a thread of its own: what this thread starts is not to be kept there.
fn on<T: Send>(cpu: Option<Cpu>, work: impl FnOnce() -> T + Send) -> T {
    let Some(cpu) = cpu else { return work() };
    let pinned = || {
        affinity::stay_on(cpu);
        work()
    };
    thread::scope(|scope| scope.spawn(pinned).join()).expect("the client does not panic")
}

/// Forth in odd rounds and back in even ones, so that nobody always comes after the same.
pub(super) fn in_turn(contenders: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..contenders).map(move |at| if round % 2 == 1 { at } else { contenders - 1 - at })
}

fn observe(server: &mut Server, client: &mut Client, load: Load, time: Duration) -> io::Result<Figures> {
    let before = server.used()?;
    let run = match load {
        Load::Closed => client.closed(time)?,
        Load::Open(rate, round) => client.open(Schedule::new(rate, time, round))?,
    };
    let after = server.used()?;
    let answers = run.answers() as f64;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(Figures {
        rate: answers / run.time.as_secs_f64(),
        p50: micros(run.latency(0.5)),
        p99: micros(run.latency(0.99)),
        usual_p99: micros(run.usual_p99()),
        cpu: micros(after.cpu.saturating_sub(before.cpu)) / answers,
        delay: micros(run.median_delay()),
        switches: (after.switches - before.switches) as f64 / answers,
    })
}
