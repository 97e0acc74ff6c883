//! Tasks that compute: is the work spread, however it is cut, and who has to wait for whom?
//!
//! Computing itself costs every contender the same, so that ratios are near 1 where the work is spread well; the wall time that two workers
//! need at least is half the CPU time.

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Tasks that yield beside the one that does not.
const YIELDERS: usize = 1_000;

/// Tasks that are spawned before each stint of the spawner's.
const BATCH: usize = 100;

/// How often each task of [`mixed`] computes and sleeps, and how long it computes: a few microseconds, in steps of [`compute`].
const ROUNDS: usize = 20;
const STEPS: usize = 16_000;

/// The least and the greatest length of an uneven task, in steps of [`compute`]: from about a microsecond to a millisecond.
const SHORTEST: f64 = 3_000.0;
const LONGEST: f64 = 3_000_000.0;

/// Tells the hog to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// A binary tree of tasks, each of which spawns two halves and joins them: how well are handles awaited whose tasks others may have stolen?
pub(super) fn fork_join<C: Contender>(runtime: &C, size: Size) {
    let leaves = runtime.block_on(async { C::spawn(tree::<C>(size.jobs)).await });
    assert_eq!(leaves, size.jobs);
}

fn tree<C: Contender>(leaves: usize) -> BoxFuture<'static, usize> {
    async move {
        if leaves == 1 {
            return 1;
        }
        let left = C::spawn(tree::<C>(leaves / 2));
        let right = C::spawn(tree::<C>(leaves - leaves / 2));
        left.await + right.await
    }
    .boxed()
}

/// One task spawns others whose lengths have a heavy tail, in random order: does a worker that has drawn short ones find the rest of the
/// work, and do the long ones hold up what stands behind them?
pub(super) fn uneven<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let mut random = fastrand::Rng::with_seed(5);
        // Pareto's distribution with exponent 1, cut off: the chance to be twice as long is half as high.
        let lengths = (0..size.jobs).map(|_| (SHORTEST / random.f64().max(1e-9)).min(LONGEST) as usize);
        let lengths: Vec<_> = lengths.collect();
        let all: usize = lengths.iter().sum();
        let tasks: Vec<_> = lengths.into_iter().map(|length| C::spawn(async move { compute(length) })).collect();
        let mut computed = 0;
        for task in tasks {
            computed += task.await;
        }
        (computed, all)
    };
    let (computed, all) = runtime.block_on(async { C::spawn(root).await });
    assert_eq!(computed, all);
}

/// One task holds its worker for milliseconds at a time. How long until many small tasks beside it are through: are those that stand in the
/// hog's own queue taken away from it?
pub(super) fn hog<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        ENDING.store(false, Ordering::Relaxed);
        let all_done = COUNTDOWN.start(YIELDERS);
        let hog = C::spawn(async move {
            for _ in 0..YIELDERS {
                C::detach(async move {
                    for _ in 0..size.jobs / YIELDERS {
                        C::yield_now().await;
                    }
                    COUNTDOWN.arrive();
                });
            }
            while !ENDING.load(Ordering::Relaxed) {
                hold_worker(size.sleep);
                C::yield_now().await;
            }
        });
        all_done.await.expect("the last small task sends");
        ENDING.store(true, Ordering::Relaxed);
        hog.await;
    });
}

/// A task spawns small ones and then holds its worker. How long until they have run, summed over the stints: the last one spawned, too, which
/// may have a place of its own where nobody steals?
pub(super) fn hog_spawns<C: Contender>(runtime: &C, size: Size) -> Duration {
    let hog = async move {
        let mut waited = Duration::ZERO;
        for _ in 0..size.jobs {
            let (sender, last_ran) = oneshot::channel();
            let start = Instant::now();
            let left = Arc::new((AtomicUsize::new(BATCH), std::sync::Mutex::new(Some(sender))));
            for _ in 0..BATCH {
                let left = left.clone();
                C::detach(async move {
                    let (left, sender) = &*left;
                    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        let sender = sender.lock().expect("nobody panics").take().expect("there is one last");
                        sender.send(Instant::now()).expect("the hog waits in the end");
                    }
                });
            }
            hold_worker(size.sleep);
            waited += last_ran.await.expect("the last small task sends") - start;
        }
        waited
    };
    runtime.block_on(async { C::spawn(hog).await })
}

/// Tasks that compute a little and sleep a little, in turn: do timers fire, and are they looked after, while all workers are busy?
pub(super) fn mixed<C: Contender>(runtime: &C, size: Size) {
    let tasks = size.jobs / ROUNDS;
    let computed = runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks)
            .map(|n| {
                let mut random = fastrand::Rng::with_seed(n as u64);
                C::spawn(async move {
                    let mut computed = 0;
                    for _ in 0..ROUNDS {
                        computed += compute(STEPS);
                        C::sleep(size.sleep.mul_f64(0.2 + 1.6 * random.f64())).await;
                    }
                    computed
                })
            })
            .collect();
        let mut computed = 0;
        for task in tasks {
            computed += task.await;
        }
        computed
    });
    assert_eq!(computed, tasks * ROUNDS * STEPS);
}

/// Work that is in no cache but the registers' and cannot be left out. The steps that it took.
fn compute(steps: usize) -> usize {
    (0..steps).fold(0, |done, _| black_box(done + 1))
}

/// Computes until `time` has passed.
fn hold_worker(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}
