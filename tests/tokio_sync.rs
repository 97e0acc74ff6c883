//! tokio's channels, locks and macros under the library's names: they wake across workers, and run under its clock.

#![cfg(feature = "tokio-sync")]

mod support;

use std::convert::Infallible;
use std::sync::Arc;

use fusee::sync::{Barrier, Mutex, mpsc, oneshot};
use fusee::task::JoinSet;
use support::on_every_flavour;

#[test]
fn channels_and_locks_wake_tasks() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (sender, mut receiver) = mpsc::channel(1);
            let (sum, barrier) = (Arc::new(Mutex::new(0)), Arc::new(Barrier::new(8)));
            let mut tasks = JoinSet::new();
            for number in 0..8 {
                let (sender, sum, barrier) = (sender.clone(), sum.clone(), barrier.clone());
                tasks.spawn(async move {
                    barrier.wait().await;
                    for _ in 0..100 {
                        *sum.lock().await += number;
                        sender.send(number).await.unwrap();
                    }
                });
            }
            drop(sender);
            let mut received = 0;
            while let Some(number) = receiver.recv().await {
                received += number;
            }
            while let Some(joined) = tasks.join_next().await {
                joined.unwrap();
            }
            assert_eq!((received, *sum.lock().await), (2800, 2800));
        });
    });
}

#[test]
fn the_macros_await_several_futures() {
    on_every_flavour(|runtime| {
        runtime.block_on(async {
            let (answer, answered) = oneshot::channel();
            fusee::pin!(answered);
            fusee::select! {
                _ = &mut answered => unreachable!("nothing was sent"),
                () = fusee::task::yield_now() => {}
            }
            let (sent, received) = fusee::join!(async { answer.send(1) }, answered);
            assert_eq!((sent, received), (Ok(()), Ok(1)));
            let both = fusee::try_join!(async { Ok::<_, Infallible>(2) }, async { Ok(3) });
            assert_eq!(both, Ok((2, 3)));
        });
    });
}
