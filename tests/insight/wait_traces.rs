//! Where tasks wait: the stacks of their `.await`s.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::insight::{TaskState, WaitTrace};
use fusee::runtime::{Builder, Runtime};
use fusee::task::{Id, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;

use super::support::{Latch, PATIENCE, block_a_worker, quiet_panic, until, watchdog, workers};
use super::waiting;

const HOUR: Duration = Duration::from_secs(3_600);

/// The trace of `task`, once it is there.
fn trace_of(runtime: &Runtime, task: Id) -> WaitTrace {
    loop {
        let traces = runtime.handle().wait_traces(usize::MAX, PATIENCE);
        if let Some(trace) = traces.into_iter().find(|trace| trace.task() == task) {
            return trace;
        }
        thread::yield_now();
    }
}

async fn asks_a_channel(receiver: oneshot::Receiver<()>) {
    let _ = receiver.await;
}
const ASKS: u32 = line!() - 2;

async fn handles(receiver: oneshot::Receiver<()>) {
    asks_a_channel(receiver).await;
    yield_now().await;
}
const HANDLES: u32 = line!() - 3;

#[test]
fn the_calls_that_lead_to_an_await_are_told_with_their_lines() {
    watchdog(|| {
        for runtime in [workers(1), workers(2)] {
            let (sender, receiver) = oneshot::channel();
            let line = line!() + 1;
            let task = fusee::task::Builder::new().name("asks").spawn_on(handles(receiver), runtime.handle()).unwrap();
            let trace = trace_of(&runtime, task.id());
            assert_eq!(
                (trace.name(), trace.spawned_at().unwrap().line(), trace.stacks().len()),
                (Some("asks"), line, 1)
            );
            let text = trace.to_string();
            let place = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}: {text}"));
            let [asks, handles] = [ASKS, HANDLES].map(|line| place(&format!("tests/insight/wait_traces.rs:{line}:")));
            assert!(place("oneshot") < asks && asks < handles, "the innermost comes first: {text}");
            assert_eq!(text.matches("tests/insight/wait_traces.rs:").count(), 3, "the spawn and both: {text}");
            // Nothing of the runtime's own.
            assert!(!text.contains("fusee::task::") && !text.contains("force_capture"), "{text}");
            // It has lost nothing: its channel wakes it.
            sender.send(()).unwrap();
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn timers_joins_and_several_waits_at_once_are_told() {
    watchdog(|| {
        let runtime = workers(2);
        let sleeps = runtime.spawn(async { sleep(HOUR).await });
        assert!(trace_of(&runtime, sleeps.id()).to_string().contains("Sleep"));
        let (id, abort) = (sleeps.id(), sleeps.abort_handle());
        let joins = runtime.spawn(sleeps);
        assert!(trace_of(&runtime, joins.id()).to_string().contains("JoinHandle"));
        assert_eq!(trace_of(&runtime, id).stacks().len(), 1);
        let both = runtime.spawn(async { futures::join!(sleep(HOUR), sleep(2 * HOUR)) });
        let trace = trace_of(&runtime, both.id());
        assert!(trace.stacks().len() == 2 && trace.to_string().contains("waits at 2 places"), "{trace}");
        abort.abort();
        assert!(runtime.block_on(joins).unwrap().unwrap_err().is_cancelled());
    });
}

/// A task that is asked for ever goes on as if it were not.
#[test]
fn no_wake_is_lost_beside_traces() {
    watchdog(|| {
        let runtime = workers(2);
        let rounds = 2_000;
        let (sender, receiver) = futures::channel::mpsc::channel(1);
        let count = Arc::new(AtomicUsize::new(0));
        let counts = count.clone();
        let receives = runtime.spawn(async move {
            let mut receiver = receiver;
            while futures::StreamExt::next(&mut receiver).await.is_some() {
                counts.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_micros(10)).await;
            }
        });
        let sends = runtime.spawn(async move {
            let mut sender = sender;
            for _ in 0..rounds {
                futures::SinkExt::send(&mut sender, ()).await.unwrap();
            }
        });
        let mut traced = 0;
        while !receives.is_finished() {
            traced += runtime.handle().wait_traces(10, PATIENCE).len();
        }
        runtime.block_on(async { sends.await.unwrap() });
        assert!(count.load(Ordering::Relaxed) == rounds && traced > 0, "{traced} traces");
    });
}

#[test]
fn who_does_not_wait_is_not_asked_and_who_cannot_answer_is_not_waited_for() {
    watchdog(|| {
        let runtime = workers(1);
        // Stranded ones stay so, and are told of once.
        let stranded = runtime.spawn(pending::<()>());
        runtime.block_on(waiting(stranded.id()));
        assert!(runtime.handle().wait_traces(10, PATIENCE).is_empty());
        let sleeps: Vec<_> = (0..3).map(|_| runtime.spawn(async { sleep(HOUR).await })).collect();
        for task in &sleeps {
            runtime.block_on(waiting(task.id()));
        }
        assert_eq!(runtime.handle().wait_traces(2, PATIENCE).len(), 2);
        assert!(runtime.handle().wait_traces(0, PATIENCE).is_empty());
        // The one worker is stuck: nobody polls them.
        let (end, stuck) = block_a_worker(&runtime);
        let begun = std::time::Instant::now();
        let short = Duration::from_millis(20);
        assert!(runtime.handle().wait_traces(10, short).is_empty());
        assert!(begun.elapsed() >= short);
        end.open();
        runtime.block_on(stuck).unwrap();
        // Those that were asked in vain are polled then, and can be asked again.
        for task in &sleeps {
            runtime.block_on(waiting(task.id()));
        }
        assert_eq!(runtime.handle().wait_traces(10, PATIENCE).len(), 3);
        let handle = runtime.handle().clone();
        drop(runtime);
        assert!(handle.wait_traces(10, Duration::from_secs(1)).is_empty());
    });
}

#[test]
fn a_future_that_panics_or_ends_when_it_is_asked_is_as_in_any_poll() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let mut polls = 0;
        let (keep, kept) = std::sync::mpsc::channel();
        let task = runtime.spawn(poll_fn(move |context| {
            polls += 1;
            keep.send(context.waker().clone()).unwrap();
            if polls == 2 {
                quiet_panic("asked");
            }
            Poll::<()>::Pending
        }));
        runtime.block_on(waiting(task.id()));
        let traces = runtime.handle().wait_traces(10, PATIENCE);
        assert_eq!(traces.len(), 1, "it has cloned its waker before");
        assert!(runtime.block_on(task).unwrap_err().is_panic());
        drop(kept);
    });
}

