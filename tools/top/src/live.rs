//! The loop of the screen.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use crossterm::event::{self, Event};
use ratatui::DefaultTerminal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::args::Args;
use crate::client::{Client, Error};
use crate::fetch::{self, Fetcher, Update, Wanted};
use crate::model::Model;
use crate::{keys, screen};

/// So often it looks for answers and signals between keys.
const LOOK: Duration = Duration::from_millis(50);

/// Shows the screen until the user ends it: answers the exit code, which is 0, or 128 and the number of the signal that has ended it.
///
/// The terminal is put back in any case, by a panic and a signal too.
///
/// # Errors
/// When there is no console to begin with, or no terminal.
pub fn run(args: &Args) -> Result<u8, Error> {
    let client = Client::connect(&args.socket)?;
    if !io::stdout().is_terminal() {
        return Err(io::Error::other("the output is no terminal: --once prints a screen as text").into());
    }
    let signal = Arc::new(AtomicUsize::new(0));
    for number in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_usize(number, signal.clone(), number as usize)?;
    }
    let mut model = Model::new(args, client.hello().clone());
    let fetcher = fetch::start(args.socket.clone(), client, wanted_by(&model))?;
    // Its hook puts the terminal back before a panic's message.
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut model, &fetcher, &signal);
    ratatui::restore();
    terminal.show_cursor()?;
    Ok(shown?)
}

fn show(terminal: &mut DefaultTerminal, model: &mut Model, fetcher: &Fetcher, signal: &AtomicUsize) -> io::Result<u8> {
    let mut is_stale = true;
    while !model.ends {
        match signal.load(Ordering::Relaxed) {
            0 => {}
            number => return Ok(128 + number as u8),
        }
        is_stale |= take(model, fetcher)?;
        if is_stale {
            terminal.draw(|frame| screen::draw(frame, model))?;
        }
        is_stale = event::poll(LOOK)?;
        if is_stale {
            let before = wanted_by(model);
            if let Event::Key(key) = event::read()? {
                keys::press(model, key);
            }
            let wanted = wanted_by(model);
            if wanted != before {
                // Whether it is gone is seen by its updates.
                let _ = fetcher.wanted.send(wanted);
            }
        }
    }
    Ok(0)
}

/// Takes what has been answered, if anything has.
fn take(model: &mut Model, fetcher: &Fetcher) -> io::Result<bool> {
    let mut is_new = false;
    loop {
        match fetcher.updates.try_recv() {
            Ok(Update::Stats(hello, stats)) => model.take(hello, *stats),
            Ok(Update::Tasks(place, tasks)) => model.take_tasks(&place, tasks),
            Ok(Update::Lost(why)) => model.lost = Some(why),
            Err(TryRecvError::Empty) => return Ok(is_new),
            Err(TryRecvError::Disconnected) => return Err(io::Error::other("the thread that asks has ended")),
        }
        is_new = true;
    }
}

fn wanted_by(model: &Model) -> Wanted {
    let place = model.opened.as_ref().map(|opened| opened.place.clone());
    Wanted { interval: model.interval, place, is_paused: model.is_paused }
}
