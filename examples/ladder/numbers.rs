//! The numbers that the jobs print, and the check that each came exactly once.
//!
//! One counter a number, touched by whichever thread runs the job. The counters order nothing, so every access is
//! relaxed, and whoever checks them does so after the jobs were awaited. Printing for the eye (`--print`) goes
//! through one buffered writer on standard output; a reader that went away (`| head -1`) silences it and is no fault
//! of the jobs.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The numbers from 1 on, each with how often it was printed.
pub(crate) struct Numbers {
    printed: Vec<AtomicU32>,
    out: Option<Mutex<Output>>,
}

struct Output {
    writer: BufWriter<Stdout>,
    failed: Option<io::Error>,
}

impl Numbers {
    /// The numbers `1..=count`; `visibly` also writes them to standard output.
    pub(crate) fn new(count: usize, visibly: bool) -> Self {
        let writer = BufWriter::with_capacity(1 << 16, io::stdout());
        let out = visibly.then(|| Mutex::new(Output { writer, failed: None }));
        Self { printed: (0..count).map(|_| AtomicU32::new(0)).collect(), out }
    }

    /// Prints `number`.
    pub(crate) fn print(&self, number: usize) {
        self.printed[number - 1].fetch_add(1, Ordering::Relaxed);
        if let Some(mut out) = self.out()
            && out.failed.is_none()
        {
            out.failed = writeln!(out.writer, "{number}").err();
        }
    }

    /// How many were printed so far, repetitions included.
    pub(crate) fn count(&self) -> u64 {
        self.printed.iter().map(|printed| u64::from(printed.load(Ordering::Relaxed))).sum()
    }

    /// Writes out what is still buffered, and checks that each number was printed exactly once.
    pub(crate) fn verify(&self) -> Result<(), String> {
        if let Some(mut out) = self.out() {
            if out.failed.is_none() {
                out.failed = out.writer.flush().err();
            }
            match &out.failed {
                Some(error) if error.kind() != ErrorKind::BrokenPipe => return Err(format!("cannot print: {error}")),
                _ => {}
            }
        }
        let wrong = |(index, printed): (usize, &AtomicU32)| match printed.load(Ordering::Relaxed) {
            1 => None,
            times => Some(format!("number {} was printed {times} times", index + 1)),
        };
        self.printed.iter().enumerate().find_map(wrong).map_or(Ok(()), Err)
    }

    /// Whether somebody was to read the numbers, and left.
    pub(crate) fn unread(&self) -> bool {
        self.out().is_some_and(|out| out.failed.is_some())
    }

    fn out(&self) -> Option<MutexGuard<'_, Output>> {
        self.out.as_ref().map(|out| out.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
