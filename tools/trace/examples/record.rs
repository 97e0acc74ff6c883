//! A program that records what its runtime does. `cargo run -p fusee-trace --example record -- FILE` writes the recording, for `fusee-trace`; the tests know what must be found in it.

use std::fs::File;
use std::future::poll_fn;
use std::time::{Duration, Instant};

use fusee::insight::Recorder;
use fusee::insight::recording::Recording;
use fusee::runtime::Builder;
use futures::FutureExt;
use futures::channel::oneshot;

fn main() -> std::io::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("record: an argument is missing: the file to be written");
        std::process::exit(2);
    };
    record().recording.write_to(File::create(path)?)
}

/// What is known of the program.
#[allow(dead_code, reason = "tests use it")]
pub(crate) struct Recorded {
    pub(crate) recording: Recording,
    /// The lines of this file at which tasks are spawned.
    pub(crate) parent: u32,
    pub(crate) blocked: u32,
    pub(crate) waiter: u32,
    pub(crate) aborted: u32,
    pub(crate) panicking: u32,
}

/// This file, as places name it.
#[allow(dead_code, reason = "tests use it")]
pub(crate) const FILE: &str = file!();

/// The shortest that the blocked poll takes.
pub(crate) const BLOCKED: Duration = Duration::from_millis(60);

/// Spawns, wakes between tasks, timers, a blocking job, a panic, an abort, and a poll that blocks its worker.
pub(crate) fn record() -> Recorded {
    let runtime =
        Builder::new_multi_thread().worker_threads(2).name("sample").recorder(Recorder::new()).build().unwrap();
    let (parent, (blocked, waiter, aborted, panicking)) = runtime.block_on(async {
        let parent = line!() + 2;
        // Within the runtime, so that wakes and spawns are a worker's.
        let all = fusee::spawn(async {
            let (sender, receiver) = oneshot::channel::<u32>();
            let (waits, told) = oneshot::channel();
            let waiting = fusee::task::Builder::new().name("waiter").spawn(wait(receiver, waits)).unwrap();
            let waiter = line!() - 1;
            told.await.unwrap();
            fusee::time::sleep(Duration::from_millis(5)).await;
            spin();
            sender.send(1).unwrap();
            waiting.await.unwrap();
            let blocked = line!() + 1;
            fusee::spawn(block()).await.unwrap();
            let panics = fusee::spawn(async { std::panic::resume_unwind(Box::new("on purpose")) });
            let panicking = line!() - 1;
            let error = panics.await.unwrap_err();
            assert!(error.is_panic());
            let never = fusee::spawn(std::future::pending::<()>());
            let aborted = line!() - 1;
            fusee::time::sleep(Duration::from_millis(2)).await;
            never.abort();
            assert!(never.await.unwrap_err().is_cancelled());
            fusee::task::spawn_blocking(|| std::hint::black_box(3)).await.unwrap();
            for _ in 0..200 {
                fusee::spawn(fusee::task::yield_now()).await.unwrap();
            }
            (blocked, waiter, aborted, panicking)
        });
        (parent, all.await.unwrap())
    });
    let recording = runtime.handle().recording().unwrap();
    Recorded { recording, parent, blocked, waiter, aborted, panicking }
}

/// Says so once it waits.
async fn wait(mut receiver: oneshot::Receiver<u32>, waits: oneshot::Sender<()>) {
    let mut waits = Some(waits);
    let received = poll_fn(|task| {
        let polled = receiver.poll_unpin(task);
        if polled.is_pending() {
            let _ = waits.take().map(|waits| waits.send(()));
        }
        polled
    });
    received.await.unwrap();
}

/// Blocks its worker, amid polls that are long enough for the clock to be read before each.
async fn block() {
    for turn in 0..30 {
        if turn == 20 {
            // tidy: real time, because a poll that takes it is what is to be found.
            std::thread::sleep(BLOCKED);
        }
        spin();
        fusee::task::yield_now().await;
    }
}

fn spin() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(50) {
        std::hint::spin_loop();
    }
}
