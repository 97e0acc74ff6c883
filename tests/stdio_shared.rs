//! The standard input, shared: with other readers, in this process and beside it, and with who has changed its mode.
#![cfg(all(unix, feature = "io-std"))]

#[path = "support/program.rs"]
mod program;
mod support;

use std::future::{Future, poll_fn};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::task::Poll;

use fusee::io::{AsyncReadExt, stdin};
use fusee::runtime::{Builder, Runtime};
use fusee::task::yield_now;
use futures::FutureExt;
use futures::future::select;
use program::{begins_to_wait, hears, pipe};
use rustix::fs::OFlags;
use support::{current_thread, occupy, watchdog, workers};

/// Runtimes of either flavour.
fn runtimes() -> [Runtime; 2] {
    [current_thread(), workers(2)]
}

/// Reads what is in the standard input by the kernel's own call.
fn takes(count: usize) {
    let mut taken = vec![0; count];
    assert_eq!(rustix::io::read(std::io::stdin(), &mut taken).unwrap(), count);
}

#[test]
fn what_a_short_read_leaves_is_there_for_the_next_whoever_reads() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        writer.write_all(b"abcdef").unwrap();
        let program = || {
            for runtime in runtimes() {
                runtime.block_on(async {
                    let mut byte = [0];
                    let mut first = stdin();
                    for _ in 0..2 {
                        first.read_exact(&mut byte).await.unwrap();
                        print!("{}", char::from(byte[0]));
                    }
                    // Another one, beside the first or after it.
                    stdin().read_exact(&mut byte).await.unwrap();
                    print!("{}", char::from(byte[0]));
                });
            }
        };
        let told = program::run("what_a_short_read_leaves_is_there_for_the_next_whoever_reads", input, program, |_| ());
        assert_eq!(told.out, "abcdef");
        drop(writer);
    });
}

#[test]
fn two_at_a_time_share_what_comes_and_both_see_the_end() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let program = || {
            for runtime in runtimes() {
                let readers = (0..2).map(|_| {
                    runtime.spawn(async {
                        let mut input = stdin();
                        let mut sum = 0_u64;
                        let mut buffer = [0; 7];
                        loop {
                            match input.read(&mut buffer).await.unwrap() {
                                0 => return sum,
                                count => sum += buffer[..count].iter().map(|&byte| u64::from(byte)).sum::<u64>(),
                            }
                        }
                    })
                });
                let sums = runtime.block_on(futures::future::join_all(readers));
                println!("{}", sums.into_iter().map(|sum| sum.unwrap()).sum::<u64>());
            }
        };
        let name = "two_at_a_time_share_what_comes_and_both_see_the_end";
        let told = program::run(name, input, program, move |_| {
            (0..1000).for_each(|n| writer.write_all(&[(n % 251) as u8; 10]).unwrap());
        });
        let sum: u64 = (0..1000).map(|n| n % 251 * 10).sum();
        assert_eq!(told.out, format!("{sum}\n0\n"));
    });
}

#[test]
fn two_that_are_told_of_the_same_byte_leave_no_thread_blocked() {
    watchdog(|| {
        const ROUNDS: usize = 50;
        let (input, mut writer) = pipe();
        let program = || {
            for _ in 0..ROUNDS {
                let runtime = workers(1);
                runtime.block_on(async {
                    let (mut first, mut second) = (stdin(), stdin());
                    let mut byte = [0];
                    first.read_exact(&mut byte).await.unwrap();
                    second.read_exact(&mut byte).await.unwrap();
                    // To make so much room takes time.
                    let (mut room, mut other) = (vec![0; 2 << 20], vec![0; 2 << 20]);
                    let mut reading = select(first.read(&mut room), second.read(&mut other));
                    assert!(poll_fn(|context| Poll::Ready(reading.poll_unpin(context))).await.is_pending());
                    println!("ready");
                    assert_eq!(reading.await.factor_first().0.unwrap(), 1);
                });
                // It waits for both jobs.
                drop(runtime);
                println!("ended");
            }
        };
        let name = "two_that_are_told_of_the_same_byte_leave_no_thread_blocked";
        program::run(name, input, program, move |child| {
            for _ in 0..ROUNDS {
                writer.write_all(b"ab").unwrap();
                hears(child, "ready");
                writer.write_all(b"c").unwrap();
                hears(child, "ended");
            }
        });
    });
}

#[test]
fn what_somebody_else_has_read_is_waited_for_anew() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let program = || {
            for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
                let runtime = builder.max_blocking_threads(1).build().unwrap();
                let metrics = runtime.metrics();
                runtime.block_on(async {
                    let mut input = stdin();
                    println!("ready");
                    // It is told that there is something to read, and somebody else reads the rest.
                    let mut byte = [0];
                    input.read_exact(&mut byte).await.unwrap();
                    takes(2);
                    let end = occupy(&runtime);
                    let mut reading = input.read(&mut byte);
                    let begun = poll_fn(|context| Poll::Ready(Pin::new(&mut reading).poll(context))).await;
                    assert!(begun.is_pending());
                    assert_eq!(metrics.blocking_queue_depth(), 0, "there is no job");
                    end.open();
                    println!("taken");
                    assert_eq!(reading.await.unwrap(), 1);
                    assert_eq!(&byte, b"d");
                    println!("read");
                });
            }
        };
        program::run("what_somebody_else_has_read_is_waited_for_anew", input, program, move |child| {
            for _ in 0..2 {
                hears(child, "ready");
                writer.write_all(b"abc").unwrap();
                hears(child, "taken");
                writer.write_all(b"d").unwrap();
                hears(child, "read");
            }
        });
    });
}

#[test]
fn what_somebody_else_has_read_before_the_job_runs_blocks_no_thread() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let program = || {
            let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
            let end = occupy(&runtime);
            let mut input = stdin();
            let metrics = runtime.metrics();
            runtime.block_on(async {
                println!("ready");
                while metrics.blocking_queue_depth() == 0 {
                    assert!(begins_to_wait(&mut input));
                    yield_now().await;
                }
                takes(3);
            });
            end.open();
            // It waits for the job that has found nothing, and for no read.
            drop(runtime);
        };
        let name = "what_somebody_else_has_read_before_the_job_runs_blocks_no_thread";
        program::run(name, input, program, |child| {
            hears(child, "ready");
            writer.write_all(b"abc").unwrap();
        });
    });
}

#[test]
fn the_descriptors_mode_is_left_alone_and_does_not_matter() {
    watchdog(|| {
        let (input, mut writer) = pipe();
        let program = || {
            for mode in [OFlags::empty(), OFlags::NONBLOCK] {
                rustix::fs::fcntl_setfl(std::io::stdin(), mode).unwrap();
                workers(1).block_on(async {
                    let mut input = stdin();
                    assert_eq!(input.as_raw_fd(), 0);
                    let mut byte = [0];
                    let mut reading = input.read(&mut byte);
                    let begun = poll_fn(|context| Poll::Ready(Pin::new(&mut reading).poll(context))).await;
                    assert!(begun.is_pending());
                    println!("ready");
                    reading.await.unwrap();
                    assert_eq!(rustix::fs::fcntl_getfl(input.as_fd()).unwrap() & OFlags::NONBLOCK, mode);
                });
            }
        };
        program::run("the_descriptors_mode_is_left_alone_and_does_not_matter", input, program, move |child| {
            for _ in 0..2 {
                hears(child, "ready");
                writer.write_all(b"a").unwrap();
            }
        });
    });
}
