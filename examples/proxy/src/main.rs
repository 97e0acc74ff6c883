//! A TCP load balancer; README.md beside this folder says how to try it.
//!
//! ```text
//! cargo run --release -p proxy -- --listen 127.0.0.1:8080 --to 127.0.0.1:9001 --to 127.0.0.1:9002
//! ```
//!
//! Exit codes: 0 when it was told to stop, also if connections had to be cut at the end, which its last lines tell; 1 if it could not start, as when the address is taken or an upstream's
//! name is not known; 2 for arguments that make no sense.

#[path = "../../ladder/arguments.rs"]
#[allow(dead_code, reason = "each example uses a part of it")]
mod arguments;
#[path = "../../shared/program.rs"]
mod program;
mod report;
mod request;
#[path = "../../shared/values.rs"]
mod values;

use std::process::ExitCode;
use std::sync::Arc;

use fusee::net::{TcpListener, lookup_host};
use proxy::{Stop, Upstreams, serve};

use crate::request::Request;

fn main() -> ExitCode {
    program::run("proxy", Request::from_command_line(), async |request| run(&request).await.map(|()| ExitCode::SUCCESS))
}

async fn run(request: &Request) -> Result<(), String> {
    for address in &request.to {
        let _found = lookup_host(address).await.map_err(|error| format!("cannot find {address}: {error}"))?;
    }
    let cannot_listen = |error| format!("cannot listen on {}: {error}", request.listen);
    let listener = TcpListener::bind(request.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let stop = Stop::default();
    program::listen(stop.accepting.clone(), stop.everything.clone())?;
    arguments::print(&format!("listening on {address}"))?;

    let upstreams = Arc::new(Upstreams::new(request.to.iter().map(String::as_str), request.policy));
    let tally = serve(listener, upstreams.clone(), request.settings, stop).await;
    arguments::print(&report::lines(&tally, &upstreams))
}
