//! What the model checker itself sees, and what it does not.
//!
//! Each test states, as the full set of outcomes, what loom is known to do with the smallest program of its kind. A test
//! that fails here says that the tool has changed: a limit is gone, or a guarantee is. Both matter to every model.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use crate::facade::Arc;
use crate::facade::atomic::{AtomicUsize, Ordering};
use crate::harness::{outcomes, spawn};

/// Two threads; each stores to its own word, then reads the other's. What both read.
fn store_buffering(store: Ordering, load: Ordering, fenced: bool) -> BTreeSet<(usize, usize)> {
    outcomes(move || {
        let words = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = words.clone();
        let side = move |mine: &AtomicUsize, other: &AtomicUsize| {
            mine.store(1, store);
            if fenced {
                loom::sync::atomic::fence(SeqCst);
            }
            other.load(load)
        };
        let other = spawn(move || side(&theirs.1, &theirs.0));
        (side(&words.0, &words.1), other.join().unwrap())
    })
}

/// One thread writes data, then a flag; the other reads the flag, then the data. What it reads.
fn message_passing(store: Ordering, load: Ordering) -> BTreeSet<(usize, usize)> {
    outcomes(move || {
        let words = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let sender = words.clone();
        let sender = spawn(move || {
            sender.0.store(1, Relaxed);
            sender.1.store(1, store);
        });
        let flag = words.1.load(load);
        let data = words.0.load(Relaxed);
        sender.join().unwrap();
        (flag, data)
    })
}

#[test]
fn store_buffering_without_a_fence_shows_both_zeros() {
    assert_eq!(store_buffering(Release, Acquire, false), BTreeSet::from([(0, 0), (0, 1), (1, 0), (1, 1)]));
}

#[test]
fn store_buffering_with_fences_does_not() {
    assert_eq!(store_buffering(Relaxed, Relaxed, true), BTreeSet::from([(0, 1), (1, 0), (1, 1)]));
}

/// The language forbids (0, 0) here. loom checks sequentially consistent accesses as acquire and release: so protocols
/// argue by fences, which it checks rightly.
#[test]
fn sequentially_consistent_accesses_are_checked_as_acquire_and_release() {
    assert_eq!(store_buffering(SeqCst, SeqCst, false), BTreeSet::from([(0, 0), (0, 1), (1, 0), (1, 1)]));
}

#[test]
fn message_passing_by_release_and_acquire_shows_the_data() {
    assert_eq!(message_passing(Release, Acquire), BTreeSet::from([(0, 0), (0, 1), (1, 1)]));
}

#[test]
fn message_passing_needs_both_release_and_acquire() {
    let broken = BTreeSet::from([(0, 0), (0, 1), (1, 0), (1, 1)]);
    assert_eq!(message_passing(Relaxed, Acquire), broken);
    assert_eq!(message_passing(Release, Relaxed), broken);
}

#[test]
fn relaxed_increments_are_never_lost() {
    let sums = outcomes(|| {
        let word = Arc::new(AtomicUsize::new(0));
        let other = word.clone();
        let other = spawn(move || other.fetch_add(1, Relaxed));
        word.fetch_add(1, Relaxed);
        other.join().unwrap();
        word.load(Relaxed)
    });
    assert_eq!(sums, BTreeSet::from([2]));
}

/// A later exchange by another thread does not end a release sequence: who acquires it acquires the first release too.
#[test]
fn a_release_sequence_goes_on_through_exchanges() {
    let read = outcomes(|| {
        let words = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let (first, second) = (words.clone(), words.clone());
        let first = spawn(move || {
            first.0.store(1, Relaxed);
            first.1.fetch_add(1, Release);
        });
        let second = spawn(move || second.1.fetch_add(1, Relaxed));
        let seen = (words.1.load(Acquire), words.0.load(Relaxed));
        first.join().unwrap();
        second.join().unwrap();
        seen
    });
    assert!(read.contains(&(2, 1)), "{read:?}");
    assert!(!read.contains(&(2, 0)), "{read:?}");
}

/// The language allows (1, 1) here, and some processors show it. loom runs loads in program order and cannot: a protocol
/// must not rest on a load that stays before a later store without saying so.
#[test]
fn load_buffering_is_not_explored() {
    let read = outcomes(|| {
        let words = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = words.clone();
        let other = spawn(move || {
            let read = theirs.1.load(Relaxed);
            theirs.0.store(1, Relaxed);
            read
        });
        let read = words.0.load(Relaxed);
        words.1.store(1, Relaxed);
        (read, other.join().unwrap())
    });
    assert_eq!(read, BTreeSet::from([(0, 0), (0, 1), (1, 0)]));
}

/// A plain store that races an exchange is ordered with it in neither direction, so a later exchange may miss it, which
/// the language forbids: (0, 0) says that the exchange and the read after both came before a store that was over by then.
/// So words that are exchanged by some are stored by nobody: `swap` where `store` would do.
#[test]
fn a_store_that_races_an_exchange_can_be_missed() {
    let read = outcomes(|| {
        let word = Arc::new(AtomicUsize::new(0));
        let other = word.clone();
        let other = spawn(move || other.fetch_add(10, AcqRel));
        word.store(1, Release);
        let added_to = other.join().unwrap();
        (added_to, word.fetch_add(0, AcqRel))
    });
    assert!(read.is_superset(&BTreeSet::from([(0, 1), (1, 11)])), "{read:?}");
    assert!(read.contains(&(0, 10)), "{read:?}");
}
