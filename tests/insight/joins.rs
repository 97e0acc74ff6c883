//! Who waits for whom, in a runtime that counts: joins, as a tree, and circles.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::Poll;

use fusee::insight::Wait;
use fusee::runtime::Handle;
use fusee::task::{JoinHandle, yield_now};
use futures::channel::oneshot;

use super::statistics::{counting, until};
use super::support::watchdog;
use super::waiting;

/// Polls `handle` once, and keeps it.
async fn look_at<T>(handle: &mut JoinHandle<T>) {
    poll_fn(|context| {
        assert!(pin!(&mut *handle).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
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
fn who_gives_up_the_handle_of_a_job_waits_for_it_no_more() {
    watchdog(|| {
        let runtime = counting(1);
        let (release, released) = channel::<()>();
        let mut job = Some(runtime.spawn_blocking(move || released.recv().unwrap()));
        let task = runtime.spawn(poll_fn(move |context| {
            if let Some(mut job) = job.take() {
                assert!(pin!(&mut job).poll(context).is_pending());
            }
            Poll::<()>::Pending
        }));
        let told = runtime.block_on(waiting(task.id()));
        assert!(told.waits().is_empty(), "{told}");
        release.send(()).unwrap();
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
            // The first, which is spawned in the first line, waits for the third, that for the second, that for the first.
            assert_eq!(told, &[circle[0], circle[2], circle[1]]);
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
