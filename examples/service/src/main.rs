//! The program: its runtime, its server, and how it stops.

mod arguments;

use std::error::Error;
use std::io::{self, IsTerminal};
use std::process::{ExitCode, exit};
use std::time::Duration;

use arguments::{Arguments, USAGE};
use fusee::net::TcpListener;
use fusee::runtime::Builder;
use fusee::signal;
use fusee::time::timeout;
use fusee_tokio::BuilderExt;
use futures::channel::oneshot;
use service::store::Store;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

const FAILED: u8 = 1;
const MISUSED: u8 = 2;
const TOLD_TWICE: i32 = 130;

/// How many requests one connection of HTTP/2 carries at a time.
const STREAMS: u32 = 32;

/// How long the database and threads may take to end what they still do for nobody.
const REST: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("service: {error}\n`service --help` says what there is.");
            return ExitCode::from(MISUSED);
        }
    };
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let in_colour = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(in_colour).init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("service: {error}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // sqlx for tokio runs under the bridge; all else does without.
    let runtime = Builder::new_multi_thread().with_tokio()?.build()?;
    let served = runtime.block_on(serve(arguments));
    runtime.shutdown_timeout(REST);
    served
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { database, listen, limits, grace, connections } = arguments;
    let stopped = told_to_stop()?;
    let listener = TcpListener::bind(&*listen).await.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let store = Store::open(&database, limits.timeout).await?;
    // Scripts that ask for port 0 read this line.
    println!("listening on http://{}", listener.local_addr()?);

    let served = fusee_hyper::serve(listener, service::router(store.clone(), limits))
        .with_stream_limit(STREAMS)
        // All of a body has a limit of ours.
        .with_body_read_timeout(None)
        .with_error_hook(|error| tracing::debug!(cause = error.source(), "{error}"))
        .with_connection_limit(connections)
        .with_graceful_shutdown(async { _ = stopped.await })
        .with_shutdown_timeout(grace)
        .await;
    if timeout(REST, store.close()).await.is_err() {
        tracing::warn!("the database still works on something that nobody waits for");
    }
    served.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => {
            format!("some requests had not ended after {}", humantime::format_duration(grace)).into()
        }
        _ => error.into(),
    })
}

/// Listens to signals from now on. The first is passed on, the second ends the process.
fn told_to_stop() -> io::Result<oneshot::Receiver<()>> {
    let mut signals = signal::shutdown()?;
    let (stop, stopped) = oneshot::channel();
    fusee::spawn(async move {
        let cause = (&mut signals).await;
        tracing::info!("told to stop by {cause}: no more connections are accepted, and requests are answered");
        _ = stop.send(());
        let cause = (&mut signals).await;
        tracing::warn!("told to stop again by {cause}: ended at once");
        exit(TOLD_TWICE);
    });
    Ok(stopped)
}
