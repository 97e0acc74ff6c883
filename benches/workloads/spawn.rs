//! Spawning: what does a task cost that does nothing else?

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::channel::oneshot;

/// What does it cost a task to spawn an empty task and have it run: on the spawner's own queue, with thieves about?
pub(super) fn local<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_ran = COUNTDOWN.start(size.jobs);
        C::detach(async move { spawn_empty::<C>(size.jobs) });
        all_ran.await.expect("the last task sends");
    });
}

/// What does the same cost from a thread that is no worker, so that every task goes through the shared queue?
pub(super) fn remote<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_ran = COUNTDOWN.start(size.jobs);
        spawn_empty::<C>(size.jobs);
        all_ran.await.expect("the last task sends");
    });
}

fn spawn_empty<C: Contender>(count: usize) {
    for _ in 0..count {
        C::detach(async { COUNTDOWN.arrive() });
    }
}

/// What do handles cost: outputs stored, taken, and waited for?
pub(super) fn join<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let handles: Vec<_> = (0..size.jobs).map(|n| C::spawn(async move { n })).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        sum
    };
    let sum = runtime.block_on(async { C::spawn(root).await });
    assert_eq!(sum, (0..size.jobs).sum::<usize>());
}

/// What does a spawn cost when nothing else is in the queue: does each one wake another worker in vain?
pub(super) fn chained<C: Contender>(runtime: &C, size: Size) {
    let depth = runtime.block_on(async {
        let (sender, last) = oneshot::channel();
        link::<C>(0, size.jobs, sender);
        last.await.expect("the last task sends")
    });
    assert_eq!(depth, size.jobs);
}

/// Spawns task `depth` of the chain, which spawns the next.
fn link<C: Contender>(depth: usize, end: usize, last: oneshot::Sender<usize>) {
    C::detach(async move {
        let depth = depth + 1;
        if depth == end {
            last.send(depth).expect("the receiver is awaited");
        } else {
            link::<C>(depth, end, last);
        }
    });
}
