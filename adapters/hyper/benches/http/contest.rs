//! What the bench is made of, and the process of a server.

#[path = "../../../../benches/net/allocator.rs"]
mod allocator;
#[path = "../../../../benches/net/client.rs"]
mod client;
mod connection;
#[path = "../../../../benches/net/flavor.rs"]
mod flavor;
mod fusee;
#[path = "../../../../benches/net/limits.rs"]
mod limits;
mod network;
mod pattern;
#[path = "../../../../benches/net/program.rs"]
mod program;
#[path = "../../../../benches/net/race.rs"]
mod race;
#[path = "../../../../benches/net/report.rs"]
mod report;
#[path = "../../../../benches/net/run.rs"]
mod run;
#[path = "../../../../benches/net/schedule.rs"]
mod schedule;
#[path = "../../../../benches/net/selector.rs"]
mod selector;
#[path = "../../../../benches/net/server.rs"]
mod server;
mod service;
mod smol;
#[path = "../../../../benches/net/syscalls.rs"]
mod syscalls;
mod tokio;
#[path = "../../../../benches/net/weighing.rs"]
mod weighing;
mod workload;

use crate::contenders::Entrant;
use server::Orders;
use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    if let Some(orders) = server::orders() {
        serve(orders);
        return ExitCode::SUCCESS;
    }
    program::run("http", &Entrant::ALL)
}

fn serve(orders: Orders) {
    match orders.entrant {
        Entrant::Tokio => server::serve::<tokio::Tokio>(orders),
        Entrant::Smol => server::serve::<smol::Smol>(orders),
        Entrant::Fusee => server::serve::<fusee::Fusee>(orders),
    }
}
