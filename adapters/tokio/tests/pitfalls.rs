//! Where code under the bridge differs from the same code in a runtime of tokio's, as `fusee_tokio`'s page says under "What differs".

mod support;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::task::coop::cooperative;
use fusee_tokio::{Bridge, BuilderExt};
use support::{on_every_flavour, watchdog, workers};
use tokio::task::coop;

const SHORT: Duration = Duration::from_millis(5);

fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

#[test]
fn what_tokio_spawns_runs_on_the_bridges_threads_outside_of_fusee() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let outside = || (thread_name(), fusee::runtime::Handle::try_current().is_err());
            let expected = (Some("fusee-tokio".to_owned()), true);
            assert_eq!(tokio::spawn(async move { outside() }).await.unwrap(), expected);
            assert_eq!(tokio::task::spawn_blocking(outside).await.unwrap(), expected);
            // A handle that was taken along reaches the runtime.
            let handle = fusee::runtime::Handle::current();
            let there =
                tokio::spawn(async move { handle.spawn(async { fusee::runtime::Handle::current().id() }).await });
            assert_eq!(there.await.unwrap().unwrap(), fusee::runtime::Handle::current().id());
        });
    });
}

#[test]
fn handles_of_tokios_tasks_are_awaited_in_tasks_of_fusees() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (ready, aborted) = (tokio::spawn(async { 7 }), tokio::spawn(pending::<()>()));
            aborted.abort();
            let task = fusee::spawn(async { (ready.await.unwrap(), aborted.await.unwrap_err().is_cancelled()) });
            assert_eq!(task.await.unwrap(), (7, true));
            let mut set = tokio::task::JoinSet::new();
            (0..10).for_each(|n| drop(set.spawn(async move { n })));
            assert_eq!(set.join_all().await.into_iter().sum::<i32>(), 45);
        });
    });
}

#[test]
fn tokios_block_in_place_keeps_the_worker() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let index = fusee::runtime::worker_index;
            (tokio::task::block_in_place(index), fusee::task::block_in_place(index))
        });
        assert_eq!(runtime.block_on(task).unwrap(), (Some(0), None));
    });
}

#[test]
fn tokios_block_on_blocks_the_worker_where_tokio_panics() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            tokio::runtime::Handle::current().block_on(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                fusee::runtime::worker_index()
            })
        });
        assert_eq!(runtime.block_on(task).unwrap(), Some(0));
        let task = runtime.spawn(async {
            let (send, receive) = tokio::sync::oneshot::channel();
            send.send(7).unwrap();
            receive.blocking_recv().unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    });
}

#[cfg(feature = "test-util")]
#[test]
fn fusees_clock_pauses_and_tokios_does_not() {
    use std::time::Instant;

    watchdog(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.start_paused(true).with_tokio().unwrap().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            fusee::time::sleep(Duration::from_secs(3600)).await;
            // Nothing is awake while tokio's clock goes on: ours jumps to the limit.
            let limit = Duration::from_secs(3600);
            fusee::time::timeout(limit, tokio::time::sleep(Duration::from_secs(3600))).await.unwrap_err();
            assert!(start.elapsed() < Duration::from_secs(3600));
            let held = fusee::time::hold();
            let start = Instant::now();
            fusee::time::timeout(limit, tokio::time::sleep(SHORT)).await.unwrap();
            assert!(start.elapsed() >= SHORT);
            drop(held);
        });
    });
}

/// Polls `future` once: whether it is ready.
async fn once(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

#[test]
fn nobody_grants_tokios_budget() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            // A task of tokio's gives way 78 times.
            let spends = once(async {
                for _ in 0..10_000 {
                    coop::consume_budget().await;
                }
            });
            assert!(fusee::spawn(spends).await.unwrap());
            assert!(coop::has_budget_remaining());
            let gives_way = once(async {
                for _ in 0..10_000 {
                    cooperative(coop::consume_budget()).await;
                }
            });
            assert!(!fusee::spawn(gives_way).await.unwrap());
        });
    });
}

#[test]
fn a_local_set_of_tokios_runs_where_it_is_awaited() {
    on_every_flavour(|runtime| {
        let sum = Rc::new(Cell::new(0));
        let set = tokio::task::LocalSet::new();
        runtime.block_on(set.run_until(async {
            for n in 0..10 {
                let sum = sum.clone();
                let add = async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    sum.set(sum.get() + n);
                };
                tokio::task::spawn_local(add).await.unwrap();
            }
        }));
        assert_eq!(sum.get(), 45);
        let outside =
            runtime.block_on(async { fusee::spawn(async { drop(tokio::task::spawn_local(async {})) }).await.is_err() });
        assert!(outside, "tokio panics without a set");
    });
}

#[test]
fn a_runtime_of_tokios_that_ends_first_takes_its_timers_along() {
    watchdog(|| {
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bridge = Bridge::from_handle(tokio.handle().clone());
        let runtime = Builder::new_multi_thread().worker_threads(1).with_bridge(&bridge).build().unwrap();
        let spawned = bridge.handle().spawn(pending::<()>());
        tokio.shutdown_timeout(Duration::from_secs(60));
        assert!(runtime.block_on(spawned).unwrap_err().is_cancelled());
        let sleeps = runtime.spawn(async { tokio::time::sleep(SHORT).await });
        assert!(runtime.block_on(sleeps).unwrap_err().is_panic());
        assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
    });
}

#[test]
fn entering_a_runtime_of_fusees_does_not_enter_tokios() {
    watchdog(|| {
        let bridge = Bridge::new().unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).with_bridge(&bridge).build().unwrap();
        let _entered = runtime.enter();
        assert!(tokio::runtime::Handle::try_current().is_err());
        let _bridged = bridge.enter();
        let mut sleep = Box::pin(tokio::time::sleep(Duration::from_secs(3600)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    });
}
