//! Aborting a task in each of its states: where and when its future is dropped, and what its handle says.

mod support;

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;

use fusee::runtime::Runtime;
use fusee::task::{LocalSet, yield_now};
use futures::executor;
use support::{Drops, Latch, holding, is_current_thread, on_drop, on_every_flavour, on_one_worker, until_within};

/// Blocks the worker of a runtime that has one, until the latch opens. That of a current-thread runtime needs no blocking.
fn block(runtime: &Runtime) -> Latch {
    let (busy, go) = (Latch::new(), Latch::new());
    if is_current_thread(runtime) {
        return go;
    }
    let (tell, open) = (busy.clone(), go.clone());
    drop(runtime.spawn(async move {
        tell.open();
        open.wait();
    }));
    busy.wait();
    go
}

#[test]
fn before_its_first_poll_it_is_never_polled() {
    on_one_worker(|runtime| {
        let go = block(&runtime);
        let drops = Drops::new();
        let task = runtime.spawn(holding(drops.token(), |_| -> Poll<()> { unreachable!("it was aborted before") }));
        task.abort();
        task.abort();
        assert!(!task.is_finished());
        assert_eq!(drops.count(), 0, "a queued task is dropped by its worker");
        go.open();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn while_it_is_queued_again_it_is_not_polled_any_more() {
    on_one_worker(|runtime| {
        let drops = Drops::new();
        let polled = Latch::new();
        let (tell, token) = (polled.clone(), drops.token());
        let slot = Arc::new(Mutex::new(None));
        let leave = slot.clone();
        let task = runtime.spawn(holding(token, move |context| {
            assert!(!tell.is_open(), "it was aborted while it was queued");
            *leave.lock().unwrap() = Some(context.waker().clone());
            tell.open();
            Poll::<()>::Pending
        }));
        until_within(&runtime, "it is polled", || polled.is_open());
        let go = block(&runtime);
        slot.lock().unwrap().take().unwrap().wake();
        task.abort();
        go.open();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn while_it_waits_it_is_dropped() {
    on_every_flavour(|runtime| {
        for _ in 0..100 {
            let drops = Drops::new();
            let polled = Latch::new();
            let tell = polled.clone();
            let task = runtime.spawn(holding(drops.token(), move |_| {
                tell.open();
                Poll::<()>::Pending
            }));
            until_within(&runtime, "it is polled", || polled.is_open());
            task.abort_handle().abort();
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            assert_eq!(drops.count(), 1);
        }
    });
}

#[test]
fn while_it_runs_it_is_dropped_when_it_suspends() {
    on_every_flavour(|runtime| {
        let (started, go, drops) = (Latch::new(), Latch::new(), Drops::new());
        let (tell, open) = (started.clone(), go.clone());
        let task = runtime.spawn(holding(drops.token(), move |_| {
            tell.open();
            open.wait();
            Poll::<()>::Pending
        }));
        let (abort, dropped) = (task.abort_handle(), drops.clone());
        let aborter = thread::spawn(move || {
            started.wait();
            abort.abort();
            assert_eq!(dropped.count(), 0, "it runs");
            assert!(!abort.is_finished());
            go.open();
        });
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
        aborter.join().unwrap();
    });
}

#[test]
fn while_it_runs_and_then_completes_it_keeps_its_output() {
    on_every_flavour(|runtime| {
        let (started, go) = (Latch::new(), Latch::new());
        let (tell, open) = (started.clone(), go.clone());
        let task = runtime.spawn(async move {
            tell.open();
            open.wait();
            42
        });
        let abort = task.abort_handle();
        let aborter = thread::spawn(move || {
            started.wait();
            abort.abort();
            go.open();
        });
        assert_eq!(runtime.block_on(task).unwrap(), 42);
        aborter.join().unwrap();
    });
}

#[test]
fn after_it_completed_nothing_happens() {
    on_every_flavour(|runtime| {
        let task = runtime.spawn(async { 42 });
        let abort = task.abort_handle();
        until_within(&runtime, "it is complete", || task.is_finished());
        abort.abort();
        task.abort();
        assert!(abort.is_finished());
        assert_eq!(runtime.block_on(task).unwrap(), 42);
        abort.abort();
    });
}

#[test]
fn a_task_may_abort_itself() {
    on_every_flavour(|runtime| {
        let slot = Arc::new(Mutex::new(None::<fusee::task::AbortHandle>));
        let own = slot.clone();
        let (go, drops) = (Latch::new(), Drops::new());
        let (open, token) = (go.clone(), drops.token());
        let task = runtime.spawn(async move {
            let _token = token;
            open.wait();
            own.lock().unwrap().take().unwrap().abort();
            yield_now().await;
            unreachable!("it was aborted");
        });
        *slot.lock().unwrap() = Some(task.abort_handle());
        go.open();
        let error: fusee::task::JoinError = runtime.block_on(task).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn the_future_is_dropped_on_a_worker_and_never_on_the_stack_of_the_caller() {
    thread_local! {
        static ABORTS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    on_every_flavour(|runtime| {
        let here = is_current_thread(&runtime);
        let spawn = |drops: &Drops| {
            let token = drops.token();
            let checked = on_drop(move || {
                let _token = token;
                assert!(!ABORTS.get(), "dropped by the call");
                assert!(here || thread::current().name().is_some_and(|name| name.starts_with("fusee-worker-")));
            });
            runtime.spawn(holding(checked, |_| Poll::<()>::Pending))
        };
        let abort = |task: &fusee::task::JoinHandle<()>| {
            ABORTS.set(true);
            task.abort();
            ABORTS.set(false);
        };
        let drops = Drops::new();
        for _ in 0..100 {
            let task = spawn(&drops);
            abort(&task);
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            let task = spawn(&drops);
            let aborter = runtime.spawn(async move {
                ABORTS.set(true);
                task.abort();
                ABORTS.set(false);
                task.await.unwrap_err().is_cancelled()
            });
            assert!(runtime.block_on(aborter).unwrap());
        }
        assert_eq!(drops.count(), 200);
    });
}

#[test]
fn under_a_lock_that_the_futures_drop_takes_it_does_not_deadlock() {
    on_every_flavour(|runtime| {
        let lock = Arc::new(Mutex::new(0));
        let guarded = |lock: &Arc<Mutex<i32>>| {
            let lock = lock.clone();
            on_drop(move || *lock.lock().unwrap() += 1)
        };
        for _ in 0..100 {
            let task = runtime.spawn(holding(guarded(&lock), |_| Poll::<()>::Pending));
            let held = lock.lock().unwrap();
            task.abort();
            drop(held);
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
            // From inside a task, whose worker has the other in its own queue; dropping the handle under the lock, too.
            let task = runtime.spawn(holding(guarded(&lock), |_| Poll::<()>::Pending));
            let inside = lock.clone();
            let aborter = runtime.spawn(async move {
                let held = inside.lock().unwrap();
                task.abort();
                drop(task);
                drop(held);
            });
            runtime.block_on(aborter).unwrap();
        }
        until_within(&runtime, "all are dropped", || *lock.lock().unwrap() == 200);
    });
}

#[test]
fn awaiting_the_handle_returns_only_after_the_future_was_dropped() {
    on_every_flavour(|runtime| {
        for round in 0..300 {
            let drops = Drops::new();
            let slow = {
                let token = drops.token();
                on_drop(move || {
                    (0..1000).for_each(|_| std::hint::spin_loop());
                    drop(token);
                })
            };
            let task = match round % 3 {
                0 => runtime.spawn(holding(slow, |_| Poll::Ready(()))),
                1 => runtime.spawn(holding(slow, |_| Poll::Pending)),
                _ => runtime.spawn(holding(slow, |_| support::quiet_panic("the poll's"))),
            };
            if round % 3 == 1 {
                task.abort();
            }
            let anywhere = round % 2 == 0 && !is_current_thread(&runtime);
            let outcome = if anywhere { executor::block_on(task) } else { runtime.block_on(task) };
            assert_eq!(outcome.is_ok(), round % 3 == 0);
            assert_eq!(drops.count(), 1);
        }
    });
}

/// Something that takes a while to drop, and counts then.
fn slow(drops: &Drops) -> impl Unpin + Send + use<> {
    let token = drops.token();
    on_drop(move || {
        (0..1000).for_each(|_| std::hint::spin_loop());
        drop(token);
    })
}

#[test]
fn awaiting_the_handle_of_a_job_returns_only_after_its_closure_was_dropped() {
    on_every_flavour(|runtime| {
        for round in 0..300 {
            let drops = Drops::new();
            let held = slow(&drops);
            let task = runtime.spawn_blocking(move || {
                let _held = &held;
                if round % 3 == 1 {
                    support::quiet_panic("the job's");
                }
                drop(held);
            });
            if round % 3 == 2 {
                task.abort();
            }
            let outcome = if round % 2 == 0 { executor::block_on(task) } else { runtime.block_on(task) };
            assert_eq!(drops.count(), 1, "{outcome:?}");
        }
        // One that never starts.
        let (handle, drops) = (runtime.handle().clone(), Drops::new());
        drop(runtime);
        let held = slow(&drops);
        executor::block_on(handle.spawn_blocking(move || drop(held))).unwrap_err();
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn awaiting_the_handle_of_a_local_task_returns_only_after_its_future_was_dropped() {
    on_every_flavour(|runtime| {
        for round in 0..300 {
            let (local, drops) = (LocalSet::new(), Drops::new());
            let task = match round % 4 {
                0 => local.spawn_local(holding(slow(&drops), |_| Poll::Ready(()))),
                1 => local.spawn_local(holding(slow(&drops), |_| support::quiet_panic("the poll's"))),
                _ => local.spawn_local(holding(slow(&drops), |_| Poll::Pending)),
            };
            let (counted, abort) = (drops.clone(), task.abort_handle());
            // On another thread than the set's.
            let waiter = runtime.spawn(async move {
                let outcome = task.await;
                assert_eq!(counted.count(), 1, "{outcome:?}");
            });
            match round % 4 {
                // Its set polls it to its end.
                0 | 1 => runtime.block_on(local),
                2 => {
                    abort.abort();
                    runtime.block_on(local);
                }
                _ => drop(local),
            }
            runtime.block_on(waiter).unwrap();
        }
    });
}

#[test]
fn a_handle_that_is_dropped_detaches_its_task() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        for n in 0..100 {
            let token = drops.token();
            let task = runtime.spawn(async move {
                for _ in 0..n % 10 {
                    yield_now().await;
                }
                token
            });
            if n % 2 == 0 {
                let _abort_handles_detach_too = task.abort_handle();
            }
            drop(task);
        }
        until_within(&runtime, "all have run", || drops.count() == 100);
        until_within(&runtime, "all are gone", || runtime.metrics().num_alive_tasks() == 0);
    });
}

#[test]
fn aborting_a_task_that_awaits_another_leaves_the_other_alone() {
    on_every_flavour(|runtime| {
        let (inner_go, drops) = (Latch::new(), Drops::new());
        let (open, token) = (inner_go.clone(), drops.token());
        let (tell, told) = std::sync::mpsc::channel();
        let outer = runtime.spawn(async move {
            let inner = fusee::spawn(poll_fn(move |context| {
                let _token = &token;
                if open.is_open() {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            }));
            tell.send(inner.abort_handle()).unwrap();
            inner.await.unwrap();
            pending::<()>().await;
        });
        let mut inner = None;
        until_within(&runtime, "the inner task is there", || {
            inner = told.try_recv().ok();
            inner.is_some()
        });
        let inner = inner.unwrap();
        outer.abort();
        assert!(runtime.block_on(outer).unwrap_err().is_cancelled());
        assert!(!inner.is_finished());
        assert_eq!(drops.count(), 0);
        inner_go.open();
        until_within(&runtime, "the other ends by itself", || inner.is_finished());
        assert_eq!(drops.count(), 1);
    });
}
