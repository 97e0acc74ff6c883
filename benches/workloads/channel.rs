//! Messages: what does it cost tasks to talk, over channels that know no runtime?
//!
//! The channels are the same for all contenders, those of futures and of async-channel. What differs is what a wake costs, where the woken
//! task runs next, and whether a wake of a task that will run anyway is free.

use super::Size;
use crate::contenders::Contender;
use crate::countdown::COUNTDOWN;
use futures::channel::{mpsc, oneshot};
use futures::{SinkExt, StreamExt};

/// Who sends at the same time; with async-channel, who receives, too.
const SENDERS: usize = 4;

/// What fits into a bounded channel: so little that both sides wait for each other again and again.
const ROOM: usize = 16;

/// Messages that an unbounded sender sends in a row before it lets others run.
const BURST: usize = 16;

/// Tasks that ask one server.
const CLIENTS: usize = 64;

/// The stages of a pipeline, its source and its sink not counted.
const STAGES: usize = 8;

/// Several senders, one receiver, and no back pressure: does each message wake the receiver, and does it get its turn?
pub(super) fn mpsc_unbounded<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let (sender, receiver) = mpsc::unbounded();
        for own in shares(size.jobs) {
            let sender = sender.clone();
            C::detach(async move {
                for n in own {
                    sender.unbounded_send(n).expect("the receiver lives until the last sender is gone");
                    if n % BURST == BURST - 1 {
                        C::yield_now().await;
                    }
                }
            });
        }
        drop(sender);
        sum(receiver).await
    };
    assert_eq!(runtime.block_on(async { C::spawn(root).await }), (0..size.jobs).sum::<usize>());
}

/// The same with back pressure: what does it cost when both sides run out of work and are woken by each other?
pub(super) fn mpsc_bounded<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let (sender, receiver) = mpsc::channel(ROOM);
        for own in shares(size.jobs) {
            let mut sender = sender.clone();
            C::detach(async move {
                for n in own {
                    sender.send(n).await.expect("the receiver lives until the last sender is gone");
                }
            });
        }
        drop(sender);
        sum(receiver).await
    };
    assert_eq!(runtime.block_on(async { C::spawn(root).await }), (0..size.jobs).sum::<usize>());
}

/// As many receivers as senders, at a full channel: each wake chooses one of several tasks that wait.
pub(super) fn async_channel<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let (sender, receiver) = async_channel::bounded(ROOM);
        let receivers: Vec<_> = (0..SENDERS)
            .map(|_| {
                let receiver = receiver.clone();
                C::spawn(async move {
                    let mut sum = 0;
                    while let Ok(n) = receiver.recv().await {
                        sum += n;
                    }
                    sum
                })
            })
            .collect();
        for own in shares(size.jobs) {
            let sender = sender.clone();
            C::detach(async move {
                for n in own {
                    sender.send(n).await.expect("the receivers live until the last sender is gone");
                }
            });
        }
        drop((sender, receiver));
        let mut sum: usize = 0;
        for receiver in receivers {
            sum += receiver.await;
        }
        sum
    };
    assert_eq!(runtime.block_on(async { C::spawn(root).await }), (0..size.jobs).sum::<usize>());
}

/// A server task that many ask and that answers over a oneshot: two wakes a request, one of a task with a queue, one of a task that waits for
/// this alone.
pub(super) fn request<C: Contender>(runtime: &C, size: Size) {
    runtime.block_on(async {
        let all_answered = COUNTDOWN.start(CLIENTS);
        let (asks, mut asked) = mpsc::unbounded::<(usize, oneshot::Sender<usize>)>();
        C::detach(async move {
            while let Some((n, answer)) = asked.next().await {
                answer.send(n + 1).expect("the client waits");
            }
        });
        for _ in 0..CLIENTS {
            let asks = asks.clone();
            C::detach(async move {
                for n in 0..size.jobs / CLIENTS {
                    let (answer, answered) = oneshot::channel();
                    asks.unbounded_send((n, answer)).expect("the server lives until the last client is gone");
                    assert_eq!(answered.await, Ok(n + 1));
                }
                COUNTDOWN.arrive();
            });
        }
        drop(asks);
        all_answered.await.expect("the last client sends");
    });
}

/// Fan-out and fan-in: one task spawns many that each send their result to one collector, which is woken from every worker.
pub(super) fn fan_in<C: Contender>(runtime: &C, size: Size) {
    let sum = runtime.block_on(async {
        let (sender, receiver) = mpsc::unbounded();
        let collector = C::spawn(sum(receiver));
        C::detach(async move {
            for n in 0..size.jobs {
                let sender = sender.clone();
                C::detach(async move { sender.unbounded_send(n).expect("the collector waits for all") });
            }
        });
        collector.await
    });
    assert_eq!(sum, (0..size.jobs).sum::<usize>());
}

/// Each message passes through tasks that do next to nothing: does it stay on one worker, or does every hop wake another?
pub(super) fn pipeline<C: Contender>(runtime: &C, size: Size) {
    let root = async move {
        let (mut source, mut received) = mpsc::channel(ROOM);
        for _ in 0..STAGES {
            let (mut send, next) = mpsc::channel(ROOM);
            let mut stage = std::mem::replace(&mut received, next);
            C::detach(async move {
                while let Some(n) = stage.next().await {
                    send.send(n + 1).await.expect("the next stage lives as long");
                }
            });
        }
        C::detach(async move {
            for n in 0..size.jobs {
                source.send(n).await.expect("the first stage lives as long");
            }
        });
        sum(received).await
    };
    let sum = runtime.block_on(async { C::spawn(root).await });
    assert_eq!(sum, (STAGES..size.jobs + STAGES).sum::<usize>());
}

/// The sum of what comes.
async fn sum(mut receiver: impl StreamExt<Item = usize> + Unpin) -> usize {
    let mut sum = 0;
    while let Some(n) = receiver.next().await {
        sum += n;
    }
    sum
}

/// The numbers below `jobs`, in a range for each sender.
fn shares(jobs: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..SENDERS).map(move |at| jobs * at / SENDERS..jobs * (at + 1) / SENDERS)
}
