//! Sources that somebody must wait for where nobody would by habit: after a first source that was refused.
#![cfg(all(unix, feature = "net"))]

mod support;

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream as StdStream;

use fusee::io::AsyncReadExt;
use fusee::io::unix::AsyncFd;
use fusee::net::UnixStream;
use fusee::runtime::Runtime;
use support::{until, watchdog, workers};

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
