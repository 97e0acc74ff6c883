//! An echo server: what a client sends it sends back. It prints once a second how often.
//!
//! ```text
//! cargo run --release --example echo                                  # a server, where its first line says
//! cargo run --release --example echo -- --clients 64 --seconds 5      # with clients of its own, for five seconds
//! cargo run --release --example echo -- --address 0.0.0.0:7000        # for the whole network
//! ```
//!
//! Each connection is a task, and so is each client: it sends 64 bytes, waits for them, and begins again. With clients in the same process a rate tells what both
//! sides take together. The server counts a read with its write as one echo.
//!
//! Exit codes: 0; 1 if something failed, as when the address is taken or a client was answered wrongly; 2 for arguments that make no sense.

#[path = "ladder/arguments.rs"]
mod arguments;
#[path = "ladder/units.rs"]
#[allow(dead_code, reason = "each example uses a part of it")]
mod units;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee::runtime::{Builder, Runtime};
use fusee::task::JoinSet;
use fusee::time::{Instant, interval_at, sleep};
use lexopt::Arg;

const SECOND: Duration = Duration::from_secs(1);

/// What a client sends at a time.
const MESSAGE: usize = 64;

/// More workers than this are a typing error.
const MOST_WORKERS: usize = 1_024;

/// What the command line asks for.
struct Request {
    address: SocketAddr,
    clients: usize,
    /// After how many seconds it ends, if ever.
    seconds: Option<u64>,
    /// On how many threads the tasks run; on the main thread if there are none.
    workers: usize,
}

fn main() -> ExitCode {
    let request = match request() {
        Ok(Some(request)) => request,
        Ok(None) => return ExitCode::SUCCESS,
        Err(complaint) => return arguments::complain("echo", &complaint),
    };
    match runtime(&request).and_then(|runtime| runtime.block_on(run(&request))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; nothing if it only asked for help.
fn request() -> Result<Option<Request>, String> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let mut request = Request { address: ([127, 0, 0, 1], 0).into(), clients: 0, seconds: None, workers };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => {
                let help = format!(
                    "Usage: echo [--clients N] [--address A] [--seconds S] [--workers W | --current-thread]\n\n\
                     Sends back what it is sent, and prints once a second how often.\n\n  \
                       --clients N       so many clients in the same process: none unless told otherwise\n  \
                       --address A       where to listen: 127.0.0.1:0, which is a free port, unless told otherwise\n  \
                       --seconds S       end after S seconds\n  \
                       --workers W       run on W threads: {workers} unless told otherwise\n  \
                       --current-thread  run on the main thread\n\n\
                     Exit codes: 0; 1 if something failed, as when the address is taken; 2 for arguments that make no sense."
                );
                return arguments::print(&help).map(|()| None);
            }
            Arg::Long("clients") => request.clients = arguments::count("--clients:", &value(&mut parser)?, 0)?,
            Arg::Long("address") => {
                let text = value(&mut parser)?.to_string_lossy().into_owned();
                request.address = text
                    .parse()
                    .map_err(|_| format!("--address: must be an address such as 127.0.0.1:7000, not {text:?}"))?;
            }
            Arg::Long("seconds") => {
                request.seconds = Some(arguments::count("--seconds:", &value(&mut parser)?, 1)? as u64);
            }
            Arg::Long("workers") => request.workers = arguments::count("--workers:", &value(&mut parser)?, 1)?,
            Arg::Long("current-thread") => request.workers = 0,
            other => return Err(arguments::unexpected(other, None)),
        }
    }
    if request.workers > MOST_WORKERS {
        return Err(format!("--workers: must be at most {MOST_WORKERS}, not {}", request.workers));
    }
    Ok(Some(request))
}

fn value(parser: &mut lexopt::Parser) -> Result<OsString, String> {
    parser.value().map_err(|error| error.to_string())
}

fn runtime(request: &Request) -> Result<Runtime, String> {
    let built = match request.workers {
        0 => Builder::new_current_thread().build(),
        workers => Builder::new_multi_thread().worker_threads(workers).build(),
    };
    built.map_err(|error| format!("cannot start {} workers: {error}", request.workers))
}

/// Serves, and asks, until the time is over or something fails.
async fn run(request: &Request) -> Result<(), String> {
    let cannot_listen = |error| format!("cannot listen on {}: {error}", request.address);
    let listener = TcpListener::bind(request.address).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    if !said(&format!("listening on {address}"))? {
        return Ok(());
    }
    let tally = Arc::new(Tally::default());
    fusee::spawn(serve(listener, tally.clone()));
    let mut clients: JoinSet<Result<(), String>> = (0..request.clients).map(|_| client(address)).collect();

    let start = Instant::now();
    let (mut seconds, mut before, mut last) = (interval_at(start + SECOND, SECOND), 0, start);
    loop {
        let now = seconds.tick().await;
        tally.complain();
        // A client runs for ever, unless it fails.
        if let Some(ended) = clients.try_join_next() {
            return ended.unwrap_or_else(|error| Err(format!("a client ended with an error: {error}")));
        }
        let count = tally.echoes.load(Ordering::Relaxed);
        let line = format!("{:>12} echoes/s", per_second(count - before, now - last));
        let is_over = request.seconds.is_some_and(|seconds| now - start >= Duration::from_secs(seconds));
        if !said(&line)? || is_over {
            return Ok(());
        }
        (before, last) = (count, now);
    }
}

/// What the server counts.
#[derive(Default)]
struct Tally {
    echoes: AtomicU64,
    /// How often nothing could be accepted, since that was told, and why not the last time.
    refusals: Mutex<Option<(u64, io::Error)>>,
}

impl Tally {
    fn refused(&self, error: io::Error) {
        let mut refusals = self.refusals.lock().expect("nobody panics with it");
        let before = refusals.as_ref().map_or(0, |(count, _)| *count);
        *refusals = Some((before + 1, error));
    }

    /// Tells of refusals in one line, if there are any.
    fn complain(&self) {
        if let Some((count, error)) = self.refusals.lock().expect("nobody panics with it").take() {
            eprintln!("echo: cannot accept: {error} (tries: {count})");
        }
    }
}

/// Serves each connection in a task of its own.
async fn serve(listener: TcpListener, tally: Arc<Tally>) {
    loop {
        match listener.accept().await {
            // A connection that fails is its client's loss.
            Ok((stream, _)) => drop(fusee::spawn(echo(stream, tally.clone()))),
            Err(error) => {
                tally.refused(error);
                // As when there are no descriptors left: some may be soon.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Sends back what it is sent.
async fn echo(mut stream: TcpStream, tally: Arc<Tally>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
        tally.echoes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks the server at `address`, again and again.
async fn client(address: SocketAddr) -> Result<(), String> {
    let failed = |error: io::Error| format!("a client failed: {error}");
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let (mut message, mut answer) = ([0_u8; MESSAGE], [0; MESSAGE]);
    loop {
        message[0] = message[0].wrapping_add(1);
        stream.write_all(&message).await.map_err(failed)?;
        stream.read_exact(&mut answer).await.map_err(failed)?;
        if answer != message {
            return Err("a client got back what it had not sent".to_owned());
        }
    }
}

fn per_second(count: u64, time: Duration) -> String {
    units::grouped((count as f64 / time.as_secs_f64()).round() as u64)
}

/// Prints a line; false if nobody reads on.
fn said(line: &str) -> Result<bool, String> {
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot write: {error}")),
    }
}
