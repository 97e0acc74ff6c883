//! What is rung by one thread and heard by a task, and how long that took.

use futures::future::poll_fn;
use futures::task::AtomicWaker;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Instant;

/// One listener, and a ring at a time.
pub(crate) struct Bell {
    /// When it was rung last.
    at: Mutex<Option<Instant>>,
    rings: AtomicUsize,
    listener: AtomicWaker,
}

impl Bell {
    pub(crate) const fn new() -> Self {
        Self { at: Mutex::new(None), rings: AtomicUsize::new(0), listener: AtomicWaker::new() }
    }

    /// Wakes the listener, who hears since when.
    pub(crate) fn ring(&self) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.end();
    }

    /// Wakes the listener for the last time.
    pub(crate) fn end(&self) {
        // Release: whoever sees the ring sees since when.
        self.rings.fetch_add(1, Ordering::Release);
        self.listener.wake();
    }

    /// Notes how long each ring takes to be heard, tells whoever is to `hear` of it, and returns at the end.
    pub(crate) async fn listen(&self, hear: impl Fn(Heard)) {
        for heard in 0.. {
            poll_fn(|context| {
                self.listener.register(context.waker());
                // Acquire: with the release of the ring.
                if self.rings.load(Ordering::Acquire) == heard { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            let to = Instant::now();
            let Some(from) = mem::take(&mut *self.at.lock().unwrap_or_else(PoisonError::into_inner)) else { return };
            hear(Heard { from, to });
        }
    }
}

/// A ring, or anything else that wakes, and when it was heard.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// What was heard so far.
pub(crate) struct Notes {
    micros: Mutex<Vec<f64>>,
    count: AtomicUsize,
}

impl Notes {
    pub(crate) const fn new() -> Self {
        Self { micros: Mutex::new(Vec::new()), count: AtomicUsize::new(0) }
    }

    pub(crate) fn add(&self, Heard { from, to }: Heard) {
        let micros = (to - from).as_secs_f64() * 1e6;
        self.micros.lock().unwrap_or_else(PoisonError::into_inner).push(micros);
        self.count.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// In microseconds.
    pub(crate) fn take(&self) -> Vec<f64> {
        self.count.store(0, Ordering::Relaxed);
        mem::take(&mut *self.micros.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
