//! Closures that block: on threads of the pool, and in place.

use shuttle_tests::harness::{Census, check, linger, random, witness};
use shuttle_tests::runtime::{Builder, Handle};
use shuttle_tests::spawn;
use shuttle_tests::task::{block_in_place, spawn_blocking, yield_now};
use shuttle_tests::time::{Duration, sleep};

use crate::tools::Gate;

fn builder(workers: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    let keep_alive = if random(2) == 0 { Duration::from_micros(300) } else { Duration::MAX };
    builder.worker_threads(workers).max_blocking_threads(1 + random(3)).thread_keep_alive(keep_alive);
    builder
}

/// Jobs from tasks and from outside, on few threads that end when they are idle: each runs, or is cancelled, and its thread ends.
#[test]
fn jobs() {
    check("blocking::jobs", &["ran", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.build(builder(workers));
        let counted = census.clone();
        let tasks = (0..4).map(|_| {
            let census = counted.clone();
            runtime.spawn(async move {
                for _ in 0..3 {
                    let counted = census.count();
                    let job = spawn_blocking(move || {
                        linger(4);
                        counted
                    });
                    if random(4) == 0 {
                        job.abort();
                    }
                    match job.await {
                        Ok(_) => witness("ran"),
                        Err(error) => {
                            assert!(error.is_cancelled());
                            witness("cancelled");
                        }
                    }
                    if random(2) == 0 {
                        sleep(Duration::from_micros(200)).await;
                    }
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for number in 0..4 {
            linger(10);
            assert_eq!(runtime.block_on(runtime.spawn_blocking(move || number)).unwrap(), number);
        }
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        drop((runtime, counted));
        census.settle();
    });
}

/// More tasks than there are workers block in place until others have run; each takes its worker over from the one before.
#[test]
fn in_place() {
    check("blocking::in_place", &[], |workers| {
        let census = Census::new();
        let runtime = census.build(builder(workers));
        let tasks: Vec<_> = (0..workers + 2)
            .map(|_| {
                let counted = census.count();
                runtime.spawn(async move {
                    let _counted = counted;
                    for _ in 0..1 + random(2) {
                        let gate = Gate::new();
                        let opener = gate.clone();
                        let other = spawn(async move {
                            for _ in 0..random(3) {
                                yield_now().await;
                            }
                            opener.open();
                        });
                        block_in_place(|| {
                            gate.pass();
                            if random(2) == 0 {
                                Handle::current().block_on(sleep(Duration::from_micros(100)));
                            }
                        });
                        other.await.unwrap();
                    }
                })
            })
            .collect();
        census.settle_after(runtime, tasks);
    });
}
