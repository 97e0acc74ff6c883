//! Chains a hundred thousand tasks deep, on small stacks: nothing recurses, however long the chain of wakes or drops.

mod support;

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use fusee::runtime::{Builder, Runtime};
use fusee::task::JoinHandle;
use futures::channel::oneshot;
use futures::executor;
use support::{Drops, watchdog};

const DEPTH: usize = 100_000;

fn small_stacks() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).thread_stack_size(256 * 1024).build().expect("a runtime")
}

/// Runs `body` on a thread with a stack as small as the workers'.
fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    watchdog(|| {
        std::thread::Builder::new().stack_size(256 * 1024).spawn(body).expect("a thread").join().unwrap();
    });
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
    on_a_small_stack(|| {
        let (runtime, drops) = (small_stacks(), Drops::new());
        let (go, wait) = oneshot::channel();
        let last = chain(&runtime, &drops, runtime.spawn(async { wait.await.unwrap() }));
        go.send(0).unwrap();
        assert_eq!(executor::block_on(last).unwrap(), DEPTH);
        assert_eq!(drops.count(), DEPTH);
    });
}

#[test]
fn a_chain_of_awaits_is_dropped_at_shutdown() {
    on_a_small_stack(|| {
        let (runtime, drops) = (small_stacks(), Drops::new());
        let last = chain(&runtime, &drops, runtime.spawn(pending()));
        drop(runtime);
        assert_eq!(drops.count(), DEPTH);
        // It may have been polled when the one before was cancelled, on another worker.
        let _ = executor::block_on(last);
    });
}

#[test]
fn a_chain_of_awaits_unravels_when_its_first_task_is_aborted() {
    on_a_small_stack(|| {
        let (runtime, drops) = (small_stacks(), Drops::new());
        let first = runtime.spawn(pending());
        let abort = first.abort_handle();
        let last = chain(&runtime, &drops, first);
        abort.abort();
        assert_eq!(executor::block_on(last).unwrap(), usize::MAX);
        assert_eq!(drops.count(), DEPTH);
    });
}

#[test]
fn tasks_that_each_spawn_and_await_the_next_complete() {
    fn nest(depth: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        Box::pin(async move { if depth == 0 { 0 } else { fusee::spawn(nest(depth - 1)).await.unwrap() + 1 } })
    }
    on_a_small_stack(|| {
        let runtime = small_stacks();
        assert_eq!(executor::block_on(runtime.spawn(nest(DEPTH))).unwrap(), DEPTH);
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
    on_a_small_stack(|| {
        for shut_down in [false, true] {
            let (runtime, drops) = (small_stacks(), Drops::new());
            let last = (0..DEPTH).fold(runtime.spawn(pending()), |before, _| {
                let (token, owner) = (drops.token(), Owner(before));
                runtime.spawn(async move {
                    let _held = (token, owner);
                    pending::<()>().await;
                })
            });
            if !shut_down {
                last.abort();
                support::until("all are dropped", || drops.count() == DEPTH);
            }
            drop(runtime);
            assert_eq!(drops.count(), DEPTH);
        }
    });
}

#[test]
fn a_chain_of_wakes_by_foreign_wakers_completes() {
    on_a_small_stack(|| {
        let runtime = small_stacks();
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
        executor::block_on(last.unwrap()).unwrap();
    });
}
