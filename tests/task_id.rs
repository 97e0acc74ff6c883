//! Who a task is: its identifier and its name, seen from inside, from its handles and from its errors.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;

use fusee::runtime::{Handle, Runtime};
use fusee::task::{self, Builder, Id, JoinHandle};
use futures::channel::oneshot;
use futures::executor;
use support::{holding, message, on_1_2_and_4_workers, on_drop, poll_once, quiet_panic, until, watchdog, workers};

/// Something whose drop reports which task's code it is part of.
fn reporter() -> (impl Send + Unpin + 'static, Receiver<Option<Id>>) {
    let (report, reports): (Sender<Option<Id>>, _) = channel();
    (on_drop(move || report.send(task::try_id()).unwrap()), reports)
}

fn named<F>(runtime: &Runtime, name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    Builder::new().name(name).spawn_on(future, runtime.handle()).unwrap()
}

#[test]
fn a_task_sees_the_identifier_of_its_handle_in_every_poll() {
    on_1_2_and_4_workers(|runtime| {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                runtime.spawn(async {
                    let first = task::id();
                    task::yield_now().await;
                    (first, task::id(), task::try_id())
                })
            })
            .collect();
        for task in tasks {
            let id = task.id();
            assert_eq!(executor::block_on(task).unwrap(), (id, id, Some(id)));
        }
    });
}

#[test]
fn outside_tasks_there_is_none() {
    watchdog(|| {
        let runtime = workers(1);
        assert_eq!(task::try_id(), None);
        assert_eq!(task::try_name(), None);
        assert_eq!(runtime.block_on(async { task::try_id() }), None);
        let _entered = runtime.enter();
        assert_eq!(task::try_id(), None);
        let payload = catch_unwind(|| task::id()).unwrap_err();
        assert!(message(&*payload).contains("no current task"), "{}", message(&*payload));
        let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { task::id() }))).unwrap_err();
        assert!(message(&*payload).contains("block_on"), "{}", message(&*payload));
    });
}

#[test]
fn a_future_is_dropped_as_its_own_task_once_it_is_ready() {
    on_1_2_and_4_workers(|runtime| {
        let (held, reports) = reporter();
        let task = runtime.spawn(holding(held, |_| Poll::Ready(())));
        let id = task.id();
        executor::block_on(task).unwrap();
        assert_eq!(reports.recv().unwrap(), Some(id));
    });
}

#[test]
fn a_future_is_dropped_as_its_own_task_when_it_is_aborted() {
    on_1_2_and_4_workers(|runtime| {
        let (held, reports) = reporter();
        let task = runtime.spawn(holding(held, |_| Poll::<()>::Pending));
        let id = task.id();
        task.abort();
        assert!(executor::block_on(task).unwrap_err().is_cancelled());
        assert_eq!(reports.recv().unwrap(), Some(id));
    });
}

#[test]
fn a_future_is_dropped_as_its_own_task_at_shutdown() {
    on_1_2_and_4_workers(|runtime| {
        let (held, reports) = reporter();
        let id = runtime.spawn(holding(held, |_| Poll::<()>::Pending)).id();
        drop(runtime);
        assert_eq!(reports.recv().unwrap(), Some(id));
    });
}

#[test]
fn a_future_that_a_closed_runtime_refuses_is_dropped_as_its_own_task() {
    watchdog(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        drop(runtime);
        let (held, reports) = reporter();
        let task = handle.spawn(holding(held, |_| Poll::<()>::Pending));
        assert_eq!(reports.try_recv().unwrap(), Some(task.id()));
        assert_eq!(task::try_id(), None);
    });
}

#[test]
fn an_output_nobody_takes_is_dropped_as_its_own_task() {
    on_1_2_and_4_workers(|runtime| {
        let (held, reports) = reporter();
        let (go, wait) = oneshot::channel::<()>();
        let task = runtime.spawn(async move {
            wait.await.unwrap();
            held
        });
        let id = task.id();
        drop(task);
        go.send(()).unwrap();
        assert_eq!(reports.recv().unwrap(), Some(id), "the handle is dropped first");

        let (held, reports) = reporter();
        let task = runtime.spawn(async move { held });
        let id = task.id();
        until("the task is complete", || task.is_finished());
        drop(task);
        assert_eq!(reports.recv().unwrap(), Some(id), "the handle is dropped last");
        assert_eq!(task::try_id(), None);
    });
}

#[test]
fn an_output_that_is_taken_is_part_of_its_taker() {
    watchdog(|| {
        let runtime = workers(1);
        let (held, reports) = reporter();
        let task = runtime.spawn(async move { held });
        drop(executor::block_on(task));
        assert_eq!(reports.recv().unwrap(), None);
    });
}

#[test]
fn a_task_dropped_by_another_leaves_that_one_its_identity() {
    on_1_2_and_4_workers(|runtime| {
        let (held, reports) = reporter();
        let outer = runtime.spawn(async move {
            let closed = std::thread::spawn(|| {
                let runtime = workers(1);
                runtime.handle().clone()
            });
            let closed: Handle = closed.join().unwrap();
            let before = task::id();
            // Refused, its future is dropped here, inside the poll of the outer task.
            let inner = closed.spawn(holding(held, |_| Poll::<()>::Pending));
            (inner.id(), before, task::id())
        });
        let outer_id = outer.id();
        let (inner_id, before, after) = executor::block_on(outer).unwrap();
        assert_eq!((before, after), (outer_id, outer_id));
        assert_ne!(inner_id, outer_id);
        assert_eq!(reports.recv().unwrap(), Some(inner_id));
    });
}

