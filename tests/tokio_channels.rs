//! Channels of tokio's in tasks of ours: they spend tokio's budget, which nobody grants here, so a loop over one that is always ready gives
//! way where it is told to; polled within a runtime of tokio's they give way by themselves, and what blocks is refused.

mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use fusee::task::coop::cooperative;
use support::{message, on_one_worker, until_within};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

/// Polls `future` within `block_on` of tokio's, which has its answer at once: that grants tokio's budget to each poll.
async fn on_tokio<F: Future>(tokio: Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| tokio.block_on(poll_fn(|_| Poll::Ready(future.as_mut().poll(context))))).await
}

#[test]
fn a_loop_over_a_channel_that_is_always_ready_gives_way_if_it_is_wrapped() {
    on_one_worker(|runtime| {
        let (sender, mut receiver) = watch::channel(0u64);
        let mut turns = sender.subscribe();
        drop(runtime.spawn(async move {
            loop {
                sender.send_modify(|turn| *turn += 1);
                cooperative(receiver.changed()).await.unwrap();
            }
        }));
        until_within(&runtime, "it runs", || *turns.borrow_and_update() > 0);
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn polled_in_a_runtime_of_tokios_its_channels_give_way_unasked() {
    on_one_worker(|runtime| {
        let tokio = Builder::new_current_thread().build().unwrap();
        let (sender, mut receiver) = watch::channel(0u64);
        let mut turns = sender.subscribe();
        drop(runtime.spawn(on_tokio(tokio.handle().clone(), async move {
            loop {
                sender.send_modify(|turn| *turn += 1);
                receiver.changed().await.unwrap();
            }
        })));
        until_within(&runtime, "it runs", || *turns.borrow_and_update() > 0);
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        drop(runtime);
    });
}

#[test]
fn polled_in_a_runtime_of_tokios_a_call_that_would_block_the_worker_panics() {
    on_one_worker(|runtime| {
        let tokio = Builder::new_current_thread().build().unwrap();
        let (_sender, receiver) = oneshot::channel::<()>();
        let blocks = runtime.spawn(on_tokio(tokio.handle().clone(), async { receiver.blocking_recv() }));
        let payload = runtime.block_on(blocks).unwrap_err().into_panic();
        assert!(message(&*payload).contains("Cannot block the current thread"), "{}", message(&*payload));
    });
}
