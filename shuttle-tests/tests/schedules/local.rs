//! Tasks that stay on one thread, woken and aborted from all others.

use std::rc::Rc;

use shuttle_tests::harness::{Census, check, linger, random, witness};
use shuttle_tests::spawn;
use shuttle_tests::task::{LocalSet, spawn_local, yield_now};
use shuttle_tests::time::{Duration, sleep};

use crate::tools::{Mailbox, echo};

/// Local tasks exchange messages with tasks on the workers, and sleep.
#[test]
fn with_remote_wakes() {
    check("local::with_remote_wakes", &[], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let counted = census.clone();
        let set = LocalSet::new();
        set.block_on(&runtime, async move {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let (request, answer) = (Mailbox::new(), Mailbox::new());
                    let census = counted.clone();
                    drop(spawn(echo(census.clone(), request.clone(), answer.clone())));
                    spawn_local(async move {
                        let counted = Rc::new(census.count());
                        for number in 1..=3 {
                            request.send(number, random(2) == 0);
                            assert_eq!(answer.receive().await, number);
                            match random(4) {
                                0 => sleep(Duration::from_micros(random(500) as u64)).await,
                                1 => yield_now().await,
                                _ => {}
                            }
                        }
                        request.send(0, false);
                        drop(counted);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        drop((set, runtime));
        census.settle();
    });
}

/// A set is dropped, or awaited as a future, beside wakes and aborts from other threads: its futures are dropped on its thread.
#[test]
fn dropped_beside_wakes() {
    check("local::dropped_beside_wakes", &["output", "cancelled"], |workers| {
        let census = Census::new();
        let runtime = census.multi_thread(workers);
        let set = LocalSet::new();
        let mailboxes: Vec<_> = (0..8).map(|_| Mailbox::new()).collect();
        let tasks: Vec<_> = mailboxes
            .iter()
            .map(|mailbox| {
                let (mailbox, here) =
                    (mailbox.clone(), Rc::new(OnThread(shuttle::thread::current().id(), census.count())));
                set.spawn_local(async move {
                    mailbox.receive().await;
                    drop(here);
                })
            })
            .collect();
        let aborters: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
        let outside = shuttle::thread::spawn(move || {
            for (mailbox, aborter) in mailboxes.iter().zip(&aborters) {
                linger(20);
                if random(3) > 0 {
                    mailbox.send((), random(2) == 0);
                } else {
                    aborter.abort();
                }
            }
        });
        if random(2) == 0 {
            runtime.block_on(set);
        } else {
            set.block_on(&runtime, async {
                for _ in 0..random(10) {
                    yield_now().await;
                }
            });
            linger(30);
            drop(set);
        }
        for task in tasks {
            witness(if runtime.block_on(task).is_ok() { "output" } else { "cancelled" });
        }
        outside.join().unwrap();
        drop(runtime);
        census.settle();
    });
}

/// Must be dropped on the thread that it names.
struct OnThread(
    shuttle::thread::ThreadId,
    #[allow(dead_code, reason = "it is counted")] shuttle_tests::harness::Counted,
);

impl Drop for OnThread {
    fn drop(&mut self) {
        assert_eq!(shuttle::thread::current().id(), self.0, "a local future stays on its thread");
    }
}
