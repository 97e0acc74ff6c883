//! A dump as text: by the places where tasks are spawned, and of each place those first that are alone in what they do.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::time::sleep;
use futures::channel::oneshot;

use super::support::{watchdog, workers};
use super::waiting;

#[test]
fn tasks_are_printed_by_their_places() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).name("shop").build().unwrap();
        let many: Vec<_> = (0..12).map(|_| runtime.spawn(async { sleep(Duration::from_secs(3_600)).await })).collect();
        let lines = [line!() - 1, line!() + 1];
        let one = runtime.spawn(async { sleep(Duration::from_secs(3_600)).await });
        runtime.block_on(async {
            for task in many.iter().chain([&one]) {
                waiting(task.id()).await;
            }
        });
        let dump = runtime.handle().dump();
        let text = dump.to_string();
        let places: Vec<_> = text.lines().filter(|line| line.contains(file!())).collect();
        assert!(text.starts_with("runtime \"shop\": 13 tasks have waited, 0 others are alive\n"), "{text}");
        assert!(places[0].contains(&format!(":{}:", lines[0])) && places[0].ends_with(": 12 tasks"), "{text}");
        assert!(places[1].contains(&format!(":{}:", lines[1])) && places[1].ends_with(": 1 task"), "{text}");
        assert!(text.contains("\n  and 2 more\n"), "{text}");
        assert_eq!(text.matches(": timer in 3").count(), 11, "{text}");
        assert_eq!(format!("{dump:#}").matches(": timer in 3").count(), 13);
    });
}

#[test]
fn the_one_that_waits_otherwise_is_printed_first() {
    watchdog(|| {
        let runtime = workers(1);
        // Of one place: some wait for a channel, one for a timer, and that was polled last.
        let (_senders, receivers): (Vec<_>, Vec<_>) = (0..30).map(|_| oneshot::channel::<()>()).unzip();
        let waits = receivers.into_iter().map(Some).chain([None]);
        let tasks: Vec<_> = waits
            .map(|receiver| {
                runtime.spawn(async move {
                    match receiver {
                        Some(receiver) => drop(receiver.await),
                        None => sleep(Duration::from_secs(3_600)).await,
                    }
                })
            })
            .collect();
        for task in &tasks {
            runtime.block_on(waiting(task.id()));
        }
        let text = runtime.handle().dump().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].ends_with(": 31 tasks") && lines[2].contains(": timer in "), "{text}");
        assert!(lines[3..8].iter().all(|line| line.ends_with(" waker")), "{text}");
        assert!(lines[8] == "  and 25 more like this" && lines.len() == 9, "{text}");
        assert_eq!(format!("{:#}", runtime.handle().dump()).lines().count(), 2 + 31);
    });
}

#[test]
fn of_a_task_that_waits_for_much_some_is_printed() {
    watchdog(|| {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let mut many: Vec<_> = (0..1_000).map(|_| Box::pin(sleep(Duration::from_secs(3_600)))).collect();
            poll_fn(|context| {
                assert!(many.iter_mut().all(|sleep| sleep.as_mut().poll(context).is_pending()));
                Poll::<()>::Pending
            })
            .await;
        });
        runtime.block_on(waiting(task.id()));
        let dump = runtime.handle().dump();
        let text = dump.to_string();
        assert!(text.matches("timer in ").count() == 10 && text.contains(", and 990 more"), "{text}");
        assert_eq!(format!("{dump:#}").matches("timer in ").count(), 1_000);
    });
}
