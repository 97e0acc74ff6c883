//! Drops and callbacks of the user's that do what they should not: panic, spawn, block, abort, drop the last runtime. They harm nobody else.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task::{AbortHandle, JoinHandle, block_in_place, spawn_blocking};
use support::proc::threads_named;
use support::{Drops, Latch, holding, message, on_drop, on_every_flavour, quiet_panic, until, until_within, watchdog};

/// A runtime whose function for thread names panics while it is told to.
fn moody(builder: &mut Builder, name: &'static str) -> (Runtime, Arc<AtomicBool>) {
    let moody = Arc::new(AtomicBool::new(false));
    let panics = moody.clone();
    let runtime = builder
        .max_blocking_threads(1)
        .thread_name_fn(move || if panics.load(Ordering::SeqCst) { quiet_panic("a name's") } else { name.to_owned() })
        .build()
        .expect("a runtime");
    (runtime, moody)
}

#[test]
fn a_name_function_that_panics_costs_the_pool_no_thread() {
    watchdog(|| {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let (runtime, moody) = moody(builder.worker_threads(2), "moody-pool");
            moody.store(true, Ordering::SeqCst);
            for _ in 0..10 {
                let refused = runtime.block_on(async { spawn_blocking(|| 1).await });
                assert!(refused.unwrap_err().is_cancelled(), "no thread is there to run it");
            }
            moody.store(false, Ordering::SeqCst);
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 2)).unwrap(), 2);
            moody.store(true, Ordering::SeqCst);
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 3)).unwrap(), 3, "its thread is there");
            drop(runtime);
            until("its threads are gone", || threads_named("moody-pool") == 0);
        }
    });
}

#[test]
fn a_name_function_that_panics_leaves_the_worker_to_the_task_that_blocks_in_place() {
    watchdog(|| {
        let (runtime, moody) = moody(Builder::new_multi_thread().worker_threads(1), "moody-place");
        moody.store(true, Ordering::SeqCst);
        let task = runtime.spawn(async { block_in_place(|| 1) + fusee::spawn(async { 2 }).await.unwrap() });
        assert_eq!(runtime.block_on(task).unwrap(), 3);
        drop(runtime);
        until("its threads are gone", || threads_named("moody-place") == 0);
    });
}

#[test]
fn a_name_function_that_panics_in_build_gives_its_panic_and_leaves_no_thread() {
    watchdog(|| {
        for first in 0..3 {
            let left = Mutex::new(first);
            let name = move || {
                let mut left = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if *left == 0 {
                    quiet_panic("a name's");
                }
                *left -= 1;
                "moody-build".to_owned()
            };
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(3).thread_name_fn(name);
            let payload = catch_unwind(AssertUnwindSafe(|| builder.build())).unwrap_err();
            assert_eq!(message(&*payload), "a name's");
            // They are joined; the list that the system shows lags behind.
            until("the threads are gone", || threads_named("moody-build") == 0);
        }
    });
}

/// How a task ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ready,
    Panics,
    Aborted,
    ShutDown,
}

const ENDS: [End; 4] = [End::Ready, End::Panics, End::Aborted, End::ShutDown];

/// Spawns a task that holds `held`, and ends it so; answers what its handle gets.
fn end_of(
    runtime: Runtime,
    end: End,
    held: impl Unpin + Send + 'static,
) -> (Option<Runtime>, Result<(), fusee::task::JoinError>) {
    let polled = Latch::new();
    let tell = polled.clone();
    let task = runtime.spawn(holding(held, move |_| {
        tell.open();
        match end {
            End::Ready => Poll::Ready(()),
            End::Panics => quiet_panic("the poll's"),
            End::Aborted | End::ShutDown => Poll::Pending,
        }
    }));
    until_within(&runtime, "it is polled", || polled.is_open());
    match end {
        End::ShutDown => {
            drop(runtime);
            (None, futures::executor::block_on(task))
        }
        _ => {
            if end == End::Aborted {
                task.abort();
            }
            let outcome = runtime.block_on(task);
            (Some(runtime), outcome)
        }
    }
}

/// The runtime still runs tasks.
fn assert_lives(runtime: Option<Runtime>) {
    if let Some(runtime) = runtime {
        let count = runtime.metrics().num_workers() as u64;
        let tasks: Vec<_> = (0..10 * count).map(|n| runtime.spawn(async move { n })).collect();
        let outputs = runtime.block_on(futures::future::join_all(tasks));
        assert!(outputs.into_iter().map(Result::unwrap).eq(0..10 * count));
    }
}

#[test]
fn a_drop_that_panics_ends_its_own_task_however_that_ends() {
    for end in ENDS {
        on_every_flavour(move |runtime| {
            let drops = Drops::new();
            let held = (on_drop(|| quiet_panic("the drop's")), drops.token());
            let (runtime, outcome) = end_of(runtime, end, held);
            let payload = outcome.unwrap_err().into_panic();
            assert_eq!(message(&*payload), if end == End::Panics { "the poll's" } else { "the drop's" });
            assert_eq!(drops.count(), 1, "what is beside it is dropped too");
            assert_lives(runtime);
        });
    }
}

