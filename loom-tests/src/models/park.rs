//! Models of `src/park.rs`.

use std::sync::Arc;
use std::time::Duration;

use loom::thread::JoinHandle;

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{RawInstant, UnsafeCell, clock};
use crate::harness::{Model, join, spawn, witness};
use crate::park::{Parker, Unparker};

/// What an unparker writes before it hands over the token: a plain cell, so that a race is found.
pub(super) struct Letter(UnsafeCell<u32>);

// SAFETY: loom checks each access.
unsafe impl Sync for Letter {}

impl Letter {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }

    pub(super) fn write(&self) {
        self.0.with_mut(|letter| {
            // SAFETY: loom checks that nobody else is here.
            unsafe { *letter = 1 }
        });
    }

    pub(super) fn read(&self) -> u32 {
        self.0.with(|letter| {
            // SAFETY: loom checks that nobody writes.
            unsafe { *letter }
        })
    }
}

/// A parker waits until each of two unparkers has arrived. A token that is lost, or taken without the arrival that came
/// before it, leaves the parker blocked for ever.
///
/// Mutants: `parker_notify_lock`, `parker_token`.
#[test]
fn parker_unpark() {
    let model = Model::new("parker_unpark", 4_000).preemptions(4).witnesses(&["no park", "one park", "two parks"]);
    model.check(|| {
        let parker = Parker::new();
        let arrived = Arc::new(AtomicUsize::new(0));
        let unparker = Arc::new(parker.unparker());
        let unparkers = [(); 2].map(|()| {
            let (unparker, arrived) = (unparker.clone(), arrived.clone());
            spawn(move || {
                arrived.fetch_add(1, Ordering::Relaxed);
                unparker.unpark();
            })
        });
        let mut parks = 0;
        while arrived.load(Ordering::Relaxed) < 2 {
            parker.park();
            parks += 1;
        }
        match parks {
            0 => witness("no park"),
            1 => witness("one park"),
            _ => witness("two parks"),
        }
        join(unparkers);
    });
}

/// What came before the unpark is seen after the park, whether the parker blocked or found the token waiting.
///
/// Mutants: `parker_token`.
#[test]
fn parker_token() {
    Model::new("parker_token", 10).check(|| {
        let parker = Parker::new();
        let letter = Letter::new();
        let unparker = Arc::new(parker.unparker());
        let sender = send(unparker.clone(), letter.clone());
        parker.park();
        assert_eq!(letter.read(), 1);
        join([sender]);
    });
}

/// A park with a deadline, its unparker, and the clock that reaches the deadline. Whichever is first, exactly one token is
/// there to be taken: by this park, or by the next.
///
/// Mutants: `parker_timeout`, `parker_token`.
#[test]
fn parker_timeout() {
    let model = Model::new("parker_timeout", 3_000).witnesses(&["token", "timeout"]);
    model.check(|| {
        let parker = Parker::new();
        let letter = Letter::new();
        let deadline = RawInstant::now() + Duration::from_millis(1);
        let unparker = Arc::new(parker.unparker());
        let sender = send(unparker.clone(), letter.clone());
        let clock = spawn(move || clock::advance_to(deadline));
        if parker.park_until(deadline) {
            witness("token");
            assert_eq!(letter.read(), 1);
            assert!(!parker.park_until(deadline), "a stale token was left behind");
        } else {
            witness("timeout");
            parker.park();
            assert_eq!(letter.read(), 1);
        }
        join([sender, clock]);
    });
}

fn send(unparker: Arc<Unparker>, letter: Arc<Letter>) -> JoinHandle<()> {
    spawn(move || {
        letter.write();
        unparker.unpark();
    })
}
