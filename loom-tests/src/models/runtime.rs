//! Models of a whole runtime: one worker, the timer driver, and the thread in `block_on`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::{Model, join, spawn, witness};
use crate::runtime::{Builder, Runtime};
use crate::sync::clock;
use crate::time::Instant;

fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().expect("a model's threads start")
}

/// A task is spawned and awaited, and the runtime shut down: the output arrives, nothing is left.
#[test]
fn e2e_spawn_join() {
    Model::new("e2e_spawn_join", 5_000).preemptions(2).branches(5_000).check(|| {
        let runtime = one_worker();
        let output =
            runtime.block_on(async { crate::task::spawn(async { 7 }).await.expect("the task is not cancelled") });
        assert_eq!(output, 7);
    });
}

/// A task sleeps while the clock reaches its deadline at any moment.
#[test]
fn e2e_spawn_sleep() {
    Model::new("e2e_spawn_sleep", 3_500).preemptions(1).branches(5_000).check(|| {
        let runtime = one_worker();
        let deadline = Instant::now() + Duration::from_millis(1);
        let late = deadline + Duration::from_millis(1);
        let clock = spawn(move || clock::advance_to(late.raw()));
        runtime.block_on(async move {
            let job = crate::task::spawn(crate::time::sleep_until(deadline));
            job.await.expect("the task is not cancelled");
        });
        assert!(Instant::now() >= deadline);
        drop(runtime);
        join([clock]);
    });
}

/// A foreign thread spawns while the runtime shuts down: the task runs or is refused or is dropped, and is not left in the injector,
/// where it and the runtime would keep each other alive.
///
/// Mutants: `scheduler_close`.
#[test]
fn injector_shutdown() {
    let model = Model::new("injector_shutdown", 1_000).preemptions(1).branches(5_000);
    model.witnesses(&["ran", "dropped"]).check(|| {
        let runtime = one_worker();
        let handle = runtime.handle().clone();
        let ran = Arc::new(AtomicBool::new(false));
        let running = ran.clone();
        let spawner = spawn(move || drop(handle.spawn(async move { running.store(true, Ordering::Relaxed) })));
        drop(runtime);
        join([spawner]);
        assert_eq!(Arc::strong_count(&ran), 1, "the future is gone");
        witness(if ran.load(Ordering::Relaxed) { "ran" } else { "dropped" });
    });
}
