//! Sources that somebody must wait for where nobody would by habit: after a first source that was refused, and beside a queue that is always full.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fusee::io::AsyncReadExt;
use fusee::io::unix::AsyncFd;
use fusee::net::UnixStream;
use fusee::runtime::Runtime;
use fusee::task::yield_now;
use support::{on_every_flavour, until, watchdog, workers};

/// The two ends of a connection, of which the other is the standard library's.
fn pair() -> (UnixStream, StdStream) {
    let (near, far) = StdStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("an option");
    (UnixStream::from_std(near).expect("a source"), far)
}

/// Waits until every worker is parked.
fn until_all_park(runtime: &Runtime) {
    let metrics = runtime.metrics();
    until("every worker is parked", || {
        (0..metrics.num_workers()).all(|worker| metrics.worker_park_unpark_count(worker) % 2 == 1)
    });
}

#[test]
fn a_source_is_waited_for_after_the_first_was_refused() {
    watchdog(|| {
        for count in [2, 4] {
            let runtime = workers(count);
            until_all_park(&runtime);
            let _entered = runtime.enter();
            let file = File::open(std::env::current_exe().unwrap()).unwrap();
            AsyncFd::new(file).expect_err("the kernel tells nothing of a regular file");
            let (mut near, mut far) = pair();
            far.write_all(&[1]).unwrap();
            futures::executor::block_on(near.read_exact(&mut [0])).unwrap();
        }
    });
}

/// Spawns `count` tasks that yield until the flag is set.
fn spawn_hogs(runtime: &Runtime, count: usize, ended: &Arc<AtomicBool>) {
    for _ in 0..count {
        let ended = ended.clone();
        drop(runtime.spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                yield_now().await;
            }
        }));
    }
}

#[test]
fn a_queue_that_is_always_full_starves_no_socket() {
    on_every_flavour(|runtime| {
        let ended = Arc::new(AtomicBool::new(false));
        spawn_hogs(&runtime, 1000, &ended);
        let reading = runtime.spawn(async move {
            let (mut near, mut far) = pair();
            for byte in 0..3 {
                let mut read = [0];
                let writing = fusee::spawn(async move {
                    far.write_all(&[byte]).unwrap();
                    far
                });
                near.read_exact(&mut read).await.unwrap();
                assert_eq!(read[0], byte);
                far = writing.await.unwrap();
            }
        });
        runtime.block_on(reading).unwrap();
        ended.store(true, Ordering::Relaxed);
    });
}
