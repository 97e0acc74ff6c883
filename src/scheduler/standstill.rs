//! What there is to say when nothing can move a paused clock any more: which tasks wait, and where they were spawned.
//!
//! Who calls it: a thread in `block_on` whose root future was told (`time/clock/standstill.rs`).

use std::fmt::Write as _;

use super::Scheduler;
use super::survey::Surveyed;

/// So many tasks are told of at most.
const MOST: usize = 20;

impl Scheduler {
    /// The message of the panic that ends a wait for ever.
    #[cold]
    pub(crate) fn standstill_message(&self) -> String {
        let waiting = self.survey();
        let mut text = if self.has_waiting_tasks() {
            "nothing can move the clock: it is paused, and a task waits to be run, but no thread runs the tasks of this current-thread runtime: \
             call `Runtime::block_on`, which does, and not only `Handle::block_on`."
        } else {
            "nothing can move the clock: it is paused, everything in the runtime waits, and no timer is left that will ever fire. If \
             an answer is to come from outside (a thread, a socket, another runtime), keep a `fusee::time::hold()` while you \
             wait for it."
        }
        .to_owned();
        // Writing to a string does not fail.
        let _ = match waiting.len() {
            0 => write!(text, " No task that has been polled waits beside the future of `block_on`."),
            1 => write!(text, " Beside the future of `block_on` waits"),
            count => write!(text, " Beside the future of `block_on` wait {count} tasks:"),
        };
        for Surveyed { task, word, spawned_at, .. } in waiting.iter().take(MOST) {
            let _ = write!(text, "\n  task {}", task.id());
            if let Some(name) = task.name() {
                let _ = write!(text, " {name:?}");
            }
            if let Some(place) = spawned_at {
                let _ = write!(text, ", spawned at {place}");
            }
            if word.is_stranded() {
                let _ = write!(text, ", and nobody has a waker of it");
            }
        }
        if waiting.len() > MOST {
            let _ = write!(text, "\n  and {} more", waiting.len() - MOST);
        }
        text
    }
}
