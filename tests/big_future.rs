//! Futures of 64 KiB and 1 MiB: they go to the heap before the stack of whoever spawns them overflows, and are polled there.
//!
//! An overflow ends the process, and so fails the test. What a stack must hold is what the caller's own code puts there, unoptimised twice
//! the future, and one copy more.

mod support;

use std::pin::Pin;
use std::task::{Context, Poll};

use fusee::runtime::{Builder, Handle, Runtime};
use fusee::task;
use futures::executor;
use support::{Drops, Token, watchdog};

const KIB: usize = 1024;

/// A future of `SIZE` bytes, ready at its third poll if it has not moved since the first.
struct Large<const SIZE: usize> {
    bytes: [u8; SIZE],
    address: usize,
    polls: usize,
    _token: Token,
}

impl<const SIZE: usize> Large<SIZE> {
    fn new(drops: &Drops) -> Self {
        Self { bytes: [7; SIZE], address: 0, polls: 0, _token: drops.token() }
    }
}

impl<const SIZE: usize> Future for Large<SIZE> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let address = self.bytes.as_ptr().addr();
        self.polls += 1;
        if self.polls == 1 {
            self.address = address;
        }
        assert_eq!(self.address, address, "a polled future does not move");
        if self.polls == 3 {
            return Poll::Ready(self.bytes.iter().map(|byte| usize::from(*byte)).sum());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A runtime whose workers have stacks far smaller than the largest future here.
fn small_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).thread_stack_size(128 * KIB).build().unwrap()
}

/// Runs `body` on a thread with a stack of `size` bytes.
fn on_a_stack_of(size: usize, body: impl FnOnce(&Runtime, &Handle, &Drops) + Send + 'static) {
    watchdog(move || {
        let thread = std::thread::Builder::new().stack_size(size).spawn(move || {
            let (runtime, drops) = (small_workers(), Drops::new());
            let handle = runtime.handle().clone();
            let _entered = handle.enter();
            body(&runtime, &handle, &drops);
            drop(runtime);
            assert_eq!(drops.count(), 1);
        });
        thread.unwrap().join().unwrap();
    });
}

/// A test for each way to run a future: in it, `$large` makes the future.
macro_rules! each_way {
    ($module:ident, $size:expr, $stack:expr) => {
        mod $module {
            use super::*;

            const SIZE: usize = $size;
            const SUM: usize = 7 * SIZE;

            fn large(drops: &Drops) -> Large<SIZE> {
                Large::new(drops)
            }

            #[test]
            fn spawned() {
                on_a_stack_of($stack, |_, _, drops| {
                    assert_eq!(executor::block_on(fusee::spawn(large(drops))).unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_through_a_handle() {
                on_a_stack_of($stack, |_, handle, drops| {
                    assert_eq!(executor::block_on(handle.spawn(large(drops))).unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_through_the_runtime() {
                on_a_stack_of($stack, |runtime, _, drops| {
                    assert_eq!(executor::block_on(runtime.spawn(large(drops))).unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_with_a_name() {
                on_a_stack_of($stack, |_, _, drops| {
                    let task = task::Builder::new().name("large").spawn(large(drops)).unwrap();
                    assert_eq!(executor::block_on(task).unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_with_a_name_through_a_handle() {
                on_a_stack_of($stack, |_, handle, drops| {
                    let task = task::Builder::new().name("large").spawn_on(large(drops), handle).unwrap();
                    assert_eq!(executor::block_on(task).unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_under_a_key() {
                on_a_stack_of($stack, |_, handle, drops| {
                    let mut map = task::JoinMap::new();
                    map.spawn_on((), large(drops), handle);
                    assert_eq!(executor::block_on(map.join_next()).unwrap().1.unwrap(), SUM);
                });
            }

            #[test]
            fn spawned_through_a_tracker() {
                on_a_stack_of($stack, |_, _, drops| {
                    let tracker = task::TaskTracker::new();
                    assert_eq!(executor::block_on(tracker.spawn(large(drops))).unwrap(), SUM);
                });
            }

            #[test]
            fn driven_by_the_runtime() {
                on_a_stack_of($stack, |runtime, _, drops| assert_eq!(runtime.block_on(large(drops)), SUM));
            }

            #[test]
            fn driven_by_a_handle() {
                on_a_stack_of($stack, |_, handle, drops| assert_eq!(handle.block_on(large(drops)), SUM));
            }

            #[test]
            fn driven_by_a_runtime_of_its_own() {
                on_a_stack_of($stack, |_, _, drops| assert_eq!(fusee::runtime::block_on(large(drops)), SUM));
            }

            #[test]
            fn aborted() {
                on_a_stack_of($stack, |_, handle, drops| {
                    let task = handle.spawn(large(drops));
                    task.abort();
                    // It may have run by then.
                    let _ = executor::block_on(task);
                    assert_eq!(drops.count(), 1);
                });
            }
        }
    };
}

each_way!(of_64_kib, 64 * KIB, 256 * KIB);
each_way!(of_1_mib, 1024 * KIB, 3328 * KIB);

#[test]
fn a_worker_with_a_small_stack_spawns_large_futures_in_turn() {
    watchdog(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_stack_size(256 * KIB).build().unwrap();
        let drops = Drops::new();
        let inner = drops.clone();
        let outer = runtime.spawn(async move { fusee::spawn(Large::<{ 64 * KIB }>::new(&inner)).await.unwrap() });
        assert_eq!(executor::block_on(outer).unwrap(), 7 * 64 * KIB);
        assert_eq!(drops.count(), 1);
    });
}