#[test]
fn a_drop_that_blocks_on_its_runtime_is_refused_on_the_runtimes_threads() {
    for end in ENDS {
        on_every_flavour(move |runtime| {
            let (handle, seen) = (runtime.handle().clone(), Arc::new(Mutex::new(None)));
            let tell = seen.clone();
            let held = on_drop(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| handle.block_on(async { 42 })));
                *tell.lock().unwrap() = Some(outcome.map_err(|payload| message(&*payload).to_owned()));
            });
            let plain = runtime.handle().runtime_flavor() == fusee::runtime::RuntimeFlavor::CurrentThread;
            let (runtime, outcome) = end_of(runtime, end, held);
            assert_eq!(outcome.is_ok(), end == End::Ready);
            match seen.lock().unwrap().take().expect("the drop was run") {
                Ok(output) => assert!(plain && end == End::ShutDown && output == 42, "a plain thread drops it"),
                Err(message) => assert!(message.contains("`block_on`"), "{message}"),
            }
            assert_lives(runtime);
        });
    }
}

#[test]
fn a_drop_that_spawns_and_aborts_its_siblings_and_itself_leaves_nothing() {
    for end in ENDS {
        on_every_flavour(move |runtime| {
            let drops = Drops::new();
            let siblings: Vec<JoinHandle<()>> =
                (0..10).map(|_| runtime.spawn(holding(drops.token(), |_| Poll::Pending))).collect();
            let aborts: Vec<AbortHandle> = siblings.iter().map(JoinHandle::abort_handle).collect();
            let (handle, spawned) = (runtime.handle().clone(), drops.clone());
            let held = on_drop(move || {
                for abort in aborts {
                    let (here, there) = (spawned.token(), spawned.token());
                    drop(handle.spawn(async move { drop(here) }));
                    drop(Handle::current().spawn_blocking(move || drop(there)));
                    abort.abort();
                }
            });
            let (runtime, _) = end_of(runtime, end, held);
            if let Some(runtime) = &runtime {
                for sibling in siblings {
                    assert!(runtime.block_on(sibling).unwrap_err().is_cancelled());
                }
            }
            assert_lives(runtime);
            // The runtime is gone, and no job or task of it left.
            assert_eq!(drops.count(), 30);
        });
    }
}

#[test]
fn a_drop_of_the_last_runtime_in_a_tasks_drop_detaches() {
    for end in [End::Ready, End::Panics, End::Aborted] {
        watchdog(move || {
            for count in [1, 2, 4] {
                let runtime = Arc::new(
                    Builder::new_multi_thread().worker_threads(count).thread_name("last-drop").build().unwrap(),
                );
                let (handle, drops) = (runtime.handle().clone(), Drops::new());
                let waiting = handle.spawn(holding(drops.token(), |_| Poll::<()>::Pending));
                let (polled, token) = (Latch::new(), drops.token());
                let tell = polled.clone();
                let held = runtime.clone();
                let task = handle.spawn(holding((held, token), move |_| {
                    tell.open();
                    match end {
                        End::Ready => Poll::Ready(()),
                        End::Panics => quiet_panic("the poll's"),
                        End::Aborted | End::ShutDown => Poll::Pending,
                    }
                }));
                drop(runtime);
                polled.wait();
                if end == End::Aborted {
                    task.abort();
                }
                assert_eq!(futures::executor::block_on(task).is_ok(), end == End::Ready);
                assert!(futures::executor::block_on(waiting).unwrap_err().is_cancelled());
                until("its threads are gone", || threads_named("last-drop") == 0);
                assert_eq!(drops.count(), 2);
            }
        });
    }
}

#[test]
fn outputs_payloads_and_closures_that_panic_in_their_drop_take_no_thread() {
    on_every_flavour(|runtime| {
        let bomb = || on_drop(|| quiet_panic("a drop's"));
        for n in 0..20 {
            let output = runtime.spawn(async move { bomb() });
            let payload = runtime.spawn(async move { std::panic::resume_unwind(Box::new(bomb())) });
            let job_output = runtime.spawn_blocking(bomb);
            let held = bomb();
            let job = runtime.spawn_blocking(move || {
                let _held = held;
            });
            let ended = || output.is_finished() && payload.is_finished() && job_output.is_finished();
            if n % 2 == 0 {
                // The handles have something to drop; otherwise most of it is dropped by who runs the task.
                until_within(&runtime, "all have ended", ended);
            }
            drop((output, payload, job_output));
            assert_eq!(message(&*runtime.block_on(job).unwrap_err().into_panic()), "a drop's");
        }
        assert_lives(Some(runtime));
    });
}
