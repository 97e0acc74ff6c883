//! Switching between tasks that are already there.

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::channel::oneshot;

/// Tasks that yield side by side: more than a worker's queue is likely to give away at once.
const YIELDERS: usize = 200;

/// What does one turn of the scheduler cost, when tasks only give way to each other?
pub(super) fn yield_many<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_done = COUNTDOWN.start(YIELDERS);
        for _ in 0..YIELDERS {
            C::detach(async move {
                for _ in 0..size.jobs / YIELDERS {
                    C::yield_now().await;
                }
                COUNTDOWN.arrive();
            });
        }
        all_done.await.expect("the last task sends");
    });
}

/// What does it cost two tasks to wake each other once: is the woken one run at once, where the waker's data is hot?
pub(super) fn ping_pong<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_done = COUNTDOWN.start(size.jobs);
        C::detach(async move {
            for n in 0..size.jobs {
                C::detach(exchange::<C>(n));
            }
        });
        all_done.await.expect("the last pair sends");
    });
}

/// Sends `n` to a partner spawned for it, and gets its answer.
async fn exchange<C: Contender>(n: usize) {
    let (ping, pinged) = oneshot::channel();
    let (pong, ponged) = oneshot::channel();
    C::detach(async move {
        let n: usize = pinged.await.expect("the other task sends");
        pong.send(n + 1).expect("the other task waits");
    });
    ping.send(n).expect("the partner waits");
    assert_eq!(ponged.await, Ok(n + 1));
    COUNTDOWN.arrive();
}
