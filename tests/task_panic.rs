//! A panic in a task ends that task alone, wherever the panic comes from: a poll, a future's drop, an output's, a payload's.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::task::Poll;

use fusee::runtime::Runtime;
use futures::executor;
use support::{
    Drops, Latch, Token, holding, message, on_drop, on_every_flavour, quiet_panic, until_within, watchdog, workers,
};

/// Panics when it is dropped, and counts that.
struct PanicsInDrop(#[expect(dead_code, reason = "it counts in its drop")] Token);

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        quiet_panic("a drop's panic");
    }
}

/// The runtime still has all its workers: that many tasks can block their threads at once.
fn assert_workers_live(runtime: &Runtime) {
    let count = runtime.metrics().num_workers();
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let barrier = barrier.clone();
            runtime.spawn(async move { barrier.wait().is_leader() })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).expect("the workers live");
    }
}

#[test]
fn the_handle_gets_the_payload_and_other_tasks_go_on() {
    on_every_flavour(|runtime| {
        let others: Vec<_> = (0..100)
            .map(|n| {
                runtime.spawn(async move {
                    fusee::task::yield_now().await;
                    n
                })
            })
            .collect();
        let handle = runtime.spawn(async { panic!("number {}", 42) });
        let id = handle.id();
        let error = runtime.block_on(handle).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.id(), id);
        assert!(error.to_string().contains("number 42"), "{error}");
        assert!(format!("{error:?}").contains("number 42"), "{error:?}");
        assert_eq!(message(&*error.into_panic()), "number 42");
        for (n, other) in others.into_iter().enumerate() {
            assert_eq!(runtime.block_on(other).unwrap(), n);
        }
        assert_workers_live(&runtime);
    });
}

#[test]
fn a_payload_of_any_type_reaches_the_handle() {
    watchdog(|| {
        let runtime = workers(1);
        let error = runtime.block_on(runtime.spawn(async { panic_any(7u8) })).unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
        assert_eq!(error.try_into_panic().unwrap().downcast_ref(), Some(&7u8));
        let cancelled = runtime.spawn(std::future::pending::<()>());
        cancelled.abort();
        let error = runtime.block_on(cancelled).unwrap_err().try_into_panic().unwrap_err();
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("cancelled"), "{error}");
    });
}

#[test]
fn a_future_that_panics_in_its_drop_after_it_was_ready_gives_the_panic_instead_of_the_output() {
    on_every_flavour(|runtime| {
        let (futures, outputs) = (Drops::new(), Drops::new());
        let output = outputs.clone();
        let future = holding(PanicsInDrop(futures.token()), move |_| Poll::Ready(output.token()));
        let error = runtime.block_on(runtime.spawn(future)).unwrap_err();
        assert_eq!(message(&*error.into_panic()), "a drop's panic");
        assert_eq!((futures.count(), outputs.count()), (1, 1));
        assert_workers_live(&runtime);
    });
}

#[test]
fn a_future_that_panics_in_its_drop_after_an_abort_gives_the_panic() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let handle = runtime.spawn(holding(PanicsInDrop(drops.token()), |_| Poll::<()>::Pending));
        handle.abort();
        let error = runtime.block_on(handle).unwrap_err();
        assert_eq!(message(&*error.into_panic()), "a drop's panic");
        assert_eq!(drops.count(), 1);
        assert_workers_live(&runtime);
    });
}

#[test]
fn futures_that_panic_in_their_drop_at_shutdown_keep_no_other_from_being_dropped() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let mut handles = Vec::new();
        for n in 0..100 {
            let token = drops.token();
            handles.push(if n % 2 == 0 {
                runtime.spawn(holding(PanicsInDrop(token), |_| Poll::<()>::Pending))
            } else {
                runtime.spawn(holding(token, |_| Poll::<()>::Pending))
            });
        }
        drop(runtime);
        assert_eq!(drops.count(), 100);
        for (n, handle) in handles.into_iter().enumerate() {
            let error = executor::block_on(handle).unwrap_err();
            assert_eq!(error.is_panic(), n % 2 == 0, "{n}: {error}");
        }
    });
}

#[test]
fn of_a_panic_in_the_poll_and_another_in_the_drop_the_handle_gets_the_first() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let future = holding(PanicsInDrop(drops.token()), |_| -> Poll<()> { panic!("the poll's panic") });
        let error = runtime.block_on(runtime.spawn(future)).unwrap_err();
        assert_eq!(message(&*error.into_panic()), "the poll's panic");
        assert_eq!(drops.count(), 1);
        assert_workers_live(&runtime);
    });
}

#[test]
fn an_output_that_panics_in_its_drop_harms_nobody_when_its_handle_was_dropped_before() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let (go, token) = (Latch::new(), drops.token());
        let open = go.clone();
        drop(runtime.spawn(async move {
            open.wait();
            PanicsInDrop(token)
        }));
        go.open();
        until_within(&runtime, "the output is dropped", || drops.count() == 1);
        assert_workers_live(&runtime);
    });
}

#[test]
fn an_output_that_panics_in_its_drop_harms_nobody_when_its_handle_is_dropped_after() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let handle = runtime.spawn(async move { PanicsInDrop(token) });
        until_within(&runtime, "the task is complete", || handle.is_finished());
        drop(handle);
        assert_eq!(drops.count(), 1);
        assert_workers_live(&runtime);
    });
}

#[test]
fn a_payload_that_panics_in_its_drop_harms_nobody() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        // Its drop panics with a payload whose drop panics.
        let payload = |drops: &Drops| {
            let token = drops.token();
            on_drop(move || panic_any(PanicsInDrop(token)))
        };
        let before = payload(&drops);
        let go = Latch::new();
        let open = go.clone();
        drop(runtime.spawn(async move {
            open.wait();
            panic_any(before)
        }));
        go.open();
        let after = payload(&drops);
        let handle = runtime.spawn(async move { panic_any(after) });
        until_within(&runtime, "the task is complete", || handle.is_finished());
        drop(handle);
        let second = payload(&drops);
        let double = holding(on_drop(move || panic_any(second)), |_| -> Poll<()> { panic!("first") });
        assert_eq!(message(&*runtime.block_on(runtime.spawn(double)).unwrap_err().into_panic()), "first");
        assert_workers_live(&runtime);
    });
}

#[test]
fn a_panic_in_the_root_future_leaves_the_runtime_usable() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async move {
                let _token = token;
                fusee::task::yield_now().await;
                panic!("the root's panic");
            })
        }));
        assert_eq!(message(&*panicked.unwrap_err()), "the root's panic");
        assert_eq!(drops.count(), 1);
        assert!(fusee::runtime::Handle::try_current().is_err(), "the runtime was left");
        assert_eq!(runtime.block_on(async { fusee::spawn(async { 42 }).await.unwrap() }), 42);
        assert_workers_live(&runtime);
    });
}

#[test]
fn ten_thousand_panics_leave_all_workers_alive() {
    on_every_flavour(|runtime| {
        // `resume_unwind` panics without the hook's message.
        let tasks: Vec<_> =
            (0..10_000u32).map(|n| runtime.spawn(async move { std::panic::resume_unwind(Box::new(n)) })).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            let task: fusee::task::JoinHandle<()> = task;
            let payload = runtime.block_on(task).unwrap_err().into_panic();
            assert_eq!(payload.downcast_ref(), Some(&(n as u32)));
        }
        assert_workers_live(&runtime);
    });
}
