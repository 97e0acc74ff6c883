//! What is counted of tasks in a runtime that was built for it: polls, wakes, joins, circles.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use fusee::insight::{TaskDump, Wait, WokenBy};
use fusee::runtime::{Builder, Handle, LocalOptions, Runtime};
use fusee::task::{Id, JoinHandle, spawn_local, yield_now};
use fusee::time::sleep;
use futures::channel::oneshot;

use super::support::{watchdog, workers};
use super::waiting;

fn counting(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).task_statistics(true).build().unwrap()
}

/// What the dump says of a task, once it is so.
async fn until(id: Id, is: impl Fn(&TaskDump) -> bool) -> TaskDump {
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
fn a_task_waits_for_the_task_and_the_job_that_it_joins() {
    watchdog(|| {
        counting(2).block_on(async {
            let (release, released) = channel::<()>();
            let job = fusee::task::spawn_blocking(move || released.recv().unwrap());
            let id = job.id();
            let joins = fusee::spawn(job);
            let told = until(joins.id(), |task| !task.waits().is_empty()).await;
            assert_eq!(told.waits(), [Wait::BlockingJob(id)]);
            assert!(told.to_string().contains(&format!("blocking job {id}")), "{told}");
            release.send(()).unwrap();
            joins.await.unwrap().unwrap();

            let inner = fusee::task::Builder::new().name("inner").spawn(pending::<()>()).unwrap();
            let abort = inner.abort_handle();
            let (leaf, outer) = (inner.id(), fusee::spawn(inner));
            let middle = outer.id();
            let root = fusee::task::Builder::new().name("root").spawn(outer).unwrap();
            let told = until(root.id(), |task| task.waits() == [Wait::Task(middle)]).await;
            assert_eq!(told.joined_by(), None, "nobody has polled its handle");
            assert_eq!(until(middle, |task| task.waits() == [Wait::Task(leaf)]).await.joined_by(), Some(root.id()));
            assert_eq!(waiting(leaf).await.joined_by(), Some(middle));
            let dump = Handle::current().dump();
            let text = dump.to_string();
            let (_, tree) = text.split_once("\nwho waits for whom:\n").unwrap();
            let tree: Vec<_> = tree.lines().map(|line| line.split_once(" (").unwrap()).collect();
            let [first, second, third] =
                [format!("  {} \"root\"", root.id()), format!("    {middle}"), format!("      {leaf} \"inner\"")];
            assert_eq!(tree.iter().map(|(task, _)| *task).collect::<Vec<_>>(), [first, second, third], "{text}");
            assert!(tree.iter().all(|(_, place)| place.contains(file!())), "{text}");
            assert!(dump.circles().is_empty());
            abort.abort();
            assert!(root.await.unwrap().unwrap().unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn who_gives_up_a_handle_joins_nobody() {
    watchdog(|| {
        counting(1).block_on(async {
            let task = fusee::spawn(pending::<()>());
            let id = task.id();
            let (give_up, gives_up) = oneshot::channel::<()>();
            let joiner = fusee::spawn(async move {
                futures::future::select(task, gives_up).await;
                pending::<()>().await;
            });
            let told = until(joiner.id(), |task| !task.waits().is_empty()).await;
            assert_eq!(told.waits(), [Wait::Task(id)]);
            give_up.send(()).unwrap();
            until(joiner.id(), |task| task.polls() == Some(2)).await;
            assert_eq!((waiting(id).await.joined_by(), waiting(joiner.id()).await.waits()), (None, &[][..]));
        });
    });
}

#[test]
fn tasks_that_wait_for_each_other_are_a_circle() {
    watchdog(|| {
        counting(2).block_on(async {
            // Three in a circle, and one that waits for one of them.
            let (give, given) = oneshot::channel::<JoinHandle<()>>();
            let first = fusee::spawn(async move { given.await.unwrap().await.unwrap() });
            let mut circle = vec![first.id()];
            let second = fusee::spawn(async move { first.await.unwrap() });
            circle.push(second.id());
            let third = fusee::spawn(async move { second.await.unwrap() });
            circle.push(third.id());
            give.send(third).unwrap();
            let beside = fusee::spawn(pending::<()>());
            let joins = fusee::spawn(beside);
            until(joins.id(), |task| !task.waits().is_empty()).await;
            let dump = loop {
                let dump = Handle::current().dump();
                if !dump.circles().is_empty() {
                    break dump;
                }
                yield_now().await;
            };
            let [told] = &dump.circles()[..] else { panic!("{dump}") };
            // The first waits for the third, that for the second, that for the first.
            let start = told.iter().position(|id| *id == circle[0]).unwrap();
            let turned: Vec<_> = (0..3).map(|at| told[(start + at) % 3]).collect();
            assert_eq!((told.len(), turned), (3, vec![circle[0], circle[2], circle[1]]));
            let text = dump.to_string();
            let (tree, circle) = text.split_once("\nwait for each other in a circle:\n").unwrap();
            let lines: Vec<_> = circle.lines().map(|line| line.split_once(" (").unwrap().0).collect();
            let [a, b, c] = &told[..] else { unreachable!("it has three") };
            let arrows = [format!("  {a}"), format!("    -> {b}"), format!("    -> {c}"), format!("    -> {a}")];
            assert_eq!(lines, arrows, "{text}");
            // What is in no circle is in the tree; what is, hangs there only if something else hangs on it.
            assert!(tree.contains(&joins.id().to_string()) && circle.lines().count() == 4, "{text}");
        });
    });
}

/// Polls `handle` once, and keeps it.
async fn look_at<T>(handle: &mut JoinHandle<T>) {
    poll_fn(|context| {
        assert!(pin!(&mut *handle).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn what_hangs_on_a_circle_is_in_the_tree() {
    watchdog(|| {
        counting(2).block_on(async {
            let mut leaf = fusee::task::Builder::new().name("leaf").spawn(pending::<()>()).unwrap();
            let id = leaf.id();
            let (give, given) = oneshot::channel::<JoinHandle<()>>();
            let holds = async move {
                look_at(&mut leaf).await;
                given.await.unwrap().await.unwrap();
                leaf.await.unwrap();
            };
            let first = fusee::task::Builder::new().name("holds").spawn(holds).unwrap();
            let second = fusee::spawn(async move { first.await.unwrap() });
            give.send(second).unwrap();
            let text = loop {
                let dump = Handle::current().dump();
                if !dump.circles().is_empty() {
                    break dump.to_string();
                }
                yield_now().await;
            };
            let (tree, circle) = text.split_once("\nwait for each other").unwrap();
            let (_, tree) = tree.split_once("who waits for whom:").unwrap();
            assert!(tree.contains("\"holds\"") && tree.contains(&format!("    {id} \"leaf\"")), "{text}");
            assert!(tree.lines().count() == 3 && !circle.contains("leaf"), "{text}");
        });
    });
}

#[test]
fn a_long_chain_of_joins_is_printed_whole() {
    const LINKS: usize = 40_000;
    watchdog(|| {
        let runtime = counting(1);
        let mut task = runtime.spawn(pending::<()>());
        for _ in 0..LINKS {
            task = runtime.spawn(async move { task.await.unwrap() });
        }
        let id = task.id();
        runtime.block_on(until(id, |task| !task.waits().is_empty()));
        let text = format!("{:#}", runtime.handle().dump());
        let (_, tree) = text.split_once("\nwho waits for whom:").unwrap();
        assert_eq!(tree.lines().count(), 1 + 1 + LINKS);
        assert!(tree.contains(&format!("({LINKS} deep)")) && tree.len() < 200 * LINKS, "{}", tree.len());
    });
}

/// A task may come to lie where one lay that has ended.
#[test]
fn another_task_at_the_address_of_the_joiner_joins_nobody() {
    async fn passes_on(handle: Option<JoinHandle<()>>) -> Option<JoinHandle<()>> {
        match handle {
            Some(mut handle) => {
                look_at(&mut handle).await;
                Some(handle)
            }
            None => pending().await,
        }
    }
    watchdog(|| {
        let runtime = counting(1);
        let joined = runtime.spawn(pending::<()>());
        let id = joined.id();
        let joiner = runtime.spawn(passes_on(Some(joined)));
        let address = joiner.id();
        let _joined = runtime.block_on(joiner).unwrap();
        let others: Vec<_> = (0..200).map(|_| runtime.spawn(passes_on(None)).id()).collect();
        for other in &others {
            runtime.block_on(waiting(*other));
        }
        // With an allocator that never gives it out again there is nothing to see.
        println!("one lies there: {}", others.contains(&address));
        let told = runtime.block_on(waiting(id));
        assert_eq!(told.joined_by().filter(|joiner| others.contains(joiner)), None);
        let dump = runtime.handle().dump();
        assert!(dump.tasks().iter().all(|task| task.waits().is_empty()), "{dump}");
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