/// It waits for its turn to ask, as another does meanwhile, which it keeps waiting.
#[test]
fn a_task_that_asks_as_it_is_asked_waits_no_longer_than_it_says() {
    watchdog(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let mut polls = 0;
        let task = runtime.spawn(poll_fn(move |context| {
            polls += 1;
            if polls == 2 {
                assert!(handle.wait_traces(10, Duration::from_millis(20)).is_empty());
            }
            // It is kept: the task can be asked.
            std::mem::forget(context.waker().clone());
            Poll::<()>::Pending
        }));
        runtime.block_on(waiting(task.id()));
        let traces = runtime.handle().wait_traces(10, PATIENCE);
        assert_eq!(traces.len(), 1);
        assert_eq!(runtime.handle().wait_traces(10, PATIENCE).len(), 1, "the turn was given back");
    });
}

/// A runtime whose worker is stuck, and a task that was asked meanwhile on another thread, which tells how many answers it got.
fn asked_in_vain(runtime: &Runtime) -> (Latch, fusee::task::JoinHandle<()>, thread::JoinHandle<usize>) {
    let sleeps = runtime.spawn(async { sleep(HOUR).await });
    runtime.block_on(waiting(sleeps.id()));
    let (end, _stuck) = block_a_worker(runtime);
    let handle = runtime.handle().clone();
    let asks = thread::spawn(move || handle.wait_traces(10, Duration::MAX).len());
    let is_queued = || {
        let dump = runtime.handle().dump();
        dump.tasks().iter().any(|task| task.id() == sleeps.id() && task.state() == TaskState::Queued)
    };
    until("it is asked", is_queued);
    (end, sleeps, asks)
}

#[test]
fn whoever_is_aborted_or_shut_down_is_not_waited_for() {
    watchdog(|| {
        let runtime = workers(1);
        let (end, task, asks) = asked_in_vain(&runtime);
        task.abort();
        assert_eq!(asks.join().unwrap(), 0);
        end.open();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        let (end, task, asks) = asked_in_vain(&runtime);
        let shuts_down = thread::spawn(move || drop(runtime));
        assert_eq!(asks.join().unwrap(), 0);
        end.open();
        shuts_down.join().unwrap();
        drop(task);
    });
}
