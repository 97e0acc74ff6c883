//! The tables: figures of the reference, and for everybody else the ratios to it.

use super::flavor::Flavor;
use super::race::{Contender, Figures, Race, SHARES, Turns};
use super::syscalls;
use super::weighing::{Weighing, Weight};
use crate::sheet::markdown;
use crate::stats::{Spread, digits};

/// A figure, and what it is called.
type Column = (&'static str, fn(&Figures) -> f64);

const RATE: Column = ("requests/s", |figures| figures.rate);
const CPU: Column = ("CPU, µs", |figures| figures.cpu);
const P50: Column = ("p50, µs", |figures| figures.p50);
const P99: Column = ("p99, µs", |figures| figures.p99);
const USUAL_P99: Column = ("usual p99, µs", |figures| figures.usual_p99);

const LEGEND: &str = "\
tokio: medians of the rounds. The others: ratio to tokio; median of the ratios within a round (least–greatest). Of requests/s above 1 is better, of
all else below 1. CPU: the server's, for each answer, without what its tasks compute. p99: what 99 of 100 latencies do not exceed; where the machine
itself halts a process now and then, this is how often it did. usual p99: the median of the p99 of each tenth of a second, which it seldom touches.";

const OPEN_NOTE: &str = "\
requests/s: asked of everybody. sent: how much later than due the client sends, the median in tokio's turns; latencies count from when a
request was due.";

const IDLE_NOTE: &str = "\
Medians of the rounds (least–greatest). allocated: what the server's process has asked the allocator for. resident: what the kernel gave it. Neither
has what the kernel holds for a socket. CPU, switches: of the process, in a second in which nothing comes.";

/// Everything that has run.
pub(super) fn all(races: &[Race], weighings: &[Weighing]) -> String {
    let mut report = format!("{LEGEND}\n");
    for flavor in Flavor::ALL {
        let races: Vec<_> = races.iter().filter(|race| race.flavor == flavor).collect();
        if !races.is_empty() {
            report.push_str(&of_flavor(flavor, &races));
        }
    }
    if !weighings.is_empty() {
        report.push_str(&idle(weighings));
    }
    report
}

fn of_flavor(flavor: Flavor, races: &[&Race]) -> String {
    let title = flavor.title();
    let closed = |race: &Race| race.closed.clone();
    let rates = comparison(races, &[RATE, CPU], closed, |_| Vec::new(), &[]);
    let latencies = comparison(races, &[P50, P99, USUAL_P99], closed, |_| Vec::new(), &[]);
    let mut report = format!(
        "\n{title}: closed loop\n\n{rates}\n\n{title}: latency in the closed loop\n\n{latencies}\n\n\
         {title}: how often a thread goes to sleep for an answer, in the closed loop\n\n{}\n",
        switches(races)
    );
    for (at, share) in SHARES.into_iter().enumerate() {
        let lead = |race: &Race| vec![digits(race.rates[at]), median(reference(race, &race.open[at]), |f| f.delay)];
        let open = |race: &Race| race.open[at].clone();
        let table = comparison(races, &[P50, P99, USUAL_P99, CPU], open, lead, &["requests/s", "sent, µs"]);
        let percent = share * 100.0;
        report.push_str(&format!("\n{title}: open loop at {percent} % of the slowest one's rate\n\n{table}\n"));
    }
    report.push_str(&format!("\n{OPEN_NOTE}\n"));
    if races.iter().any(|race| !race.syscalls.is_empty()) {
        let table = system_calls(races);
        report.push_str(&format!("\n{title}: system calls for an answer, in the closed loop\n\n{table}\n"));
    }
    report
}

/// A row for each race.
fn comparison(
    races: &[&Race],
    columns: &[Column],
    turns: impl Fn(&Race) -> Vec<Turns>,
    lead: impl Fn(&Race) -> Vec<String>,
    lead_titles: &[&str],
) -> String {
    let others = others(races);
    let mut head = vec!["workload".into()];
    head.extend(lead_titles.iter().map(ToString::to_string));
    head.extend(columns.iter().map(|(title, _)| format!("tokio, {title}")));
    for other in &others {
        head.extend(columns.iter().map(|(title, _)| format!("{}, {}", other.name(), bare(title))));
    }
    let row = |race: &&Race| {
        let turns = turns(race);
        let of_reference = reference(race, &turns);
        let mut row = vec![race.workload.name().into()];
        row.extend(lead(race));
        row.extend(columns.iter().map(|(_, figure)| median(of_reference, figure)));
        for other in &others {
            let own = race.contenders.iter().position(|contender| contender == other).map(|at| &turns[at]);
            row.extend(
                columns.iter().map(|(_, figure)| own.map_or("–".into(), |own| ratio(own, of_reference, figure))),
            );
        }
        row
    };
    markdown([head].into_iter().chain(races.iter().map(row)))
}

/// A column's title without the unit, for ratios have none.
fn bare(title: &str) -> &str {
    title.split_once(',').map_or(title, |(name, _)| name)
}

/// Counts, of everybody.
fn switches(races: &[&Race]) -> String {
    let mut contenders: Vec<_> =
        races[0].contenders.iter().copied().filter(|contender| contender.is_reference()).collect();
    contenders.extend(others(races));
    let mut head = vec!["workload".into()];
    head.extend(contenders.iter().map(|contender| contender.name().into()));
    let row = |race: &&Race| {
        let mut row = vec![race.workload.name().into()];
        row.extend(contenders.iter().map(|contender| {
            let own = race.contenders.iter().position(|other| other == contender).map(|at| &race.closed[at]);
            own.map_or("–".into(), |own| median(own, |figures| figures.switches))
        }));
        row
    };
    markdown([head].into_iter().chain(races.iter().map(row)))
}

fn system_calls(races: &[&Race]) -> String {
    let head = ["workload", "runtime"].into_iter().chain(syscalls::titles()).map(String::from).collect();
    let rows = races.iter().flat_map(|race| {
        race.contenders.iter().zip(&race.syscalls).map(|(contender, counts)| {
            let names = [race.workload.name().into(), contender.name().into()];
            names.into_iter().chain(counts.iter().map(|count| digits(*count))).collect()
        })
    });
    markdown([head].into_iter().chain(rows))
}

fn idle(weighings: &[Weighing]) -> String {
    let head = ["runtime", "connections", "allocated, B", "resident, B", "CPU, ms", "switches"];
    let rows = weighings.iter().flat_map(|weighing| {
        weighing.contenders.iter().zip(&weighing.weights).map(|(contender, weights)| {
            let spread = |figure: fn(&Weight) -> f64| {
                Spread::of(weights.iter().map(figure)).map_or("–".into(), |spread| spread.to_string())
            };
            vec![
                format!("{}{}", contender.name(), weighing.flavor.suffix()),
                weighing.connections.to_string(),
                spread(|weight| weight.allocated),
                spread(|weight| weight.resident),
                spread(|weight| weight.cpu),
                spread(|weight| weight.switches),
            ]
        })
    });
    let table = markdown([head.map(String::from).to_vec()].into_iter().chain(rows));
    format!("\nBytes of an idle connection, with its task\n\n{table}\n\n{IDLE_NOTE}\n")
}

/// Who has run in any of the races, but for the reference.
fn others(races: &[&Race]) -> Vec<Contender> {
    let mut others: Vec<Contender> = Vec::new();
    for contender in races.iter().flat_map(|race| &race.contenders) {
        if !contender.is_reference() && !others.contains(contender) {
            others.push(*contender);
        }
    }
    others
}

fn reference<'a>(race: &Race, turns: &'a [Turns]) -> &'a Turns {
    let at = race.contenders.iter().position(|contender| contender.is_reference());
    &turns[at.expect("the reference always runs")]
}

fn median(turns: &Turns, figure: impl Fn(&Figures) -> f64) -> String {
    Spread::of(turns.iter().map(figure)).map_or("–".into(), |spread| digits(spread.median))
}

/// The ratios of a figure, each within its round.
fn ratio(own: &Turns, reference: &Turns, figure: impl Fn(&Figures) -> f64) -> String {
    let ratios = own.iter().zip(reference).map(|(own, reference)| figure(own) / figure(reference));
    Spread::of(ratios).map_or("–".into(), |spread| spread.to_string())
}
