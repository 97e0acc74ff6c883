//! Jobs of the blocking pool that run though it closes: somebody was promised what they do.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use super::blocking::{OpensOnDrop, Scene, settled};
use super::stage::Uncounted;
use crate::blocking::AtClose;
use crate::facade::atomic::Ordering;
use crate::facade::thread;
use crate::harness::{Model, spawn, witness};
use crate::park::Parker;
use crate::task::JoinHandle;
use crate::task::blocking::unlisted;
use crate::task::meta::Origin;

/// The pool closes while its one thread runs a job, or is about to, and two others wait: the one that was promised to somebody runs, the other does not unless it is first.
///
/// Mutants: `blocking_owed`.
#[test]
fn blocking_close_owed() {
    let model = Model::new("blocking_close_owed", 100).preemptions(3).branches(5_000);
    model.witnesses(&["all ran", "one was cancelled"]).check(|| {
        let scene = Scene::new(1, Duration::MAX);
        let first = scene.submit(|| 41);
        let second = scene.submit(|| 42);
        let third = owe(&scene, || 43);
        scene.end();
        assert_eq!(settled(first).expect("a thread started for it"), 41);
        assert_eq!(settled(third).expect("it was promised to somebody"), 43);
        witness(if settled(second).is_ok() { "all ran" } else { "one was cancelled" });
        scene.assert_over();
    });
}

/// The pool closes while its one thread runs a job that waits for one that was promised to somebody: that runs on another thread, and the end comes.
///
/// Mutants: `blocking_spare`.
#[test]
fn blocking_close_spare() {
    let model = Model::new("blocking_close_spare", 100).preemptions(2).branches(5_000);
    model.check(|| {
        let scene = Scene::new(1, Duration::MAX);
        let (first, second) = one_waits_for_the_other(&scene);
        scene.end();
        settled(first).expect("a thread started for it");
        settled(second).expect("it was promised to somebody");
        assert_eq!(scene.started.load(Ordering::Relaxed), 2);
        scene.assert_over();
    });
}

/// The same where no other thread can be started: whoever closes the pool runs what was promised.
///
/// Mutants: `blocking_spare_refused`.
#[test]
fn blocking_close_spare_refused() {
    let model = Model::new("blocking_close_spare_refused", 20).preemptions(3).branches(5_000);
    model.check(|| {
        thread::allow(1);
        let scene = Scene::new(1, Duration::MAX);
        let (first, second) = one_waits_for_the_other(&scene);
        scene.end();
        settled(first).expect("a thread started for it");
        settled(second).expect("it was promised to somebody");
        scene.assert_over();
    });
}

/// The pool closes while the start of its second thread fails, and its first runs a job that waits for one that was promised to somebody.
///
/// Mutants: `blocking_strike_owed`.
#[test]
fn blocking_close_strike() {
    let model = Model::new("blocking_close_strike", 100).preemptions(2).branches(5_000);
    model.witnesses(&["ran", "refused"]).check(|| {
        thread::allow(1);
        let scene = Scene::new(2, Duration::MAX);
        let gate = Parker::new();
        // A job that is refused is told to nobody as done.
        let opener = OpensOnDrop(gate.unparker());
        let first = scene.submit(move || gate.park());
        let other = scene.clone();
        let submitter = spawn(move || owe(&other, move || drop(opener)));
        scene.end();
        settled(first).expect("a thread started for it");
        witness(if settled(submitter.join().unwrap()).is_ok() { "ran" } else { "refused" });
        scene.assert_over();
    });
}

/// The pool closes while both of its threads are being started, and neither can be: who tries last leaves what was promised to nobody else.
///
/// Mutants: `blocking_strike_owed`.
#[test]
fn blocking_close_strike_all() {
    let model = Model::new("blocking_close_strike_all", 100).preemptions(3).branches(5_000);
    model.check(|| {
        let scene = Scene::new(2, Duration::MAX);
        let (queued, closed) = (Parker::new(), Parker::new());
        let (tell_queued, tell_closed) = (queued.unparker(), closed.unparker());
        let other = scene.clone();
        let submitter = spawn(move || {
            owe_with(
                &other,
                || 43,
                move || {
                    tell_queued.unpark();
                    closed.park();
                },
            )
        });
        let first = owe_with(
            &scene,
            || 42,
            || {
                queued.park();
                scene.pool.close(&Uncounted, |_| unreachable!("a thread is to come for each job"));
                tell_closed.unpark();
            },
        );
        assert!(scene.pool.wait(None));
        for (job, value) in [(first, 42), (submitter.join().unwrap(), 43)] {
            assert_eq!(settled(job).expect("it was promised to somebody"), value);
        }
        scene.assert_over();
    });
}

/// A job that is promised to somebody, and whose thread cannot be started after `start`.
fn owe_with<R: Send + 'static>(
    scene: &Arc<Scene>,
    f: impl FnOnce() -> R + Send + 'static,
    start: impl FnOnce(),
) -> JoinHandle<R> {
    let (job, handle) = unlisted(f, None, Origin::here());
    scene.pool.submit(job, AtClose::Run, &Uncounted, |_| {
        start();
        Err(ErrorKind::OutOfMemory.into())
    });
    handle
}

/// A job that is promised to somebody.
fn owe<R: Send + 'static>(scene: &Arc<Scene>, f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    let (job, handle) = unlisted(f, None, Origin::here());
    scene.pool.submit(job, AtClose::Run, &Uncounted, scene.starter());
    handle
}

/// A job, and one that is promised, for which it waits.
fn one_waits_for_the_other(scene: &Arc<Scene>) -> (JoinHandle<()>, JoinHandle<()>) {
    let gate = Parker::new();
    let opener = gate.unparker();
    (scene.submit(move || gate.park()), owe(scene, move || opener.unpark()))
}
