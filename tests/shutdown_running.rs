//! A shutdown meets tasks that run or sleep: they are cancelled at their next suspension point, and never see a dead timer.

mod support;

use std::future::pending;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::time::Duration;
use std::{future, task, thread};

use fusee::runtime::{Builder, Handle};
use fusee::time::{Instant, sleep};
use futures::executor;
use support::{Latch, holding, on_1_2_and_4_workers, on_drop, poll_once, until, watchdog, workers};

#[test]
fn tasks_that_sleep_are_cancelled() {
    on_1_2_and_4_workers(|runtime| {
        let count = runtime.metrics().num_workers();
        drop(runtime);
        for _ in 0..300 {
            let runtime = workers(count);
            let sleepers: Vec<_> =
                (0..10).map(|_| runtime.spawn(async { sleep(Duration::from_secs(3600)).await })).collect();
            until("all sleep", || runtime.metrics().timers_live() == 10);
            let handle = runtime.handle().clone();
            let closer = handle.spawn(async move { drop(runtime) });
            executor::block_on(closer).unwrap();
            for sleeper in sleepers {
                let error = executor::block_on(sleeper).unwrap_err();
                assert!(error.is_cancelled(), "{error}");
            }
        }
    });
}

#[test]
fn a_task_that_runs_and_then_sleeps_is_cancelled() {
    watchdog(|| {
        let runtime = workers(2);
        let handle = runtime.handle().clone();
        let (started, tell) = (Latch::new(), Latch::new());
        let open = tell.clone();
        drop(started);
        let task = runtime.spawn(future::poll_fn(move |context| {
            open.open();
            // Once the other worker has closed the lists, tasks are refused.
            until("the shutdown has begun", || handle.spawn(pending::<()>()).is_finished());
            for _ in 0..10_000 {
                let mut pause = sleep(Duration::from_secs(3600));
                assert!(poll_once(&mut pause, context.waker()).is_pending());
                pause.reset(Instant::now() + Duration::from_secs(1800));
                assert!(poll_once(&mut pause, context.waker()).is_pending());
                thread::yield_now();
            }
            task::Poll::<()>::Pending
        }));
        tell.wait();
        drop(runtime);
        let error = executor::block_on(task).unwrap_err();
        assert!(error.is_cancelled(), "{error}");
    });
}

/// The driver drops what a worker has queued after others had exited.
#[test]
fn a_future_that_the_driver_drops_finds_its_runtime_entered() {
    watchdog(|| {
        let (announced, go, end) = (Latch::new(), Latch::new(), Latch::new());
        let (announce, wait) = (announced.clone(), go.clone());
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_task_spawn(move |task| {
                if task.name() == Some("late") {
                    announce.open();
                    wait.wait();
                }
            })
            .build()
            .expect("a runtime");
        let handle = runtime.handle().clone();
        let (id, ended) = (handle.id(), end.clone());
        let (tell_task, its_task) = channel();
        let (tell_drop, its_drop) = channel();
        let spawns = runtime.spawn(async move {
            let guard = on_drop(move || {
                let thread = thread::current().name().map(str::to_owned);
                tell_drop.send((thread, Handle::try_current().map(|current| current.id()))).unwrap();
                drop(fusee::spawn(async {}));
            });
            let late = fusee::task::Builder::new().name("late").spawn(holding(guard, |_| Poll::<()>::Pending));
            tell_task.send(late.unwrap()).unwrap();
            ended.wait();
        });
        announced.wait();
        let idle = runtime.spawn(pending::<()>());
        runtime.shutdown_background();
        assert!(executor::block_on(idle).unwrap_err().is_cancelled(), "the other worker exits");
        go.open();
        let late = its_task.recv().unwrap();
        let (thread, entered) = its_drop.recv().unwrap();
        assert_eq!(thread.as_deref(), Some("fusee-driver"), "both workers are gone, or in a poll");
        assert_eq!(entered.unwrap(), id);
        assert!(executor::block_on(late).unwrap_err().is_cancelled(), "its drop may spawn");
        end.open();
        executor::block_on(spawns).unwrap();
    });
}
