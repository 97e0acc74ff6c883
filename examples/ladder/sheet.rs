//! The sheet on which a rung's jobs print their numbers, and on which the polls of their sleeps are counted.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use crate::numbers::Numbers;

/// Where the jobs `1..=jobs` print.
pub(crate) struct Sheet {
    numbers: Numbers,
    polls: Vec<AtomicU32>,
}

impl Sheet {
    /// A sheet for `jobs` jobs that lasts as long as the program: a million jobs then share a plain reference, and
    /// do not queue for one reference count.
    pub(crate) fn leaked(jobs: usize, visibly: bool) -> &'static Self {
        let polls = (0..jobs).map(|_| AtomicU32::new(0)).collect();
        Box::leak(Box::new(Self { numbers: Numbers::new(jobs, visibly), polls }))
    }

    /// Prints the number `n`, which is from 1 to the count of jobs.
    pub(crate) fn print(&self, n: usize) {
        self.numbers.print(n);
    }

    /// `sleep`, with each poll of it counted as one of job `n`.
    pub(crate) fn counted<S>(&'static self, n: usize, sleep: S) -> Counted<S> {
        Counted { polls: &self.polls[n - 1], sleep }
    }

    /// How often the jobs' sleeps were polled, in all.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.iter().map(|polls| u64::from(polls.load(Ordering::Relaxed))).sum()
    }

    /// The numbers, to check them.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }
}

/// A sleep whose polls are counted. Each job has a counter of its own, so that counting makes no job wait for
/// another.
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
