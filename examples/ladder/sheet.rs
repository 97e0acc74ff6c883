//! The sheet on which the jobs print their numbers, and the check that they all did.
//!
//! One line per job: how often its number was printed and how often its sleep was polled. Lines are touched by whichever
//! thread runs the job, so they are atomics; they count and order nothing, so every access is relaxed, and whoever
//! reads the totals does so after the jobs were awaited. Printing for the eye (`--print`) goes through one buffered
//! writer on standard output; a reader that went away (`| head -1`) silences it and is no fault of the jobs.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// Where the jobs `1..=jobs` print.
pub(crate) struct Sheet {
    lines: Vec<Line>,
    out: Option<Mutex<Output>>,
}

#[derive(Default)]
struct Line {
    printed: AtomicU32,
    polls: AtomicU32,
}

struct Output {
    writer: BufWriter<Stdout>,
    failed: Option<io::Error>,
}

impl Sheet {
    /// A sheet for `jobs` jobs that lasts as long as the program: a million jobs then share a plain reference, and
    /// do not queue for one reference count.
    pub(crate) fn leaked(jobs: usize, print: bool) -> &'static Self {
        let lines = (0..jobs).map(|_| Line::default()).collect();
        let writer = BufWriter::with_capacity(1 << 16, io::stdout());
        let out = print.then(|| Mutex::new(Output { writer, failed: None }));
        Box::leak(Box::new(Self { lines, out }))
    }

    /// Prints the number `n`, which is from 1 to the count of jobs.
    pub(crate) fn print(&self, n: usize) {
        self.lines[n - 1].printed.fetch_add(1, Ordering::Relaxed);
        if let Some(out) = &self.out {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            if out.failed.is_none() {
                out.failed = writeln!(out.writer, "{n}").err();
            }
        }
    }

    /// `sleep`, with each poll of it counted on the line of job `n`.
    pub(crate) fn counted<S>(&'static self, n: usize, sleep: S) -> Counted<S> {
        Counted { polls: &self.lines[n - 1].polls, sleep }
    }

    /// How often the jobs' sleeps were polled, in all.
    pub(crate) fn polls(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.polls.load(Ordering::Relaxed))).sum()
    }

    /// How many numbers were printed so far, repetitions included.
    pub(crate) fn printed(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.printed.load(Ordering::Relaxed))).sum()
    }

    /// Writes out what is still buffered and checks that each number was printed exactly once.
    pub(crate) fn verify(&self) -> Result<(), String> {
        if let Some(out) = &self.out {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            match out.failed.take().map_or_else(|| out.writer.flush(), Err) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(format!("cannot print: {error}")),
                _ => {}
            }
        }
        let wrong = |(index, line): (usize, &Line)| match line.printed.load(Ordering::Relaxed) {
            1 => None,
            times => Some(format!("number {} was printed {times} times", index + 1)),
        };
        self.lines.iter().enumerate().find_map(wrong).map_or(Ok(()), Err)
    }
}

/// A sleep whose polls are counted.
pub(crate) struct Counted<S> {
    polls: &'static AtomicU32,
    sleep: S,
}

impl<S: Future + Unpin> Future for Counted<S> {
    type Output = S::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.sleep).poll(cx)
    }
}
