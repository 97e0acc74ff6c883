//! The thread that asks: so that a process that does not answer keeps no key waiting.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::client::{Client, Error};
use crate::protocol::{Hello, Stats, Tasks};
use crate::rows::OTHERS;
use crate::untrusted::Untrusted;

/// So many tasks of a place are asked for.
const MOST_TASKS: usize = 500;

/// What is to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// So often.
    pub interval: Duration,
    /// The tasks of this place, too.
    pub place: Option<Untrusted>,
    /// Nothing, for now.
    pub is_paused: bool,
}

/// What has been answered.
#[derive(Debug)]
pub enum Update {
    /// Figures, and whose they are.
    Stats(Hello, Box<Stats>),
    /// The tasks of a place.
    Tasks(Untrusted, Tasks),
    /// Nobody answers any more, and why.
    Lost(String),
}

/// The thread's two ends. It ends once both are dropped, after the answer that it waits for.
#[derive(Debug)]
pub struct Fetcher {
    /// For what is wanted from now on.
    pub wanted: Sender<Wanted>,
    /// What has come.
    pub updates: Receiver<Update>,
}

/// Starts it.
///
/// # Errors
/// When the system starts no thread.
pub fn start(path: PathBuf, client: Client, wanted: Wanted) -> std::io::Result<Fetcher> {
    let ((tell, told), (send, updates)) = (channel(), channel());
    let mut asker = Asker { path, client: Some(client), wanted, updates: send };
    std::thread::Builder::new().name("fetch".to_owned()).spawn(move || asker.run(&told))?;
    Ok(Fetcher { wanted: tell, updates })
}

struct Asker {
    path: PathBuf,
    client: Option<Client>,
    wanted: Wanted,
    updates: Sender<Update>,
}

/// Nobody takes updates any more.
struct Gone;

impl Asker {
    fn run(&mut self, told: &Receiver<Wanted>) {
        let mut next = Instant::now();
        loop {
            let is_due = match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(wanted) => {
                    self.wanted = wanted;
                    next <= Instant::now()
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if is_due {
                next = Instant::now() + self.wanted.interval;
            }
            if !self.wanted.is_paused && self.round(is_due).is_err() {
                return;
            }
        }
    }

    /// Asks for all that is wanted; for figures only if they are due, so that rates are of whole intervals.
    fn round(&mut self, is_due: bool) -> Result<(), Gone> {
        let answers = self.ask(is_due).unwrap_or_else(|error| {
            self.client = None;
            vec![Update::Lost(error.to_string())]
        });
        answers.into_iter().try_for_each(|update| self.updates.send(update)).map_err(|_| Gone)
    }

    fn ask(&mut self, is_due: bool) -> Result<Vec<Update>, Error> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(Client::connect(&self.path)?),
        };
        let mut answers = Vec::new();
        if is_due {
            let stats = Box::new(client.stats()?);
            answers.push(Update::Stats(client.hello().clone(), stats));
        }
        if let Some(place) = &self.wanted.place {
            // The console calls the rest by no name.
            let tasks = client.tasks(if *place == OTHERS { "" } else { place.raw() }, MOST_TASKS)?;
            answers.push(Update::Tasks(place.clone(), tasks));
        }
        Ok(answers)
    }
}
