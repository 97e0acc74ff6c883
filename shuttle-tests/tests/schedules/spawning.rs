//! Tasks that spawn tasks, from within and from outside.

use std::future::poll_fn;
use std::task::Poll;

use shuttle_tests::harness::{Census, Counted, UserPanic, check, linger, random, witness};
use shuttle_tests::spawn;
use shuttle_tests::task::{JoinSet, yield_now};

use crate::tools::Gate;

/// A root spawns tasks that spawn tasks; all join.
#[test]
fn storm() {
    check("spawning::storm", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        let sum = runtime.block_on(async move {
            let branches: Vec<_> = (0..6).map(|_| spawn(branch(counted.clone()))).collect();
            let mut sum = 0;
            for branch in branches {
                sum += branch.await.unwrap().0;
            }
            sum
        });
        assert_eq!(sum, 6 * (1 + 2 + 3 + 4));
        drop(runtime);
        census.settle();
    });
}

async fn branch(census: Census) -> (usize, Counted) {
    let counted = census.count();
    let leaves: Vec<_> = (1..=4)
        .map(|number| {
            let counted = census.count();
            spawn(async move {
                for _ in 0..random(3) {
                    yield_now().await;
                }
                (number, counted)
            })
        })
        .collect();
    let mut sum = 0;
    for leaf in leaves {
        sum += leaf.await.unwrap().0;
    }
    (sum, counted)
}

/// Threads from outside spawn tasks, whose workers may have gone to sleep, and block on them.
#[test]
fn from_outside() {
    check("spawning::from_outside", &["panicked"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (handle, census) = (runtime.handle().clone(), census.clone());
                shuttle::thread::spawn(move || {
                    for number in 0..4 {
                        linger(8);
                        let counted = census.count();
                        let task = handle.spawn(async move {
                            let _counted = counted;
                            if random(6) == 0 {
                                std::panic::resume_unwind(Box::new(UserPanic));
                            }
                            number
                        });
                        match handle.block_on(task) {
                            Ok(answer) => assert_eq!(answer, number),
                            Err(error) => {
                                assert!(error.is_panic());
                                witness("panicked");
                            }
                        }
                    }
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

/// All workers but one are stuck in polls until tasks have run that those very polls, and a thread from outside, have spawned and woken:
/// nothing that is queued waits behind a poll.
#[test]
fn behind_stuck_polls() {
    check("spawning::behind_stuck_polls", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let stuck: Vec<_> = (1..workers)
            .map(|_| {
                let counted = census.count();
                runtime.spawn(async move {
                    let _counted = counted;
                    let gates: Vec<_> = (0..1 + random(3)).map(|_| Gate::new()).collect();
                    for gate in gates.clone() {
                        drop(spawn(async move {
                            if random(2) == 0 {
                                yield_now().await;
                            }
                            gate.open();
                        }));
                    }
                    if random(2) == 0 {
                        yield_now().await;
                    }
                    gates.iter().for_each(Gate::pass);
                })
            })
            .collect();
        census.settle_after(runtime, stuck);
    });
}

/// A burst from outside: some tasks are stuck until others of it have run, which came to the same worker with them.
#[test]
fn a_burst_of_stuck_polls() {
    check("spawning::a_burst_of_stuck_polls", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let gates: Vec<_> = (1..workers).map(|_| Gate::new()).collect();
        let mut tasks = Vec::new();
        let mut burst: Vec<_> = (0..gates.len() * 2).collect();
        while !burst.is_empty() {
            let number = burst.swap_remove(random(burst.len()));
            let (gate, counted) = (gates[number / 2].clone(), census.count());
            tasks.push(runtime.spawn(async move {
                if random(3) == 0 {
                    yield_now().await;
                }
                if number % 2 == 0 {
                    gate.pass();
                } else {
                    gate.open();
                }
                drop(counted);
            }));
        }
        census.settle_after(runtime, tasks);
    });
}

/// A set joins each of its tasks once, whoever completes them and however it is filled.
#[test]
fn join_set() {
    check("spawning::join_set", &["completed", "cancelled", "dropped"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        runtime.block_on(async move {
            let sets: Vec<_> = (0..3).map(|_| spawn(fill(counted.clone()))).collect();
            for set in sets {
                set.await.unwrap();
            }
        });
        drop(runtime);
        census.settle();
    });
}

async fn fill(census: Census) {
    let mut set = JoinSet::new();
    let mut left = 0;
    for _ in 0..8 {
        let counted = census.count();
        let aborter = set.spawn(async move {
            for _ in 0..random(4) {
                yield_now().await;
            }
            counted
        });
        left += 1;
        if random(4) == 0 {
            aborter.abort();
        }
        if random(3) == 0
            && let Some(joined) = set.try_join_next()
        {
            left -= 1;
            witness(if joined.is_ok() { "completed" } else { "cancelled" });
        }
    }
    if random(4) == 0 {
        witness("dropped");
        return;
    }
    if random(3) == 0 {
        // This task's waker is in the set when another goes on with it.
        poll_fn(|context| {
            if let Poll::Ready(Some(_)) = set.poll_join_next(context) {
                left -= 1;
            }
            Poll::Ready(())
        })
        .await;
        spawn(drain(set, left)).await.unwrap();
    } else {
        drain(set, left).await;
    }
}

async fn drain(mut set: JoinSet<Counted>, mut left: usize) {
    while let Some(joined) = set.join_next().await {
        left -= 1;
        witness(if joined.is_ok() { "completed" } else { "cancelled" });
    }
    assert_eq!(left, 0, "each task is joined once");
}
