//! Contenders in situations: each takes a turn in every round, in a process of its own, and a report is made of what they answer.

use crate::args::{Args, Scale};
use crate::contenders::Entrant;
use crate::{child, machine};
use std::process::ExitCode;

/// A situation of a contender, and what it answered in each round.
pub(crate) struct Line<S> {
    pub(crate) situation: S,
    /// As the filter knows the situation.
    pub(crate) name: String,
    pub(crate) entrant: Entrant,
    pub(crate) turns: Vec<Vec<f64>>,
}

impl<S> Line<S> {
    pub(crate) fn new(situation: S, name: String, entrant: Entrant) -> Self {
        Self { situation, name, entrant, turns: Vec::new() }
    }
}

/// What a bench makes of its lines.
pub(crate) struct Plan<S> {
    pub(crate) bench: &'static str,
    /// What a child is told of a situation.
    pub(crate) orders: fn(&S) -> Vec<usize>,
    /// What is said of an answer as soon as it is there.
    pub(crate) progress: fn(&[f64]) -> String,
    pub(crate) report: fn(&[Line<S>]) -> String,
}

impl<S> Plan<S> {
    /// Lists the lines if that is wanted, or has them take their turns and prints the report.
    pub(crate) fn carry_out(&self, mut lines: Vec<Line<S>>, args: &Args) -> ExitCode {
        if args.list {
            lines.iter().for_each(|line| println!("{}/{}: benchmark", line.name, line.entrant.name()));
            return ExitCode::SUCCESS;
        }
        args.require_match(lines.is_empty());
        let rounds = args.rounds(3);
        for round in 1..=rounds {
            for line in &mut lines {
                let found = child::ask(line.entrant, &(self.orders)(&line.situation));
                if args.scale == Scale::Full {
                    let said = (self.progress)(&found);
                    eprintln!("{} {round}/{rounds} {}: {said}", line.name, line.entrant.name());
                }
                line.turns.push(found);
            }
        }
        // Made in a test too, so that it is tested.
        let report = (self.report)(&lines);
        match args.scale {
            Scale::Full => println!("\n{}\nrounds: {rounds}\n\n{report}", machine::header()),
            Scale::Smoke => println!("{}: {} situations of contenders, unmeasured", self.bench, lines.len()),
        }
        ExitCode::SUCCESS
    }
}
