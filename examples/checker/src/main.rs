//! The program: see `README.md`, or `checker --help`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use checker::arguments::{self, Command, Format, HELP, Options};
use checker::crawl::{Limits, crawl};
use checker::fetch::{Effort, Fetcher};
use checker::http::{Http, connector};
use checker::politeness::Politeness;
use checker::progress::Bar;
use checker::report::Report;
use tokio_util::sync::CancellationToken;

/// Some links are broken.
const BROKEN: u8 = 1;
/// The command line is wrong, or the program cannot run.
const UNUSABLE: u8 = 2;
/// Told to stop: what shells say of a program that SIGINT has ended.
const STOPPED: u8 = 130;

fn main() -> ExitCode {
    let options = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Command::Check(options)) => *options,
        Ok(Command::Help) => {
            return print(HELP).map_or_else(|error| unusable(&error), |()| ExitCode::SUCCESS);
        }
        Err(error) => return unusable(&error),
    };
    let format = options.format;
    let report = match fusee::runtime::block_on(check(options)) {
        Ok(report) => report,
        Err(error) => return unusable(&error),
    };
    let text = match format {
        Format::Text => report.to_string(),
        Format::Json => serde_json::to_string_pretty(&report).expect("it has texts and numbers only"),
    };
    if let Err(error) = print(&text) {
        return unusable(&error);
    }
    match report {
        Report { interrupted: true, .. } => STOPPED.into(),
        Report { broken, .. } if !broken.is_empty() => BROKEN.into(),
        _ => ExitCode::SUCCESS,
    }
}

async fn check(options: Options) -> io::Result<Report> {
    let connector = connector(options.ca.as_deref()).map_err(|error| match &options.ca {
        Some(ca) => io::Error::other(format!("--ca {}: {error}", ca.display())),
        None => error,
    })?;
    let stop = CancellationToken::new();
    let bar = Bar::new();
    heed_signals(stop.clone(), bar.clone())?;
    let politeness = Politeness::new(options.period, options.per_host);
    let effort = Effort { timeout: options.timeout, retries: options.retries, ..Effort::default() };
    let fetcher = Fetcher::new(Http::new(connector, options.max_body), politeness, effort, stop);
    let limits = Limits {
        depth: options.depth,
        concurrency: options.concurrency,
        per_host: options.per_host,
        same_host: options.same_host,
        robots: options.robots,
    };
    let report = crawl(Arc::new(fetcher), limits, options.starts, |progress| bar.show(progress)).await;
    bar.clear();
    Ok(report)
}

/// The first ctrl-c or SIGTERM lets what is under way end; the second ends the program.
fn heed_signals(stop: CancellationToken, bar: Bar) -> io::Result<()> {
    let mut signals = fusee::signal::shutdown()?;
    fusee::spawn(async move {
        let cause = (&mut signals).await;
        bar.say(&format!("checker: {cause}: stopping when the requests under way have ended; once more stops at once"));
        stop.cancel();
        (&mut signals).await;
        std::process::exit(STOPPED.into());
    });
    Ok(())
}

fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        // `checker … | head`: who reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn unusable(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("checker: {error}");
    UNUSABLE.into()
}
