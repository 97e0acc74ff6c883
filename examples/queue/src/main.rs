//! A work queue in redis; README.md beside this folder says how to try it.
//!
//! ```text
//! cargo run --release -p queue -- push print hello
//! cargo run --release -p queue -- work --concurrency 4
//! cargo run --release -p queue -- status
//! ```
//!
//! Exit codes: 0, for a worker when it was told to stop, also if jobs had to be given back, which its last line tells; 1 if something failed, as when redis is away, which a worker waits for; 2 for
//! arguments that make no sense.

#[path = "../../ladder/arguments.rs"]
#[allow(dead_code, reason = "each example uses a part of it")]
mod arguments;
mod kinds;
#[path = "../../shared/program.rs"]
mod program;
mod request;
#[path = "../../shared/values.rs"]
mod values;

use std::process::ExitCode;
use std::sync::Arc;

use queue::{Settings, Stop, Store, work};
use redis::RedisError;

use crate::arguments::print;
use crate::kinds::Kinds;
use crate::request::{Command, Request};

fn main() -> ExitCode {
    program::run("queue", Request::from_command_line(), async |request| run(&request).await.map(|()| ExitCode::SUCCESS))
}

async fn run(request: &Request) -> Result<(), String> {
    let store = Store::new(&request.redis, &request.queue);
    let failed = |error: RedisError| format!("redis at {}: {error}", request.redis.addr());
    match &request.command {
        Command::Push { kind, argument, times } => {
            for _ in 0..*times {
                let id = store.push(kind, argument).await.map_err(failed)?;
                print(&format!("job {id}"))?;
            }
        }
        Command::Status => {
            let status = store.status().await.map_err(failed)?;
            let figures = [
                ("waiting", status.waiting),
                ("in hand", status.in_hand),
                ("delayed", status.delayed),
                ("dead", status.dead),
                ("done", status.done),
                ("workers", status.workers),
            ];
            for (what, figure) in figures {
                print(&format!("{what:8}{figure:>8}"))?;
            }
        }
        Command::Dead => {
            for dead in store.dead().await.map_err(failed)? {
                let job = dead.job;
                let line = format!(
                    "job {}: {} {:?}, {} attempts: {}",
                    job.id, job.kind, job.argument, job.attempt, dead.error
                );
                print(&line)?;
            }
        }
        Command::Revive => print(&format!("{} jobs wait again", store.revive().await.map_err(failed)?))?,
        Command::Work(settings) => run_worker(store, *settings).await?,
    }
    Ok(())
}

async fn run_worker(store: Store, settings: Settings) -> Result<(), String> {
    let stop = Stop::default();
    program::listen(stop.taking.clone(), stop.everything.clone())?;
    print("working; ctrl-c or SIGTERM stops")?;
    let address = store.link().address().clone();
    let tally = work(Arc::new(store), Arc::new(Kinds), settings, stop).await;
    let tally = tally.map_err(|error| format!("redis at {address}: {error}"))?;
    print(&format!(
        "{} done, {} to be tried again, {} dead, {} given back, {} lost to others",
        tally.done, tally.retried, tally.dead, tally.given_back, tally.lost
    ))
}
