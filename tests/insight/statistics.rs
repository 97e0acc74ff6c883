//! What is counted of tasks in a runtime that was built for it: polls and wakes. `joins.rs`: who waits for whom.

use std::future::{pending, poll_fn};
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::insight::{TaskDump, Wait, WokenBy};
use fusee::runtime::{Builder, Handle, LocalOptions, Runtime};
use fusee::task::{Id, spawn_local, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;

use super::support::{watchdog, workers};
use super::waiting;

pub(super) fn counting(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).task_statistics(true).build().unwrap()
}

/// What the dump says of a task, once it is so.
pub(super) async fn until(id: Id, is: impl Fn(&TaskDump) -> bool) -> TaskDump {
    loop {
        let task = waiting(id).await;
        if is(&task) {
            return task;
        }
        yield_now().await;
    }
}

#[test]
fn by_default_nothing_is_counted() {
    watchdog(|| {
        workers(1).block_on(async {
            let inner = fusee::spawn(pending::<()>());
            let id = inner.id();
            let task = fusee::spawn(inner);
            for id in [id, task.id()] {
                let task = waiting(id).await;
                assert_eq!((task.polls(), task.poll_time(), task.longest_poll()), (None, None, None));
                assert_eq!((task.woken_by(), task.woken(), task.joined_by()), (None, None, None));
                assert!(task.waits().is_empty(), "{task}");
            }
        });
    });
}

#[test]
fn polls_are_counted_and_timed() {
    watchdog(|| {
        counting(2).block_on(async {
            let busy = Duration::from_millis(20);
            let mut polls = 0;
            let task = fusee::spawn(poll_fn(move |context| {
                polls += 1;
                match polls {
                    1..=4 => context.waker().wake_by_ref(),
                    5 => {
                        let begun = std::time::Instant::now();
                        while begun.elapsed() < busy {
                            std::hint::spin_loop();
                        }
                    }
                    _ => panic!("nobody wakes it"),
                }
                Poll::<()>::Pending
            }));
            let told = until(task.id(), |task| task.polls() == Some(5)).await;
            assert_eq!(told.woken_by(), Some(WokenBy::WhilePolled));
            let (all, longest) = (told.poll_time().unwrap(), told.longest_poll().unwrap());
            assert!(busy <= longest && longest <= all && all < Duration::from_secs(100), "{told}");
            assert!(told.to_string().contains("5 polls in "), "{told}");
        });
    });
}

#[test]
fn who_woke_a_task_is_told() {
    watchdog(|| {
        let runtime = counting(2);
        runtime.block_on(async {
            // Never woken, after the spawn.
            let (sender, receiver) = oneshot::channel::<()>();
            let asks = fusee::spawn(async move {
                receiver.await.unwrap();
                pending::<()>().await;
            });
            let told = waiting(asks.id()).await;
            assert_eq!((told.woken_by(), told.woken(), told.polls()), (None, None, Some(1)));
            // By another task, which then waits on.
            let sends = fusee::spawn(async move {
                sender.send(()).unwrap();
                pending::<()>().await;
            });
            let told = until(asks.id(), |task| task.polls() == Some(2)).await;
            assert_eq!(told.woken_by(), Some(WokenBy::Task(sends.id())));
            assert!(told.woken().unwrap() < Duration::from_secs(100));
            // By a timer.
            let naps = fusee::spawn(async {
                sleep(Duration::from_millis(2)).await;
                pending::<()>().await;
            });
            assert_eq!(until(naps.id(), |task| task.polls() == Some(2)).await.woken_by(), Some(WokenBy::Event));
            // By the end of a task that it joins, and by that of a job.
            let (end, ends) = oneshot::channel::<()>();
            let joined = fusee::spawn(ends);
            let id = joined.id();
            let joins = fusee::spawn(async move {
                drop(joined.await);
                pending::<()>().await;
            });
            until(joins.id(), |task| task.waits() == [Wait::Task(id)]).await;
            end.send(()).unwrap();
            let told = until(joins.id(), |task| task.polls() == Some(2)).await;
            assert_eq!((told.woken_by(), told.waits()), (Some(WokenBy::Task(id)), &[][..]));
        });
        // By a thread of nobody's.
        let (give, given) = channel();
        let task = runtime.spawn(poll_fn(move |context| {
            give.send(context.waker().clone()).unwrap();
            Poll::<()>::Pending
        }));
        let waker = given.recv().unwrap();
        runtime.block_on(waiting(task.id()));
        thread::spawn(move || waker.wake()).join().unwrap();
        let told = runtime.block_on(until(task.id(), |task| task.polls() == Some(2)));
        assert_eq!(told.woken_by(), Some(WokenBy::Outside));
    });
}

#[test]
fn the_future_of_block_on_is_told_where_it_runs_beside_tasks_or_not() {
    watchdog(|| {
        let alone = Builder::new_current_thread().task_statistics(true).build().unwrap();
        for (runtime, told) in [(alone, WokenBy::InBlockOn), (counting(1), WokenBy::Outside)] {
            runtime.block_on(async {
                let (sender, receiver) = oneshot::channel::<()>();
                let asks = fusee::spawn(async move {
                    receiver.await.unwrap();
                    pending::<()>().await;
                });
                waiting(asks.id()).await;
                sender.send(()).unwrap();
                assert_eq!(until(asks.id(), |task| task.polls() == Some(2)).await.woken_by(), Some(told));
            });
        }
    });
}

#[test]
fn a_local_runtimes_tasks_are_counted_too() {
    watchdog(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.task_statistics(true).build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let task = spawn_local(async {
                yield_now().await;
                pending::<()>().await;
            });
            assert!(until(task.id(), |task| task.polls() == Some(2)).await.local_set().is_some());
        });
    });
}

#[cfg(feature = "serde")]
#[test]
fn what_is_counted_has_the_shape_that_is_documented() {
    use serde_json::json;

    watchdog(|| {
        counting(1).block_on(async {
            let inner = fusee::spawn(async {
                yield_now().await;
                pending::<()>().await;
            });
            let (id, outer) = (inner.id(), fusee::spawn(inner));
            until(outer.id(), |task| !task.waits().is_empty()).await;
            until(id, |task| task.polls() == Some(2)).await;
            let dump = serde_json::to_value(Handle::current().dump()).unwrap();
            let task = |id: Id| {
                let tasks = dump["tasks"].as_array().unwrap().iter();
                tasks.clone().find(|task| task["id"] == json!(id.to_string())).unwrap()
            };
            assert_eq!(task(outer.id())["waits"], json!([{ "kind": "task", "id": id.to_string() }]));
            let task = task(id);
            assert_eq!((&task["polls"], &task["joined_by"]), (&json!(2), &json!(outer.id().to_string())));
            assert_eq!(task["woken_by"], json!({ "kind": "while_polled" }));
            for field in ["poll_time_ns", "longest_poll_ns", "woken_ns"] {
                assert!(task[field].is_u64(), "{task}");
            }
            assert_eq!(
                serde_json::to_value([WokenBy::Task(id), WokenBy::Event, WokenBy::InBlockOn, WokenBy::Outside]).unwrap(),
                json!([{ "kind": "task", "id": id.to_string() }, { "kind": "event" }, { "kind": "in_block_on" }, { "kind": "outside" }])
            );
        });
    });
}
