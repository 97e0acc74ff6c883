//! Wakes: between tasks, and from outside to workers that sleep.

use shuttle_tests::harness::{Census, check, linger, random, witness};
use shuttle_tests::spawn;
use shuttle_tests::task::yield_now;

use crate::tools::{Mailbox, echo};

/// Pairs of tasks hand a ball to and fro.
#[test]
fn ping_pong() {
    check("waking::ping_pong", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let players: Vec<_> = (0..6).flat_map(|_| pair(&counted)).collect();
            for player in players {
                player.await.unwrap();
            }
        });
        drop(runtime);
        census.settle();
    });
}

fn pair(census: &Census) -> [shuttle_tests::task::JoinHandle<()>; 2] {
    let (there, back) = (Mailbox::new(), Mailbox::new());
    let serve = play(census.clone(), there.clone(), back.clone());
    let volley = play(census.clone(), back, there.clone());
    there.send(0, false);
    [spawn(serve), spawn(volley)]
}

async fn play(census: Census, mine: Mailbox<u32>, other: Mailbox<u32>) {
    let _counted = census.count();
    loop {
        let hits = mine.receive().await;
        other.send(hits + 1, random(2) == 0);
        if hits >= 7 {
            return;
        }
    }
}

/// A few tasks wait; a thread from outside wakes one after the other, when all workers may be asleep, and waits for its answer.
#[test]
fn from_outside() {
    check("waking::from_outside", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (handle, census) = (runtime.handle().clone(), census.clone());
                shuttle::thread::spawn(move || {
                    let (request, answer) = (Mailbox::new(), Mailbox::new());
                    let echo = handle.spawn(echo(census, request.clone(), answer.clone()));
                    for number in 1..=6 {
                        linger(20);
                        request.send(number, random(2) == 0);
                        assert_eq!(handle.block_on(answer.receive()), number);
                    }
                    request.send(0, false);
                    handle.block_on(echo).unwrap();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        drop(runtime);
        census.settle();
    });
}

/// Tasks of all kinds are aborted at any moment by a thread and by a task: output or cancelled, and nothing is left.
#[test]
fn beside_aborts() {
    check("waking::beside_aborts", &["output", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let mailbox = Mailbox::new();
        let tasks: Vec<_> = (0..16)
            .map(|number| {
                let (counted, mailbox) = (census.count(), mailbox.clone());
                runtime.spawn(async move {
                    match number % 4 {
                        0 => {}
                        1 => mailbox.receive().await,
                        2 => shuttle_tests::time::sleep(std::time::Duration::from_millis(1)).await,
                        _ => {
                            for _ in 0..random(6) {
                                yield_now().await;
                            }
                        }
                    }
                    counted
                })
            })
            .collect();
        let aborters: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
        let same = aborters.clone();
        let inside = runtime.spawn(async move {
            for aborter in same.iter().rev() {
                yield_now().await;
                aborter.abort();
            }
        });
        let outside = shuttle::thread::spawn(move || {
            for aborter in aborters {
                linger(10);
                aborter.abort();
            }
        });
        for _ in 0..6 {
            linger(10);
            mailbox.send((), random(2) == 0);
        }
        for task in tasks {
            match runtime.block_on(task) {
                Ok(_) => witness("output"),
                Err(error) => {
                    assert!(error.is_cancelled());
                    witness("cancelled");
                }
            }
        }
        outside.join().unwrap();
        runtime.block_on(inside).unwrap();
        drop((runtime, mailbox));
        census.settle();
    });
}
