//! Timers on the virtual clock, which passes at any moment: beside running workers, beside sleeping ones, and when nobody else goes on.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use shuttle_tests::harness::{Census, check, linger, random, witness};
use shuttle_tests::runtime::Builder;
use shuttle_tests::spawn;
use shuttle_tests::task::{JoinHandle, block_in_place, yield_now};
use shuttle_tests::time::{Duration, Instant, Sleep, interval, sleep, sleep_until, timeout};

use crate::tools::{Gate, Mailbox};

/// Up to five milliseconds, in whole, half or no ticks of the wheel.
fn while_random() -> Duration {
    match random(4) {
        0 => Duration::from_millis(random(6) as u64),
        1 => Duration::from_micros(random(2_000) as u64),
        2 => Duration::from_nanos(random(200_000) as u64),
        _ => Duration::from_millis(1),
    }
}

async fn join_all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

/// Tens of tasks sleep, now and then beside others that keep their workers busy: nobody wakes early, and all do.
#[test]
fn sleeps() {
    check("timers::sleeps", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let sleepers = (0..24).map(|number| {
                let counted = counted.count();
                spawn(async move {
                    let _counted = counted;
                    for _ in 0..1 + number % 3 {
                        let deadline = Instant::now() + while_random();
                        sleep_until(deadline).await;
                        assert!(Instant::now() >= deadline, "a sleep is never early");
                        for _ in 0..random(3) {
                            yield_now().await;
                        }
                    }
                })
            });
            join_all(sleepers.collect()).await;
        });
        drop(runtime);
        census.settle();
    });
}

/// Receivers that have so much time meet senders that take their time: a message arrives, or none does.
#[test]
fn timeouts() {
    check("timers::timeouts", &["in time", "too late"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let pairs = (0..10).flat_map(|_| {
                let mailbox = Mailbox::new();
                let (sender, counted) = (mailbox.clone(), counted.count());
                let send = async move {
                    sleep(while_random()).await;
                    sender.send(counted, random(2) == 0);
                };
                let receive = async move {
                    let begun = Instant::now();
                    let patience = if random(3) == 0 { far_away() } else { while_random() };
                    match timeout(patience, mailbox.receive()).await {
                        Ok(_) => witness("in time"),
                        Err(_) => {
                            assert!(begun.elapsed() >= patience, "a timeout is never early");
                            witness("too late");
                        }
                    }
                };
                [spawn(send), spawn(receive)]
            });
            join_all(pairs.collect()).await;
        });
        drop(runtime);
        census.settle();
    });
}

/// A deadline that no schedule reaches.
fn far_away() -> Duration {
    Duration::from_secs(7_200 + random(1_000_000) as u64)
}

/// Sleeps are moved to earlier and later deadlines, polled on one worker and then on another, and dropped before they are over.
#[test]
fn resets_and_moves() {
    check("timers::resets_and_moves", &["dropped", "over"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let tasks = (0..12).map(|_| {
                let counted = counted.count();
                spawn(async move {
                    let mut pause = sleep(if random(2) == 0 { while_random() } else { far_away() });
                    for _ in 0..random(4) {
                        poll_once(&mut pause).await;
                        match random(4) {
                            0 => pause.reset(Instant::now() + while_random()),
                            1 => yield_now().await,
                            2 => pause.reset(Instant::now() + far_away()),
                            _ => pause = hand_over(pause).await,
                        }
                    }
                    if random(3) == 0 {
                        witness("dropped");
                    } else {
                        if pause.deadline() > Instant::now() + Duration::from_secs(3_600) {
                            poll_once(&mut pause).await;
                            pause.reset(Instant::now() + while_random());
                        }
                        let deadline = pause.deadline();
                        pause.await;
                        assert!(Instant::now() >= deadline, "a sleep is never early");
                        witness("over");
                    }
                    drop(counted);
                })
            });
            join_all(tasks.collect()).await;
        });
        drop(runtime);
        census.settle();
    });
}

async fn poll_once(pause: &mut Sleep) {
    poll_fn(|context| {
        let _ = Pin::new(&mut *pause).poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Another task polls it once, and gives it back.
async fn hand_over(mut pause: Sleep) -> Sleep {
    let other = spawn(async move {
        poll_once(&mut pause).await;
        [pause]
    });
    let [pause] = other.await.unwrap();
    pause
}

/// Polls block until timers have fired that were registered on the same worker, just before and by other tasks: the driver, or another
/// worker, looks after them.
#[test]
fn behind_stuck_polls() {
    check("timers::behind_stuck_polls", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let stuck: Vec<_> = (1..workers)
            .map(|_| {
                let counted = census.count();
                runtime.spawn(async move {
                    let _counted = counted;
                    let gate = Gate::new();
                    let opener = gate.clone();
                    let sleeper = spawn(async move {
                        sleep(while_random()).await;
                        sleep(while_random()).await;
                        opener.open();
                    });
                    for _ in 0..random(3) {
                        sleep(while_random()).await;
                    }
                    if random(4) == 0 {
                        block_in_place(|| gate.pass());
                    } else {
                        gate.pass();
                    }
                    sleeper.await.unwrap();
                })
            })
            .collect();
        census.settle_after(runtime, stuck);
    });
}

/// Timers are registered and awaited from threads outside, on shards of nobody's, and by intervals.
#[test]
fn from_outside() {
    check("timers::from_outside", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let handle = runtime.handle().clone();
                shuttle::thread::spawn(move || {
                    for _ in 0..3 {
                        linger(10);
                        handle.block_on(async {
                            let deadline = Instant::now() + while_random();
                            sleep_until(deadline).await;
                            assert!(Instant::now() >= deadline, "a sleep is never early");
                        });
                    }
                })
            })
            .collect();
        let counted = census.count();
        let ticking = runtime.spawn(async move {
            let mut interval = interval(Duration::from_millis(1));
            let first = interval.tick().await;
            for number in 1..4 {
                assert!(interval.tick().await >= first + number * Duration::from_millis(1), "ticks are a period apart");
            }
            drop(counted);
        });
        runtime.block_on(ticking).unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
        drop(runtime);
        census.settle();
    });
}

/// On a paused clock time moves from timer to timer, in order, and only when nobody runs.
#[test]
fn paused() {
    check("timers::paused", &[], |workers| {
        let census = Census::new();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers).start_paused(true);
        let runtime = census.build(builder);
        let counted = census.clone();
        runtime.block_on(async move {
            let start = Instant::now();
            let sleepers = (0..10).map(|_| {
                let counted = counted.count();
                spawn(async move {
                    let mut woken = start;
                    for _ in 0..3 {
                        let pause = Duration::from_millis(1 + random(5) as u64);
                        sleep(pause).await;
                        woken += pause;
                        assert_eq!(Instant::now(), woken, "time stands still while a task runs");
                        if random(2) == 0 {
                            yield_now().await;
                        }
                    }
                    drop(counted);
                })
            });
            join_all(sleepers.collect()).await;
        });
        drop(runtime);
        census.settle();
    });
}
