//! Models of the stand-ins themselves: the condition variable, the virtual clock, threads that do not start.

use std::sync::Arc;
use std::time::Duration;

use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::facade::{Condvar, Mutex, RawInstant, UnsafeCell, clock, thread};
use crate::harness::{Model, join, outcomes, spawn, witness};

/// Two waiters, one with a deadline that passes, and then one notification: it reaches a waiter that does not report a
/// timeout.
#[test]
fn a_notification_is_never_spent_on_a_timeout() {
    Model::new("notify_timeout", 1_000).witnesses(&["timed out", "in time"]).check(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let deadline = RawInstant::now() + Duration::from_millis(1);
        let (timed, waiter) = (pair.clone(), pair.clone());
        let timed = spawn(move || {
            let mut ready = timed.0.lock();
            while !*ready {
                if timed.1.wait_until(&mut ready, deadline) {
                    return witness("timed out");
                }
            }
            witness("in time");
            timed.1.notify_one();
        });
        let waiter = spawn(move || {
            let mut ready = waiter.0.lock();
            while !*ready {
                waiter.1.wait(&mut ready);
            }
        });
        clock::advance_to(deadline);
        *pair.0.lock() = true;
        pair.1.notify_one();
        join([timed, waiter]);
    });
}

/// A wait whose deadline the clock passes at any moment ends, and never before it.
#[test]
fn a_timeout_is_neither_lost_nor_early() {
    Model::new("timeout", 5).witnesses(&["passed before", "passed while waiting"]).check(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        let deadline = RawInstant::now() + Duration::from_millis(2);
        spawn(move || {
            clock::advance_to(deadline - Duration::from_millis(1));
            clock::advance_to(deadline);
        });
        let passed = RawInstant::now() >= deadline;
        let mut guard = mutex.lock();
        assert!(condvar.wait_until(&mut guard, deadline));
        assert!(RawInstant::now() >= deadline);
        witness(if passed { "passed before" } else { "passed while waiting" });
    });
}

#[test]
fn time_never_goes_back() {
    Model::new("monotonic", 7).check(|| {
        let start = RawInstant::now();
        spawn(move || clock::advance_to(start + Duration::from_secs(1)));
        let (first, second) = (RawInstant::now(), RawInstant::now());
        assert!(start <= first && first <= second);
        clock::advance_to(start);
        assert!(RawInstant::now() >= second);
    });
}

/// A step of a stand-in makes nothing happen before anything: what it was meant to hide stays visible.
#[test]
fn a_turn_orders_nothing() {
    let read = outcomes(|| {
        let shared = Arc::new((Condvar::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = shared.clone();
        let other = spawn(move || {
            other.1.store(1, Ordering::Relaxed);
            other.0.notify_one();
            other.2.store(1, Ordering::Relaxed);
        });
        let flag = shared.2.load(Ordering::Relaxed);
        shared.0.notify_one();
        let _ = RawInstant::now();
        let data = shared.1.load(Ordering::Relaxed);
        other.join().unwrap();
        (flag, data)
    });
    assert!(read.contains(&(1, 0)), "{read:?}");
}

/// A mutex makes what happened under it happen before its next holder's steps.
#[test]
fn a_mutex_orders_what_it_guards() {
    Model::new("mutex", 2).check(|| {
        let shared = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let other = shared.clone();
        let add = |shared: &Mutex<UnsafeCell<u32>>| {
            shared.lock().with_mut(|number| {
                // SAFETY: loom checks that nobody else is here.
                unsafe { *number += 1 }
            });
        };
        let other = spawn(move || add(&other));
        add(&shared);
        other.join().unwrap();
    });
}

#[test]
fn a_thread_that_is_not_allowed_does_not_start() {
    Model::new("thread_start", 1).check(|| {
        thread::allow(1);
        let first = thread::Builder::new().name("first".into()).stack_size(1 << 20).spawn(|| 1);
        assert_eq!(first.expect("one is allowed").join().unwrap(), 1);
        assert!(thread::Builder::new().spawn(|| 2).is_err());
    });
}