#[test]
fn the_future_of_a_block_on_in_a_tasks_drop_is_no_task() {
    watchdog(|| {
        let (closed, other) = (workers(1), workers(1));
        let handle = closed.handle().clone();
        drop(closed);
        let (report, reports) = channel();
        let held = on_drop(move || {
            let before = task::try_id();
            let root = other.block_on(async { task::try_id() });
            report.send([before, root, task::try_id()]).unwrap();
        });
        let id = handle.spawn(holding(held, |_| Poll::<()>::Pending)).id();
        assert_eq!(reports.try_recv().unwrap(), [Some(id), None, Some(id)]);
    });
}

#[test]
fn a_task_that_panics_leaves_no_identity_behind() {
    watchdog(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        drop(runtime);
        let held = on_drop(|| quiet_panic("a drop's panic"));
        let refused = handle.spawn(holding(held, |_| Poll::<()>::Pending));
        assert_eq!(task::try_id(), None);
        assert!(executor::block_on(refused).unwrap_err().is_panic());
    });
}

#[test]
fn a_name_is_seen_by_its_task_alone() {
    on_1_2_and_4_workers(|runtime| {
        let outer = named(&runtime, "outer", async {
            let unnamed = fusee::spawn(async { task::try_name() }).await.unwrap();
            let inner = Builder::new().name("inner").spawn(async { task::try_name() }).unwrap().await.unwrap();
            task::yield_now().await;
            (unnamed, inner, task::try_name())
        });
        let (unnamed, inner, outer) = executor::block_on(outer).unwrap();
        assert_eq!((unnamed, inner.as_deref(), outer.as_deref()), (None, Some("inner"), Some("outer")));
        let plain = Builder::new().spawn_on(async { task::try_name() }, runtime.handle()).unwrap();
        assert_eq!(executor::block_on(plain).unwrap(), None);
    });
}

#[test]
fn a_name_outlives_the_text_it_was_made_of_and_goes_with_the_task() {
    watchdog(|| {
        let runtime = workers(1);
        let text = String::from("short-lived");
        let task = named(&runtime, &text, async { task::try_name().unwrap() });
        drop(text);
        let name: Arc<str> = executor::block_on(task).unwrap();
        assert_eq!(&*name, "short-lived");
        until("the task has given its name up", || Arc::strong_count(&name) == 1);
    });
}

#[test]
fn handles_and_errors_show_the_name_and_the_identifier() {
    watchdog(|| {
        let runtime = workers(1);
        let task = named(&runtime, "the name", pending::<()>());
        let (id, abort) = (task.id(), task.abort_handle());
        assert_eq!(format!("{task:?}"), format!("JoinHandle {{ id: {id:?}, name: \"the name\" }}"));
        assert_eq!(format!("{abort:?}"), format!("AbortHandle {{ id: {id:?}, name: \"the name\" }}"));
        abort.abort();
        let error = executor::block_on(task).unwrap_err();
        assert_eq!(error.to_string(), format!("task {id} \"the name\" was cancelled"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Cancelled({id:?}, \"the name\")"));
        assert!(error.is_cancelled() && !error.is_panic() && error.id() == id);
        assert!(error.try_into_panic().unwrap_err().to_string().contains("the name"));

        let task = named(&runtime, "the name", async { quiet_panic("boom") });
        let id = task.id();
        let error = executor::block_on(task).unwrap_err();
        assert_eq!(error.to_string(), format!("task {id} \"the name\" panicked with message \"boom\""));
        assert_eq!(format!("{error:?}"), format!("JoinError::Panic({id:?}, \"the name\", \"boom\", ...)"));
        assert!(error.is_panic() && !error.is_cancelled() && error.id() == id);
        assert_eq!(message(&*error.into_panic()), "boom");
    });
}

#[test]
fn handles_and_errors_of_a_task_without_a_name_show_the_identifier() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(pending::<()>());
        let (id, abort) = (task.id(), task.abort_handle());
        assert_eq!(format!("{task:?}"), format!("JoinHandle {{ id: {id:?} }}"));
        assert_eq!(format!("{abort:?}"), format!("AbortHandle {{ id: {id:?} }}"));
        task.abort();
        let error = executor::block_on(task).unwrap_err();
        assert_eq!(error.to_string(), format!("task {id} was cancelled"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Cancelled({id:?})"));
        let payload = catch_unwind(AssertUnwindSafe(|| error.into_panic())).unwrap_err();
        assert!(message(&*payload).contains("cancelled"), "{}", message(&*payload));
    });
}

#[test]
fn a_handle_polled_after_it_resolved_panics_and_its_task_is_still_known() {
    watchdog(|| {
        let runtime = workers(1);
        let mut task = runtime.spawn(async { 7 });
        let (id, abort) = (task.id(), task.abort_handle());
        assert_eq!(executor::block_on(&mut task).unwrap(), 7);
        assert!(task.is_finished() && abort.is_finished() && abort.clone().is_finished());
        task.abort();
        abort.abort();
        assert_eq!((task.id(), abort.id()), (id, id));
        let again = catch_unwind(AssertUnwindSafe(|| poll_once(&mut task, futures::task::noop_waker_ref())));
        assert!(message(&*again.unwrap_err()).contains("polled after"));
    });
}
