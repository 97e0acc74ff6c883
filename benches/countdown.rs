//! How a bench learns that the last of its tasks has run: a counter, and one message from whoever brings it to zero.
//!
//! It is static because one workload runs at a time, and so that a task carries no reference of its own to it: one RMW
//! per task is all that the counting adds to what is measured.

use futures::channel::oneshot;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) static COUNTDOWN: Countdown = Countdown::new();

pub(crate) struct Countdown {
    left: AtomicUsize,
    zero: Mutex<Option<oneshot::Sender<()>>>,
}

impl Countdown {
    pub(crate) const fn new() -> Self {
        Self { left: AtomicUsize::new(0), zero: Mutex::new(None) }
    }

    /// Expects `count` arrivals; the receiver gets the message of the last.
    pub(crate) fn start(&self, count: usize) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        *self.zero.lock().expect("no holder panics") = Some(sender);
        let before = self.left.swap(count, Ordering::Relaxed);
        assert_eq!(before, 0, "the workload before this one must have ended");
        receiver
    }

    pub(crate) fn arrive(&self) {
        // Acquire and release: what every task did is seen by whoever gets the message.
        let before = self.left.fetch_sub(1, Ordering::AcqRel);
        assert_ne!(before, 0, "more arrivals than were expected");
        if before == 1 {
            let sender = self.zero.lock().expect("no holder panics").take().expect("`start` has put it there");
            sender.send(()).expect("the receiver must be awaited");
        }
    }
}
