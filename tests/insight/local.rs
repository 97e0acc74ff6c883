//! Tasks of local sets in dumps.

use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fusee::insight::{TaskState, Wait};
use fusee::runtime::{Builder, Handle, LocalOptions};
use fusee::task::{self, LocalSet, spawn_local, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;

use super::support::{watchdog, workers};
use super::waiting;

#[test]
fn a_task_of_a_set_is_told_like_any_other() {
    watchdog(|| {
        let (runtime, local) = (workers(1), LocalSet::new());
        local.block_on(&runtime, async {
            let shared = Rc::new(());
            let late = task::Builder::new().name("late").spawn_local({
                let shared = shared.clone();
                async move {
                    sleep(Duration::from_secs(3_600)).await;
                    drop(shared);
                }
            });
            let line = line!() - 7;
            let late = waiting(late.unwrap().id()).await;
            assert_eq!((late.name(), late.local_set()), (Some("late"), Some(local.id())));
            let place = late.spawned_at().unwrap();
            assert_eq!((place.file(), place.line()), (file!(), line));
            assert!(matches!(late.waits(), [Wait::Timer(_)]) && !late.is_stranded(), "{late}");
            assert_eq!(late.wakers().unwrap_or(1), 1);

            let stranded = spawn_local(pending::<()>());
            let told = waiting(stranded.id()).await;
            assert_eq!(told.is_stranded(), cfg!(target_pointer_width = "64"), "{told}");
            // Those of the runtime's own are told apart.
            let (_sender, receiver) = oneshot::channel::<()>();
            assert_eq!(waiting(fusee::spawn(receiver).id()).await.local_set(), None);
            assert_eq!(Handle::current().dump().others(), 0);
        });
    });
}

#[test]
fn how_long_ago_a_set_polled_a_task_is_told() {
    watchdog(|| {
        let (runtime, local) = (workers(1), LocalSet::new());
        local.block_on(&runtime, async {
            let (_sender, receiver) = oneshot::channel::<()>();
            let idle = spawn_local(receiver);
            waiting(idle.id()).await;
            let begun = std::time::Instant::now();
            while begun.elapsed() < Duration::from_millis(100) {
                yield_now().await;
            }
            let told = waiting(idle.id()).await;
            // The kernel's coarse clock may lag by its tick.
            assert!(told.polled() >= Duration::from_millis(80) && told.polled() < Duration::from_secs(100), "{told}");
        });
    });
}

#[test]
fn a_local_runtimes_tasks_are_told_to_another_thread() {
    watchdog(|| {
        let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
        let task = runtime.spawn_local(pending::<()>());
        let handle = runtime.handle().clone();
        assert!(handle.dump().tasks().is_empty(), "it was not polled yet");
        runtime.block_on(yield_now());
        let dump = std::thread::spawn(move || handle.dump()).join().unwrap();
        let [told] = dump.tasks() else { panic!("{dump}") };
        assert_eq!((told.id(), told.state()), (task.id(), TaskState::Waiting));
        assert!(told.local_set().is_some() && dump.to_string().contains(" local "), "{dump}");
        let handle = runtime.handle().clone();
        drop(runtime);
        assert!(handle.dump().tasks().is_empty());
    });
}

#[test]
fn a_set_is_of_the_runtime_that_polled_it_last_and_of_none_once_dropped() {
    watchdog(|| {
        let (first, second, local) = (workers(1), workers(1), LocalSet::new());
        let task = local.spawn_local(pending::<()>());
        let told = |runtime: &fusee::runtime::Runtime| -> Vec<_> {
            runtime.handle().dump().tasks().iter().map(|task| task.id()).collect()
        };
        local.block_on(&first, yield_now());
        assert_eq!((told(&first), told(&second)), (vec![task.id()], vec![]));
        local.block_on(&second, yield_now());
        assert_eq!((told(&first), told(&second)), (vec![], vec![task.id()]));
        drop(local);
        assert_eq!((told(&first), told(&second)), (vec![], vec![]));
    });
}

/// Dumps of another thread beside tasks that come, go and stay, and sets that end with tasks in them.
#[test]
fn dumps_of_another_thread_beside_sets_that_come_and_go_miss_none_that_stays() {
    watchdog(|| {
        let (runtime, ends) = (workers(2), AtomicBool::new(false));
        let (give, given) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let (handle, ends) = (runtime.handle().clone(), &ends);
            scope.spawn(move || {
                let stay: HashSet<task::Id> = given.recv().unwrap();
                for _ in 0..200 {
                    let dump = handle.dump();
                    let found = dump.tasks().iter().filter(|task| stay.contains(&task.id())).count();
                    assert_eq!(found, stay.len(), "each once");
                }
                ends.store(true, Ordering::Relaxed);
            });
            let local = LocalSet::new();
            let stay: HashSet<_> = (0..300).map(|_| local.spawn_local(pending::<()>()).id()).collect();
            local.block_on(&runtime, async {
                // All of them have been polled.
                for id in &stay {
                    waiting(*id).await;
                }
                give.send(stay).unwrap();
                while !ends.load(Ordering::Relaxed) {
                    let brood: Vec<_> = (0..20).map(|_| spawn_local(yield_now())).collect();
                    for task in brood {
                        task.await.unwrap();
                    }
                    let short = LocalSet::new();
                    (0..20).for_each(|_| drop(short.spawn_local(pending::<()>())));
                    short.run_until(yield_now()).await;
                }
            });
        });
    });
}
