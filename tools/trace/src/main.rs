//! `fusee-trace`: what a recording tells. `--help` lists the arguments.
//!
//! Exit codes: 0 if all that was asked for is written, 2 if not, or if the command line makes no sense.

mod output;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use fusee::insight::recording::Recording;
use fusee_trace::Timeline;

/// Shows what the threads of a fusee runtime did last.
///
/// The runtime records it if it is built with a recorder:
///
///   fusee::runtime::Builder::new_multi_thread().recorder(Recorder::new())
///
/// and the program writes it down, whenever it likes:
///
///   let recording = handle.recording().unwrap();
///   recording.write_to(std::fs::File::create("app.fusee")?)?;
///
/// Without an option the recording is summed up: longest polls, longest waits,
/// busiest places, steals, wake-ups in vain. A timeline, by --perfetto or
/// --chrome, is opened at https://ui.perfetto.dev ("Open trace file").
#[derive(Parser)]
#[command(name = "fusee-trace", version, verbatim_doc_comment, after_help = EXAMPLES)]
struct Arguments {
    /// The recording; - is standard input
    #[arg(value_name = "FILE")]
    recording: PathBuf,
    /// Write a timeline in Perfetto's format to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    perfetto: Option<PathBuf>,
    /// Write a timeline as JSON, for chrome://tracing and others, to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    chrome: Option<PathBuf>,
    /// A track for each task, too: when it waits, is queued and runs
    #[arg(long)]
    tasks: bool,
    /// Print the summary, beside a timeline
    #[arg(long)]
    summary: bool,
    /// Tables of the summary have so many rows at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    rows: usize,
}

const EXAMPLES: &str = "\
Examples:
  fusee-trace app.fusee                          print a summary
  fusee-trace app.fusee --perfetto app.pftrace   write a timeline for https://ui.perfetto.dev
  fusee-trace - --chrome - < app.fusee > app.json";

fn main() -> ExitCode {
    match show(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("fusee-trace: {complaint}");
            ExitCode::from(2)
        }
    }
}

fn show(arguments: &Arguments) -> Result<(), String> {
    let wants_timeline = arguments.chrome.is_some() || arguments.perfetto.is_some();
    let wants_summary = arguments.summary || !wants_timeline;
    let outputs = [&arguments.chrome, &arguments.perfetto].into_iter().flatten();
    if outputs.filter(|path| is_standard(path)).count() + usize::from(wants_summary) > 1 {
        return Err("standard output can take one thing: a timeline or the summary (--help lists the arguments)".into());
    }
    if wants_timeline && arguments.chrome == arguments.perfetto {
        return Err("--chrome and --perfetto name the same file (--help lists the arguments)".into());
    }
    let timeline = Timeline::new(&read(&arguments.recording)?);
    let with_tasks = arguments.tasks;
    if let Some(path) = &arguments.chrome {
        output::write(path, |to| timeline.write_chrome(to, with_tasks))?;
    }
    if let Some(path) = &arguments.perfetto {
        output::write(path, |to| timeline.write_perfetto(to, with_tasks))?;
    }
    if wants_summary {
        match write!(io::stdout(), "{}", timeline.summary(arguments.rows)) {
            // Who has read the first lines may have read enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(format!("cannot write the summary: {error}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

fn read(path: &Path) -> Result<Recording, String> {
    if is_standard(path) {
        return read_from("standard input", io::stdin().lock());
    }
    let file = File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    read_from(&path.display().to_string(), file)
}

fn read_from(name: &str, from: impl Read) -> Result<Recording, String> {
    let mut from = BufReader::new(from);
    let recording = Recording::read_from(&mut from).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("{name} ends too early: it is cut off, or no recording"),
        io::ErrorKind::InvalidData => format!("{name} cannot be read: {error}"),
        _ => format!("cannot read {name}: {error}"),
    })?;
    if matches!(from.read(&mut [0]), Ok(1)) {
        eprintln!("fusee-trace: {name} goes on behind the recording: what follows is left out");
    }
    Ok(recording)
}
