//! Which runtime, which local set and which worker: identifiers, names and indices, and who tells them.

mod support;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::thread;

use fusee::runtime::{Builder, Handle, LocalRuntime, Runtime, worker_index};
use fusee::task::{LocalSet, block_in_place, spawn_blocking, spawn_local};
use support::{on_1_2_and_4_workers, watchdog, workers};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_runtimes_identifier_is_the_same_wherever_it_is_asked_for() {
    on_1_2_and_4_workers(|runtime| {
        let id = runtime.handle().id();
        let there = runtime.spawn(async { (Handle::current().id(), spawn_blocking(|| Handle::current().id()).await) });
        let (task, job) = runtime.block_on(there).unwrap();
        assert_eq!([task, job.unwrap(), runtime.block_on(async { Handle::current().id() })], [id; 3]);
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(handle.id(), id, "shutting down changes nothing");
    });
}

#[test]
fn runtimes_and_local_sets_that_live_together_have_different_identifiers() {
    watchdog(|| {
        let runtimes = [current_thread(), current_thread(), workers(1), workers(2)];
        let (local, sets) = (LocalRuntime::new().unwrap(), [LocalSet::new(), LocalSet::new()]);
        let mut ids: HashSet<_> = runtimes.iter().map(|runtime| runtime.handle().id()).collect();
        ids.insert(local.handle().id());
        ids.extend(sets.iter().map(LocalSet::id));
        assert_eq!(ids.len(), 7);
        let texts: HashSet<_> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 7, "and they are told apart in a log");
    });
}

#[test]
fn a_name_is_told_by_every_handle_and_belongs_to_no_thread() {
    watchdog(|| {
        let mut builder = Builder::new_multi_thread();
        let named = builder.worker_threads(1).name("requests").build().unwrap();
        let (name, thread) = named.block_on(async {
            let told =
                async { (Handle::current().name().map(str::to_owned), thread::current().name().map(str::to_owned)) };
            fusee::spawn(told).await.unwrap()
        });
        assert_eq!(name.as_deref(), Some("requests"));
        assert_eq!(thread.as_deref(), Some("fusee-worker-0"));
        assert_eq!(builder.name("others").build().unwrap().handle().name(), Some("others"));
        assert_eq!(named.handle().name(), Some("requests"), "a builder that is used on changes no runtime");
        assert_eq!(workers(1).handle().name(), None);
        assert!(format!("{:?}", named.handle()).contains("requests"));
    });
}

#[test]
fn a_blank_name_is_refused() {
    for blank in ["", " ", "\t\n"] {
        let error = Builder::new_current_thread().name(blank).build().unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::InvalidInput, "name must not be blank".to_owned()));
    }
}

#[test]
fn tasks_are_on_a_worker_and_nothing_else_of_a_multi_thread_runtime_is() {
    on_1_2_and_4_workers(|runtime| {
        let count = runtime.metrics().num_workers();
        assert_eq!(runtime.block_on(async { worker_index() }), None);
        let (task, job, set) = runtime.block_on(async {
            let task = fusee::spawn(async { worker_index() }).await.unwrap();
            let set = LocalSet::new().run_until(async { spawn_local(async { worker_index() }).await }).await;
            (task, spawn_blocking(worker_index).await.unwrap(), set.unwrap())
        });
        assert!(task.unwrap() < count);
        assert_eq!([job, set], [None, None]);
        let _entered = runtime.enter();
        assert_eq!(worker_index(), None, "to enter a runtime is not to work for it");
    });
}

#[test]
fn workers_have_different_indices() {
    watchdog(|| {
        let runtime = workers(4);
        let all = std::sync::Arc::new(std::sync::Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let all = all.clone();
                runtime.spawn(async move {
                    // Each holds its worker until every worker has one.
                    all.wait();
                    worker_index().unwrap()
                })
            })
            .collect();
        let indices: HashSet<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
        assert_eq!(indices, HashSet::from([0, 1, 2, 3]));
    });
}

#[test]
fn who_blocks_in_place_has_handed_its_worker_on() {
    on_1_2_and_4_workers(|runtime| {
        let task = runtime.spawn(async { (worker_index().is_some(), block_in_place(worker_index)) });
        assert_eq!(runtime.block_on(task).unwrap(), (true, None));
    });
}

#[test]
fn the_thread_of_a_current_thread_runtime_is_its_one_worker() {
    watchdog(|| {
        let told = |runtime: &Runtime| {
            runtime.block_on(async { (worker_index(), fusee::spawn(async { worker_index() }).await.unwrap()) })
        };
        assert_eq!(told(&current_thread()), (Some(0), Some(0)));
        let local = LocalRuntime::new().unwrap();
        let task = local.spawn_local(async { worker_index() });
        assert_eq!(local.block_on(async { (worker_index(), task.await.unwrap()) }), (Some(0), Some(0)));
        assert_eq!(worker_index(), None);
    });
}
