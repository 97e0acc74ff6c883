//! Runs a model over all its executions, and sees to it that it is not empty.
//!
//! Who calls it: each test of [`crate::models`]; the litmus tests through [`outcomes`].
//!
//! # Invariants
//! - A model that explores fewer executions than its floor fails, and so does one that never saw an outcome that it
//!   claims can happen, or saw one that it does not name.
//! - Exploration is complete, up to the stated number of preemptions: loom's limits on permutations and on time, which end
//!   in success, are off whatever the environment says.
//! - Under a mutant only loom and the model's own assertions count: a mutant that merely hides an outcome survives.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::facade::{chosen, clock, deque, expect_rare, selector, thread};

/// A model to check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    name: &'static str,
    floor: u64,
    witnesses: &'static [&'static str],
    preemptions: Option<usize>,
    branches: usize,
    has_sources: bool,
}

thread_local! {
    /// What the executions so far have seen. Not loom's: a model runs, with all its threads, on one thread of the process.
    static SEEN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    /// Whether the current execution belongs to a [`Model`].
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}

impl Model {
    /// A model that takes at least `floor` executions.
    pub(crate) const fn new(name: &'static str, floor: u64) -> Self {
        Self { name, floor, witnesses: &[], preemptions: None, branches: 1_000, has_sources: false }
    }

    /// The same, of a runtime that has sources: what asks whether it has is explored, too.
    pub(crate) const fn with_sources(name: &'static str, floor: u64) -> Self {
        Self { has_sources: true, ..Self::new(name, floor) }
    }

    /// The outcomes, reported by [`witness`], all of which some execution must see.
    pub(crate) const fn witnesses(self, witnesses: &'static [&'static str]) -> Self {
        Self { witnesses, ..self }
    }

    /// Explores only executions with at most `bound` preemptions, for a model too large to be explored in full.
    /// A deep run allows one more; `LOOM_MAX_PREEMPTIONS` overrides the bound, for a run by hand: three more take a model days.
    pub(crate) const fn preemptions(self, bound: usize) -> Self {
        Self { preemptions: Some(bound), ..self }
    }

    /// Allows `branches` scheduling points in one execution, for a model that is long rather than wide.
    pub(crate) const fn branches(self, branches: usize) -> Self {
        Self { branches, ..self }
    }

    /// Runs `model` over all executions.
    pub(crate) fn check(self, model: impl Fn() + Send + Sync + 'static) {
        let executions = Arc::new(AtomicU64::new(0));
        let counter = executions.clone();
        SEEN.take();
        COUNTS.set(true);
        let start = Instant::now();
        let builder = self.builder();
        builder.check(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            begin();
            expect_rare(self.has_sources);
            model();
        });
        COUNTS.set(false);
        let executions = executions.load(Ordering::Relaxed);
        let bound = builder.preemption_bound.map_or(String::new(), |bound| format!(" within {bound} preemptions"));
        println!("{}: {executions} executions{bound}, {:.1?}", self.name, start.elapsed());
        if chosen().is_none() {
            assert!(executions >= self.floor, "{}: {executions} executions, expected {}", self.name, self.floor);
            assert_eq!(SEEN.take(), self.witnesses.iter().copied().collect(), "{}: outcomes seen, named", self.name);
        }
    }

    fn builder(&self) -> loom::model::Builder {
        let mut builder = loom::model::Builder::new();
        if self.preemptions.is_none() || builder.preemption_bound.is_none() {
            let deeper = usize::from(std::env::var_os("FUSEE_DEEP").is_some());
            builder.preemption_bound = self.preemptions.map(|bound| bound + deeper);
        }
        builder.max_branches = self.branches;
        builder.max_permutations = None;
        builder.max_duration = None;
        builder
    }
}

/// Reports that this execution has seen an outcome.
pub(crate) fn witness(outcome: &'static str) {
    assert!(COUNTS.get(), "a witness is reported inside a model");
    SEEN.with_borrow_mut(|seen| seen.insert(outcome));
}

/// All the values that `execution` answers, over all executions.
pub(crate) fn outcomes<T: Ord + Send + 'static>(execution: impl Fn() -> T + Send + Sync + 'static) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let seen_by = seen.clone();
    Model::new("", 0).builder().check(move || {
        begin();
        let outcome = execution();
        seen_by.lock().expect("no panic under this lock").insert(outcome);
    });
    std::mem::take(&mut seen.lock().expect("no panic under this lock"))
}

/// Starts a thread of a model.
#[track_caller]
pub(crate) fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> loom::thread::JoinHandle<T> {
    loom::thread::spawn(f)
}

/// Waits for threads of a model: the last thing it does, after its assertions, or the wait supplies the ordering that is
/// under test. What they share is then dropped here, once, instead of in every possible order.
#[track_caller]
pub(crate) fn join(threads: impl IntoIterator<Item = loom::thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a panic would have ended the execution");
    }
}

/// What each execution starts afresh.
fn begin() {
    clock::start();
    selector::start();
    thread::allow(usize::MAX);
    deque::spans_blocks(false);
}
