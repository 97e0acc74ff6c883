//! `cargo xtask simulate`: the scheduler on more cores than a machine at hand has.
//!
//! A discrete-event simulation of the workers' rules (`src/scheduler/`): the idle protocol, the slot, the local queues, the order of
//! victims, the batches, the lists of live tasks. What an operation costs, and what it costs to pass a cache line from core to core, are
//! parameters. A seed and a load say everything about a run, so that two policies are compared on the same arrivals.
//!
//! | file | holds |
//! |---|---|
//! | `load.rs`, `policy.rs`, `costs.rs` | what is to be done, by which rules, at what cost |
//! | `machine.rs` | the state, and the order of events |
//! | `worker.rs`, `idle.rs`, `poll.rs` | what each step does: finding tasks, waiting and waking, tasks' lives |
//! | `outcome.rs` | what is counted |
//! | `sweep.rs`, `plot.rs` | which runs are made, the tables and the figures |
//!
//! `docs/scaling.md` discusses the results, and says what is not modelled.

mod costs;
mod idle;
mod load;
mod machine;
mod outcome;
mod plot;
mod policy;
mod poll;
mod sweep;
#[cfg(test)]
mod tests;
mod worker;

use std::path::Path;

use costs::Costs;
use sweep::Sweep;

/// Simulated time.
type Nanos = u64;

/// What the user chooses.
#[derive(Default)]
pub(crate) struct Options {
    /// Nanoseconds from waking a thread until it runs.
    pub(crate) wake: Option<u64>,
    /// Nanoseconds to pass a cache line to another core.
    pub(crate) transfer: Option<u64>,
    pub(crate) seed: Option<u64>,
}

/// Prints the tables, and draws the figures into `folder`, if there is one.
pub(crate) fn run(options: &Options, folder: Option<&Path>) -> Result<(), String> {
    let mut costs = Costs::DEFAULT;
    costs.wake = options.wake.unwrap_or(costs.wake);
    costs.transfer = options.transfer.unwrap_or(costs.transfer);
    let sweep = Sweep { costs, seed: options.seed.unwrap_or(1) };
    println!("{costs:?}");
    sweep.print();
    sweep.print_limits();
    folder.map_or(Ok(()), |folder| sweep.draw(folder))
}
