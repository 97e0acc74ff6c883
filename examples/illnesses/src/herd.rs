//! Too many wake-ups: whoever brings something wakes all who wait, and all but one of them find nothing.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use fusee::insight::Recorder;
use fusee::runtime::Builder;
use fusee::sync::Notify;
use fusee::task::yield_now;

use crate::summary;

const CONSUMERS: usize = 50;
const ITEMS: u64 = 1_000;

#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<u64>>,
    arrived: Notify,
}

impl Queue {
    fn push(&self, item: u64) {
        self.items.lock().expect("nobody panics with it").push_back(item);
        self.arrived.notify_waiters();
    }

    async fn pop(&self) -> u64 {
        loop {
            let arrived = self.arrived.notified();
            if let Some(item) = self.items.lock().expect("nobody panics with it").pop_front() {
                return item;
            }
            arrived.await;
        }
    }
}

pub(crate) fn diagnose() -> io::Result<String> {
    let runtime = Builder::new_multi_thread().worker_threads(2).recorder(Recorder::new()).build()?;
    let queue = Arc::new(Queue::default());
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let queue = queue.clone();
            runtime.spawn(async move { while queue.pop().await < ITEMS {} })
        })
        .collect();
    let producer = runtime.spawn(async move {
        // One of them is an end for each consumer.
        for item in 0..ITEMS + CONSUMERS as u64 {
            queue.push(item);
            yield_now().await;
        }
    });
    runtime.block_on(producer).map_err(io::Error::other)?;
    for consumer in consumers {
        runtime.block_on(consumer).map_err(io::Error::other)?;
    }
    summary(&runtime)
}
