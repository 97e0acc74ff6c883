//! Local tasks on their own thread: who runs them, where `spawn_local` leads, what
//! becomes of them. `driving.rs`: who polls a set, and how much of it; `threads.rs`: other threads; `end.rs`: the set's end.

#![expect(clippy::async_yields_async, reason = "handles of local tasks leave the future in which they were spawned")]

#[path = "local_set/driving.rs"]
mod driving;
#[path = "local_set/end.rs"]
mod end;
#[path = "local_set/stays.rs"]
mod stays;
mod support;
#[path = "local_set/threads.rs"]
mod threads;

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

use fusee::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use fusee::time::{Duration, Instant, sleep};
use futures::channel::oneshot;
use futures::executor;
use futures::future::join_all;
use support::{message, on_1_2_and_4_workers, on_drop, quiet_panic, watchdog, workers};

#[test]
fn tasks_share_what_is_not_send_and_stay_on_the_thread() {
    on_1_2_and_4_workers(|runtime| {
        let this = thread::current().id();
        let sum = Rc::new(Cell::new(0));
        let local = LocalSet::new();
        let outputs = local.block_on(&runtime, async {
            let tasks = (0..100).map(|n| {
                let sum = sum.clone();
                spawn_local(async move {
                    for _ in 0..n % 3 {
                        yield_now().await;
                    }
                    assert_eq!(thread::current().id(), this);
                    sum.set(sum.get() + n);
                    Rc::new(n)
                })
            });
            join_all(tasks.collect::<Vec<JoinHandle<Rc<i32>>>>()).await
        });
        assert_eq!(sum.get(), 4950);
        assert_eq!(outputs.into_iter().map(|output| *output.unwrap()).sum::<i32>(), 4950);
    });
}

#[test]
fn awaited_the_set_is_ready_once_all_its_tasks_are() {
    on_1_2_and_4_workers(|runtime| {
        let ran = Rc::new(RefCell::new(Vec::new()));
        let local = LocalSet::new();
        let (outer, inner) = (ran.clone(), ran.clone());
        drop(local.spawn_local(async move {
            drop(spawn_local(async move {
                sleep(Duration::from_millis(2)).await;
                inner.borrow_mut().push("inner");
            }));
            yield_now().await;
            outer.borrow_mut().push("outer");
        }));
        runtime.block_on(local);
        assert_eq!(*ran.borrow(), ["outer", "inner"]);
        runtime.block_on(LocalSet::default());
    });
}

#[test]
fn run_until_leaves_its_tasks_to_the_next() {
    watchdog(|| {
        let runtime = workers(1);
        let local = LocalSet::new();
        let (go, wait) = oneshot::channel();
        let mut task = local.block_on(&runtime, async { spawn_local(async { Rc::new(wait.await.unwrap()) }) });
        assert!(!task.is_finished());
        assert!(!local.block_on(&runtime, async {
            yield_now().await;
            task.is_finished()
        }));
        go.send(42).unwrap();
        assert_eq!(*local.block_on(&runtime, &mut task).unwrap(), 42);
        // Spawned while the set does not run, a task waits for it.
        let task = local.spawn_local(async { 43 });
        assert!(!task.is_finished());
        assert_eq!(local.block_on(&runtime, task).unwrap(), 43);
    });
}

#[test]
fn spawn_local_outside_of_a_set_panics_and_names_the_way_out() {
    on_1_2_and_4_workers(|runtime| {
        let outside = |error: fusee::task::JoinError| {
            let payload = error.into_panic();
            assert!(message(&*payload).contains("outside of a `task::LocalSet`"), "{}", message(&*payload));
            assert!(message(&*payload).contains("LocalSet::run_until"), "{}", message(&*payload));
        };
        let payload = catch_unwind(|| spawn_local(async {})).unwrap_err();
        assert!(message(&*payload).contains("LocalSet::enter"), "{}", message(&*payload));
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            // A task of the runtime is outside, wherever it was spawned, and so is a thread.
            outside(fusee::spawn(async { drop(spawn_local(async {})) }).await.unwrap_err());
            spawn_local(async move {
                outside(fusee::spawn(async { drop(spawn_local(async {})) }).await.unwrap_err());
                assert!(thread::spawn(|| drop(spawn_local(async {}))).join().is_err());
            })
            .await
            .unwrap();
        });
        // The set has been left, and another's block_on does not find it.
        assert!(catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { spawn_local(async {}) }))).is_err());
    });
}

#[test]
fn that_panic_names_the_place_of_the_call() {
    thread_local! {
        static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    }
    let this = thread::current().id();
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == this {
            PLACE.set(info.location().map_or(String::new(), |place| place.file().to_owned()));
        } else {
            others(info);
        }
    }));
    assert!(catch_unwind(|| spawn_local(async {})).is_err());
    assert_eq!(PLACE.take(), file!());
    let (runtime, local) = (workers(1), LocalSet::new());
    let within = || local.block_on(&runtime, async { LocalSet::new().block_on(&runtime, async {}) });
    assert!(catch_unwind(AssertUnwindSafe(within)).is_err());
    assert_eq!(PLACE.take(), file!());
}

