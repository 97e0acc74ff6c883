//! A shutdown meets tasks that run or sleep: they are cancelled at their next suspension point, and never see a dead timer.

mod support;

use std::future::pending;
use std::time::Duration;
use std::{future, task, thread};

use fusee::time::{Instant, sleep};
use futures::executor;
use support::{Latch, on_1_2_and_4_workers, poll_once, until, watchdog, workers};

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
