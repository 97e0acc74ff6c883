//! Current-thread runtimes: several threads in `block_on`, of which one works as the worker. Here the number of workers is that of threads.

use shuttle_tests::harness::{Census, check, linger, random};
use shuttle_tests::runtime::Builder;
use shuttle_tests::spawn;
use shuttle_tests::task::yield_now;
use shuttle_tests::time::{Duration, sleep};

use crate::tools::Mailbox;

/// Threads block on roots that are woken by tasks, by each other and by timers; the worker goes from hand to hand.
#[test]
fn hands_its_worker_on() {
    check("current_thread::hands_its_worker_on", &[], |threads| {
        let census = Census::new();
        let runtime = std::sync::Arc::new(census.build(Builder::new_current_thread()));
        let mailboxes: Vec<_> = (0..threads).map(|_| Mailbox::new()).collect();
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let (runtime, census) = (runtime.clone(), census.clone());
                let (mine, next) = (mailboxes[number].clone(), mailboxes[(number + 1) % threads].clone());
                shuttle::thread::spawn(move || {
                    for _ in 0..3 {
                        linger(10);
                        runtime.block_on(async {
                            let (counted, next) = (census.count(), next.clone());
                            let task = spawn(async move {
                                for _ in 0..random(3) {
                                    yield_now().await;
                                }
                                next.send((), random(2) == 0);
                                counted
                            });
                            if random(2) == 0 {
                                drop(task.await.unwrap());
                            }
                            mine.receive().await;
                            if random(3) == 0 {
                                sleep(Duration::from_micros(random(500) as u64)).await;
                            }
                        });
                    }
                })
            })
            .collect();
        for thread in running {
            thread.join().unwrap();
        }
        drop((runtime, mailboxes));
        census.settle();
    });
}

/// A root future is woken by threads outside, which spawn tasks, too.
#[test]
fn woken_from_outside() {
    check("current_thread::woken_from_outside", &[], |threads| {
        let census = Census::new();
        let runtime = census.build(Builder::new_current_thread());
        let mailbox = Mailbox::new();
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let (handle, census, mailbox) = (runtime.handle().clone(), census.clone(), mailbox.clone());
                shuttle::thread::spawn(move || {
                    for _ in 0..3 {
                        linger(20);
                        let (counted, post) = (census.count(), mailbox.clone());
                        if random(2) == 0 {
                            mailbox.send(number, random(2) == 0);
                        } else {
                            drop(handle.spawn(async move {
                                let _counted = counted;
                                post.send(number, random(2) == 0);
                            }));
                        }
                    }
                })
            })
            .collect();
        let sum = runtime.block_on(async {
            let mut sum = 0;
            for _ in 0..threads * 3 {
                sum += mailbox.receive().await;
            }
            sum
        });
        assert_eq!(sum, 3 * (0..threads).sum::<usize>());
        for thread in running {
            thread.join().unwrap();
        }
        drop((runtime, mailbox));
        census.settle();
    });
}

/// The same runtime is dropped beside spawns from outside.
#[test]
fn dropped_beside_spawns() {
    check("current_thread::dropped_beside_spawns", &[], |threads| {
        let census = Census::new();
        let runtime = census.build(Builder::new_current_thread());
        let running: Vec<_> = (0..threads)
            .map(|_| {
                let (handle, census) = (runtime.handle().clone(), census.clone());
                shuttle::thread::spawn(move || {
                    let mut tasks = Vec::new();
                    for _ in 0..3 {
                        linger(10);
                        let counted = census.count();
                        tasks.push(handle.spawn(async move {
                            yield_now().await;
                            counted
                        }));
                    }
                    tasks
                })
            })
            .collect();
        runtime.block_on(async {
            for _ in 0..random(6) {
                yield_now().await;
            }
        });
        drop(runtime);
        for thread in running {
            for task in thread.join().unwrap() {
                assert!(task.is_finished(), "every handle resolves once the runtime is gone");
            }
        }
        census.settle();
    });
}
