//! Bad input and bad places: a clear error or a panic that names the way out, and nothing left behind.

mod support;

use std::future::ready;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fusee::runtime::{self, Builder, Handle, Runtime};
use fusee::time::{sleep, timeout};
use support::proc::threads_named;
use support::{message, on_every_flavour, until, watchdog, workers};

/// What a call panics with.
#[track_caller]
fn panic_of<R>(call: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it should panic"),
        Err(payload) => message(&*payload).to_owned(),
    }
}

#[track_caller]
fn refused(builder: &mut Builder, what: &str) {
    let error: io::Error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains(what), "{error}");
}

#[test]
fn a_configuration_that_cannot_be_is_refused_by_build() {
    refused(Builder::new_multi_thread().worker_threads(0), "worker_threads must be at least 1");
    refused(Builder::new_multi_thread().worker_threads(32_769), "worker_threads must be at most 32768");
    refused(Builder::new_multi_thread().worker_threads(usize::MAX), "worker_threads must be at most 32768");
    refused(Builder::new_multi_thread().global_queue_interval(0), "global_queue_interval must be at least 1");
    refused(Builder::new_multi_thread().thread_name("nul\0byte"), "thread_name must not contain a nul byte");
}

#[test]
fn a_builder_that_was_refused_builds_once_it_is_mended() {
    watchdog(|| {
        let mut builder = Builder::new_multi_thread();
        refused(builder.worker_threads(0), "worker_threads");
        for _ in 0..2 {
            let runtime = builder.worker_threads(1).build().unwrap();
            assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        }
    });
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error_and_the_others_end() {
    watchdog(|| {
        // No address space is that large.
        for bytes in [1 << 47, 1 << 62, usize::MAX / 2, usize::MAX] {
            for count in [1, 2, 4] {
                let built = catch_unwind(AssertUnwindSafe(|| {
                    Builder::new_multi_thread()
                        .worker_threads(count)
                        .thread_name("too-large")
                        .thread_stack_size(bytes)
                        .build()
                }));
                match built {
                    Ok(built) => drop(built.unwrap_err()),
                    Err(payload) => panic!("a stack of {bytes} bytes: {}", message(&*payload)),
                }
                // They are joined; the list that the system shows lags behind.
                until("the threads are gone", || threads_named("too-large") == 0);
            }
        }
    });
}

#[test]
fn a_stack_too_small_for_the_system_is_rounded_up() {
    watchdog(|| {
        for bytes in [0, 1, 4097] {
            let runtime = Builder::new_multi_thread().worker_threads(1).thread_stack_size(bytes).build().unwrap();
            assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
        }
    });
}

#[test]
fn any_name_without_a_nul_byte_will_do() {
    watchdog(|| {
        for name in ["", "a name with spaces, and longer than the system's fifteen bytes", "émoi\u{1F4A1}"] {
            let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).build().unwrap();
            let seen = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
            assert_eq!(runtime.block_on(seen).unwrap().as_deref(), Some(name));
        }
    });
}

#[test]
fn block_on_inside_a_runtime_panics_and_names_the_way_out() {
    on_every_flavour(|runtime| {
        let other = workers(1);
        let check = |told: String| {
            assert!(
                told.contains("`block_on`") && told.contains(".await") && told.contains("std::thread::spawn"),
                "{told}"
            );
        };
        let (own, foreign) = (runtime.handle().clone(), other.handle().clone());
        let told = runtime.spawn(async move {
            [
                panic_of(|| own.block_on(ready(()))),
                panic_of(|| foreign.block_on(ready(()))),
                panic_of(|| runtime::block_on(ready(()))),
            ]
        });
        runtime.block_on(told).unwrap().into_iter().for_each(check);
        runtime.block_on(async {
            check(panic_of(|| Handle::current().block_on(ready(()))));
            check(panic_of(|| other.block_on(ready(()))));
            check(panic_of(|| runtime::block_on(ready(()))));
        });
        // The thread is free again.
        assert_eq!(runtime.block_on(ready(42)), 42);
    });
}

#[test]
fn block_on_is_allowed_under_enter_and_on_a_plain_thread_that_a_task_starts() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        assert_eq!(runtime.block_on(ready(42)), 42);
        assert_eq!(runtime::block_on(ready(42)), 42);
        let handle = runtime.handle().clone();
        let task = runtime.spawn(async move {
            let thread = std::thread::spawn(move || handle.block_on(async { sleep(Duration::from_micros(10)).await }));
            thread.join().unwrap();
            std::thread::spawn(|| runtime::block_on(async { fusee::spawn(async { 42 }).await.unwrap() }))
                .join()
                .unwrap()
        });
        assert_eq!(runtime.block_on(task).unwrap(), 42);
    });
}

#[test]
fn outside_a_runtime_spawn_and_timers_panic_and_name_the_way_out() {
    let check = |told: String| {
        assert!(told.contains("no current fusee runtime"), "{told}");
        assert!(told.contains("block_on") && told.contains("Handle::enter"), "{told}");
    };
    check(panic_of(|| fusee::spawn(ready(()))));
    check(panic_of(|| sleep(Duration::ZERO)));
    check(panic_of(|| timeout(Duration::ZERO, ready(()))));
    check(panic_of(Handle::current));
    let error = Handle::try_current().unwrap_err();
    assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
    check(error.to_string());
}

#[test]
fn guards_may_be_dropped_in_any_order_and_the_last_made_is_in_force() {
    watchdog(|| {
        let (one, two) = (workers(1), workers(2));
        let current = || Handle::try_current().ok().map(|handle| handle.metrics().num_workers());
        assert_eq!(current(), None);
        let first = one.enter();
        assert_eq!(current(), Some(1));
        let second = two.enter();
        assert_eq!(current(), Some(2));
        drop(first);
        assert_eq!(current(), Some(2));
        let third = one.enter();
        assert_eq!(current(), Some(1));
        drop(third);
        assert_eq!(current(), Some(2));
        two.block_on(async { assert_eq!(current(), Some(2)) });
        one.block_on(async { assert_eq!(current(), Some(1)) });
        drop(second);
        assert_eq!(current(), None);
    });
}

#[test]
fn a_handle_polled_after_it_resolved_panics_and_says_so() {
    watchdog(|| {
        let runtime: Runtime = workers(1);
        let mut task = runtime.spawn(ready(()));
        until("it is complete", || task.is_finished());
        assert!(support::poll_once(&mut task, std::task::Waker::noop()).is_ready());
        let told = panic_of(|| support::poll_once(&mut task, std::task::Waker::noop()));
        assert!(told.contains("after it had resolved"), "{told}");
    });
}

#[test]
fn metrics_of_a_worker_that_is_not_there_panic_and_say_how_many_there_are() {
    watchdog(|| {
        let metrics = workers(2).metrics();
        let told = panic_of(|| metrics.worker_poll_count(2));
        assert!(told.contains("no worker 2") && told.contains("has 2"), "{told}");
    });
}
