//! Threads that are no workers: what does it cost them, and those whom they disturb, to bring work in?

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use std::thread;

/// Tasks that a thread spawns before it wakes them.
const BATCH: usize = 50;

/// So many threads spawn tasks that wait, and wake them: what does the shared queue cost when everything comes through it, and from all sides?
pub(super) fn spawn_and_wake<C: Contender>(runtime: &C, size: Size, threads: usize) {
    let batches = size.jobs / BATCH / threads;
    let all_woke = COUNTDOWN.start(batches * BATCH * threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| runtime.block_on(async { (0..batches).for_each(|_| batch::<C>()) }));
        }
        runtime.block_on(all_woke).expect("the last task sends");
    });
}

/// Some of the tasks wait before they are woken, and some have their message already when they are first polled.
fn batch<C: Contender>() {
    let task = |n| {
        let (wake, woken) = oneshot::channel();
        C::detach(async move {
            assert_eq!(woken.await, Ok(n));
            COUNTDOWN.arrive();
        });
        wake
    };
    let tasks: Vec<_> = (0..BATCH).map(task).collect();
    for (n, wake) in tasks.into_iter().enumerate() {
        wake.send(n).expect("the task waits");
    }
}

/// The root future of `block_on` and a task wake each other: how fast does a message go from a thread that is no worker to a task, and back?
pub(super) fn root_ping_pong<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let (ping, mut pinged) = mpsc::unbounded();
        let (pong, mut ponged) = mpsc::unbounded();
        C::detach(async move {
            while let Some(n) = pinged.next().await {
                let n: usize = n;
                pong.unbounded_send(n + 1).expect("the root waits for the answer");
            }
        });
        for n in 0..size.jobs {
            ping.unbounded_send(n).expect("the partner lives as long as the root's sender");
            assert_eq!(ponged.next().await, Some(n + 1));
        }
    });
}
