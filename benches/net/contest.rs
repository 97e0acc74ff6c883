//! What the bench is made of, and the process of a server.

mod allocator;
mod client;
mod connection;
mod flavor;
mod fusee;
mod limits;
mod network;
mod pattern;
mod program;
mod race;
mod report;
mod run;
mod schedule;
mod selector;
mod server;
mod service;
mod smol;
mod syscalls;
mod tokio;
mod weighing;
mod workload;

use crate::contenders::Entrant;
use server::Orders;
use std::process::ExitCode;

/// Who has sockets, in the order in which they take turns.
const ENTRANTS: [Entrant; 3] = [Entrant::Fusee, Entrant::Tokio, Entrant::Smol];

pub(crate) fn main() -> ExitCode {
    if let Some(orders) = server::orders() {
        serve(orders);
        return ExitCode::SUCCESS;
    }
    program::run("net", &ENTRANTS)
}

fn serve(orders: Orders) {
    match orders.entrant {
        Entrant::Tokio => server::serve::<tokio::Tokio>(orders),
        Entrant::Smol => server::serve::<smol::Smol>(orders),
        Entrant::Fusee => server::serve::<fusee::Fusee>(orders),
        Entrant::MutexLoop => unreachable!("the parent does not ask for it"),
    }
}
