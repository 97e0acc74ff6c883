//! Jobs of the blocking pool that run though it closes: somebody was promised what they do.

use std::time::Duration;

use super::blocking::{Scene, settled};
use super::stage::Uncounted;
use crate::blocking::AtClose;
use crate::harness::{Model, witness};
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
        let (job, third) = unlisted(|| 43, None, Origin::here());
        scene.pool.submit(job, AtClose::Run, &Uncounted, scene.starter());
        scene.end();
        assert_eq!(settled(first).expect("a thread started for it"), 41);
        assert_eq!(settled(third).expect("it was promised to somebody"), 43);
        witness(if settled(second).is_ok() { "all ran" } else { "one was cancelled" });
        scene.assert_over();
    });
}
