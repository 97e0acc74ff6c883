//! Chains a hundred thousand tasks deep, on small stacks: nothing recurses, however long the chain of wakes or drops.

mod support;

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::{JoinHandle, LocalSet};
use futures::channel::oneshot;
use futures::executor;
use support::wakers::calling;
use support::{Drops, holding, poll_once, until_within, watchdog};

const DEPTH: usize = 100_000;

const STACK: usize = 256 * 1024;

/// Runs `body` with a runtime of each flavour, on a thread with a stack as small as the workers'.
fn on_small_stacks(body: impl Fn(Runtime) + Send + 'static) {
    let bodies = move || {
        for build in [Builder::new_current_thread, Builder::new_multi_thread] {
            body(build().worker_threads(2).thread_stack_size(STACK).build().expect("a runtime"));
        }
    };
    watchdog(|| std::thread::Builder::new().stack_size(STACK).spawn(bodies).expect("a thread").join().unwrap());
}

/// A chain of tasks, each of which awaits the one before.
fn chain(runtime: &Runtime, drops: &Drops, first: JoinHandle<usize>) -> JoinHandle<usize> {
    (0..DEPTH).fold(first, |before, _| {
        let token = drops.token();
        runtime.spawn(async move {
            let _token = token;
            before.await.map_or(usize::MAX, |depth| depth.saturating_add(1))
        })
    })
}

#[test]
fn a_chain_of_awaits_completes() {
    on_small_stacks(|runtime| {
        let drops = Drops::new();
        let (go, wait) = oneshot::channel();
        let last = chain(&runtime, &drops, runtime.spawn(async { wait.await.unwrap() }));
        go.send(0).unwrap();
        assert_eq!(runtime.block_on(last).unwrap(), DEPTH);
        assert_eq!(drops.count(), DEPTH);
    });
}

#[test]
fn a_chain_of_awaits_is_dropped_at_shutdown() {
    on_small_stacks(|runtime| {
        let drops = Drops::new();
        let last = chain(&runtime, &drops, runtime.spawn(pending()));
        drop(runtime);
        assert_eq!(drops.count(), DEPTH);
        // It may have been polled when the one before was cancelled, on another worker.
        let _ = executor::block_on(last);
    });
}

#[test]
fn a_chain_of_awaits_unravels_when_its_first_task_is_aborted() {
    on_small_stacks(|runtime| {
        let drops = Drops::new();
        let first = runtime.spawn(pending());
        let abort = first.abort_handle();
        let last = chain(&runtime, &drops, first);
        abort.abort();
        assert_eq!(runtime.block_on(last).unwrap(), usize::MAX);
        assert_eq!(drops.count(), DEPTH);
    });
}

#[test]
fn tasks_that_each_spawn_and_await_the_next_complete() {
    fn nest(depth: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        Box::pin(async move { if depth == 0 { 0 } else { fusee::spawn(nest(depth - 1)).await.unwrap() + 1 } })
    }
    on_small_stacks(|runtime| {
        assert_eq!(runtime.block_on(runtime.spawn(nest(DEPTH))).unwrap(), DEPTH);
    });
}

#[test]
fn a_chain_of_futures_that_abort_the_next_in_their_drop_is_dropped() {
    /// Aborts its task when it is dropped.
    struct Owner(JoinHandle<()>);
    impl Drop for Owner {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    on_small_stacks(|runtime| {
        let drops = Drops::new();
        let chain = || {
            (0..DEPTH).fold(runtime.spawn(pending()), |before, _| {
                let (token, owner) = (drops.token(), Owner(before));
                runtime.spawn(async move {
                    let _held = (token, owner);
                    pending::<()>().await;
                })
            })
        };
        chain().abort();
        until_within(&runtime, "all are dropped", || drops.count() == DEPTH);
        drop(chain());
        drop(runtime);
        assert_eq!(drops.count(), 2 * DEPTH);
    });
}

#[test]
fn a_chain_of_join_wakers_that_abort_the_next_task_is_dropped() {
    on_small_stacks(|runtime| {
        let drops = Drops::new();
        let (mut handles, mut aborts) = (Vec::new(), Vec::new());
        for _ in 0..DEPTH {
            let task = runtime.spawn(holding(drops.token(), |_| Poll::<()>::Pending));
            aborts.push(task.abort_handle());
            handles.push(task);
        }
        let first = aborts[0].clone();
        for (task, next) in handles.iter_mut().zip(aborts.into_iter().skip(1)) {
            assert!(poll_once(task, &calling(move || next.abort())).is_pending());
        }
        first.abort();
        until_within(&runtime, "all are dropped", || drops.count() == DEPTH);
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

#[test]
fn a_chain_of_local_tasks_that_await_each_other_completes_or_is_dropped_with_its_set() {
    on_small_stacks(|runtime| {
        for complete in [true, false] {
            let (local, drops) = (LocalSet::new(), Drops::new());
            let (go, wait) = oneshot::channel::<usize>();
            let first = local.spawn_local(async { wait.await.unwrap_or(usize::MAX) });
            let last = (0..DEPTH).fold(first, |before, _| {
                let token = drops.token();
                local.spawn_local(async move {
                    let _token = token;
                    before.await.map_or(usize::MAX, |depth| depth.saturating_add(1))
                })
            });
            if complete {
                go.send(0).unwrap();
                assert_eq!(local.block_on(&runtime, last).unwrap(), DEPTH);
            } else {
                local.block_on(&runtime, fusee::task::yield_now());
                drop(local);
                assert!(executor::block_on(last).unwrap_err().is_cancelled());
            }
            assert_eq!(drops.count(), DEPTH);
        }
    });
}

#[test]
fn a_chain_of_wakes_by_foreign_wakers_completes() {
    on_small_stacks(|runtime| {
        // Each link is woken by the drop of the sender before.
        let (first, mut before) = oneshot::channel::<()>();
        let mut last = None;
        for _ in 0..DEPTH {
            let (link, next) = oneshot::channel::<()>();
            let wait = std::mem::replace(&mut before, next);
            last = Some(runtime.spawn(async move {
                let _link = link;
                let _ = wait.await;
                fusee::time::sleep(Duration::ZERO).await;
            }));
        }
        drop(first);
        runtime.block_on(last.unwrap()).unwrap();
    });
}
