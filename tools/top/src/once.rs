//! Answers without a screen.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::args::Args;
use crate::client::{Client, Error};
use crate::model::Model;
use crate::screen;
use crate::untrusted::Untrusted;

/// One screen as text, with what has happened within one interval.
///
/// # Errors
/// When the console does not answer.
pub fn page(args: &Args) -> Result<String, Error> {
    let mut client = Client::connect(&args.socket)?;
    let mut model = Model::new(args, client.hello().clone());
    model.take(client.hello().clone(), client.stats()?);
    std::thread::sleep(args.interval);
    model.take(client.hello().clone(), client.stats()?);
    Ok(text(&model, args.width, screen::height(&model)))
}

/// The model as lines of text, without colours.
pub fn text(model: &Model, width: u16, height: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| screen::draw(frame, model));
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(width.into());
    let lines = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n");
    lines.collect::<String>().trim_end().to_owned() + "\n"
}

/// Prints the tasks: of each place some, or all of them.
///
/// # Errors
/// When the console does not answer, or the output takes nothing.
pub fn dump(args: &Args, all: bool) -> Result<(), Error> {
    print(&Client::connect(&args.socket)?.text(all)?)
}

/// Prints where the tasks wait that have waited longest, `most` of them.
///
/// # Errors
/// As [`dump`].
pub fn waits(args: &Args, most: usize) -> Result<(), Error> {
    let traces = Client::connect(&args.socket)?.waits(most)?;
    if traces.raw().is_empty() {
        eprintln!(
            "fusee-top: no task has answered: none waits that is not stranded, or no worker came to poll them within a second"
        );
        return Ok(());
    }
    print(&traces)
}

fn print(text: &Untrusted) -> Result<(), Error> {
    let mut output = BufWriter::new(io::stdout().lock());
    text.lines().try_for_each(|line| writeln!(output, "{line}"))?;
    Ok(output.flush()?)
}

/// Writes a recording to `file`, and says so on the standard error.
///
/// # Errors
/// When the console does not answer, there is no recorder, or the file cannot be written.
pub fn trace(args: &Args, file: &Path) -> Result<(), Error> {
    let recording = Client::connect(&args.socket)?.recording()?;
    File::create(file)
        .and_then(|mut opened| opened.write_all(&recording))
        .map_err(|error| io::Error::new(error.kind(), format!("{} could not be written: {error}", file.display())))?;
    eprintln!("{} bytes in {}: fusee-trace reads them", recording.len(), file.display());
    Ok(())
}
