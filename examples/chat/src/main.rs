//! A chat server over WebSocket, and a client for a terminal; README.md beside this folder says how to try them.
//!
//! ```text
//! cargo run --release -p chat -- serve --listen 127.0.0.1:7000
//! cargo run --release -p chat -- client ws://127.0.0.1:7000/lobby ada
//! ```
//!
//! Exit codes: 0 when it was told to stop, and for a client also when there were no more lines to send; 1 if something failed, as when the address is taken, the name is, or the server ended the
//! conversation; 2 for arguments that make no sense.

#[path = "../../ladder/arguments.rs"]
#[allow(dead_code, reason = "each example uses a part of it")]
mod arguments;
#[path = "../../shared/program.rs"]
mod program;
mod request;
#[path = "../../shared/values.rs"]
mod values;

use std::io;
use std::process::ExitCode;
use std::thread;

use async_tungstenite::tungstenite::http::Uri;
use chat::{Left, Settings, Stop, client, serve};
use fusee::net::TcpListener;
use fusee::sync::mpsc::{self, Receiver};

use crate::arguments::print;
use crate::request::Request;

fn main() -> ExitCode {
    program::run("chat", Request::from_command_line(), async |request| run(&request).await.map(|()| ExitCode::SUCCESS))
}

async fn run(request: &Request) -> Result<(), String> {
    let stop = Stop::default();
    program::listen(stop.accepting.clone(), stop.everything.clone())?;
    match request {
        Request::Serve { listen, settings } => run_server(*listen, *settings, stop).await,
        Request::Client { url, name } => run_client(url, name, stop).await,
    }
}

async fn run_server(listen: std::net::SocketAddr, settings: Settings, stop: Stop) -> Result<(), String> {
    let cannot_listen = |error| format!("cannot listen on {listen}: {error}");
    let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
    print(&format!("listening on {}", listener.local_addr().map_err(cannot_listen)?))?;
    let tally = serve(listener, settings, stop).await;
    print(&format!(
        "served {}, too slow {}, silent {}, with bad messages {}, told to go at the end {}; refused {}",
        tally.served, tally.too_slow, tally.silent, tally.bad, tally.stopped, tally.refused
    ))
}

async fn run_client(url: &Uri, name: &str, stop: Stop) -> Result<(), String> {
    match client(url, name, &mut typed(), stop.accepting).await? {
        Left::Here => Ok(()),
        Left::There(reason) => Err(format!("the server has ended it: {reason}")),
    }
}

/// The lines of standard input, read on a thread of its own: a program that ends does not wait for it, as it would for a job of the runtime's.
fn typed() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