#[test]
fn a_set_within_a_set_has_its_own_tasks() {
    on_1_2_and_4_workers(|runtime| {
        let outer = LocalSet::new();
        let (inner_task, outer_task) = outer.block_on(&runtime, async {
            let nested = spawn_local(async {
                let inner = LocalSet::new();
                let inner_task = inner
                    .run_until(async {
                        yield_now().await;
                        assert_eq!(spawn_local(async { 1 }).await.unwrap(), 1);
                        spawn_local(pending::<()>())
                    })
                    .await;
                // Here it is the outer one again.
                let outer_task = spawn_local(async { 2 });
                drop(inner);
                assert!(inner_task.is_finished(), "it was the inner set's");
                (inner_task, outer_task)
            });
            nested.await.unwrap()
        });
        assert!(runtime.block_on(inner_task).unwrap_err().is_cancelled());
        assert_eq!(outer.block_on(&runtime, outer_task).unwrap(), 2);
    });
}

#[test]
fn the_entered_set_is_the_last_whose_guard_lives() {
    watchdog(|| {
        let (a, b) = (LocalSet::new(), LocalSet::new());
        let (in_a, in_b) = (a.enter(), b.enter());
        let first = spawn_local(async {});
        drop(in_a);
        let second = spawn_local(async {});
        executor::block_on(b);
        assert!(first.is_finished() && second.is_finished(), "both were in the set entered last");
        // Its guard outlives the set: what is spawned now is refused.
        assert!(executor::block_on(spawn_local(async {})).unwrap_err().is_cancelled());
        drop(in_b);
        assert!(catch_unwind(|| spawn_local(async {})).is_err());
        let in_a = a.enter();
        let third = spawn_local(async { 3 });
        drop(in_a);
        assert_eq!(executor::block_on(a.run_until(third)).unwrap(), 3);
    });
}

#[test]
fn a_panic_ends_its_own_task_alone() {
    on_1_2_and_4_workers(|runtime| {
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let panics = spawn_local(async {
                yield_now().await;
                quiet_panic("local");
            });
            let other = spawn_local(async {
                yield_now().await;
                yield_now().await;
                Rc::new(42)
            });
            assert_eq!(message(&*panics.await.unwrap_err().into_panic()), "local");
            assert_eq!(*other.await.unwrap(), 42);
        });
        // One in the root future goes through, and leaves the set as it is.
        let root = catch_unwind(AssertUnwindSafe(|| local.block_on(&runtime, async { quiet_panic("root") })));
        assert_eq!(message(&*root.unwrap_err()), "root");
        assert!(catch_unwind(|| spawn_local(async {})).is_err(), "the set has been left");
        assert_eq!(local.block_on(&runtime, async { spawn_local(async { 43 }).await.unwrap() }), 43);
    });
}

#[test]
fn an_aborted_task_is_dropped_by_its_set_and_not_by_the_abort() {
    on_1_2_and_4_workers(|runtime| {
        let local = LocalSet::new();
        let dropped = Rc::new(Cell::new(false));
        local.block_on(&runtime, async {
            let tell = dropped.clone();
            let task = spawn_local(async move {
                let _held = on_drop(move || tell.set(true));
                pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            task.abort_handle().abort();
            assert!(!dropped.get() && !task.is_finished());
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(dropped.get());
        });
        // Before its first poll, too: then it is never polled.
        let task = local.spawn_local(async { unreachable!("it was aborted before") });
        task.abort();
        assert!(local.block_on(&runtime, task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_task_spawned_from_a_drop_runs() {
    watchdog(|| {
        let runtime = workers(1);
        let local = LocalSet::new();
        let ran = Rc::new(Cell::new(0));
        for aborted in [false, true] {
            let ran = ran.clone();
            let task = local.spawn_local(async move {
                let _held = on_drop(move || drop(spawn_local(async move { ran.set(ran.get() + 1) })));
                if aborted {
                    pending::<()>().await;
                }
            });
            local.block_on(&runtime, yield_now());
            task.abort();
        }
        runtime.block_on(local);
        assert_eq!(ran.get(), 2);
    });
}

#[test]
fn timers_and_tasks_of_the_runtime_serve_local_tasks() {
    on_1_2_and_4_workers(|runtime| {
        let local = LocalSet::new();
        let order = Rc::new(RefCell::new(Vec::new()));
        for n in [3, 1, 2] {
            let order = order.clone();
            drop(local.spawn_local(async move {
                let start = Instant::now();
                sleep(Duration::from_millis(20 * n)).await;
                assert!(start.elapsed() >= Duration::from_millis(20 * n));
                assert_eq!(fusee::spawn(async move { n }).await.unwrap(), n);
                order.borrow_mut().push(n);
            }));
        }
        runtime.block_on(local);
        assert_eq!(order.borrow().len(), 3);
    });
}

#[test]
fn block_on_in_a_local_task_panics_and_names_the_way_out() {
    on_1_2_and_4_workers(|runtime| {
        let local = LocalSet::new();
        let handle = runtime.handle().clone();
        let payload = local.block_on(&runtime, async {
            spawn_local(async move { handle.block_on(ready(())) }).await.unwrap_err().into_panic()
        });
        assert!(message(&*payload).contains("`.await` the future instead"), "{}", message(&*payload));
    });
}
