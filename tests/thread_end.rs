//! A thread that ends and has lost its thread-locals, as in a handler of C's `atexit`: what asks for the current runtime finds none there, all else works.

mod support;

use std::cell::Cell;
use std::panic::catch_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fusee::runtime::{Handle, Runtime};
use fusee::time::sleep;
use support::{current_thread, message, on_drop, watchdog, workers};

thread_local! {
    /// Made before the runtime's own, and so dropped after them.
    static LAST: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

/// Calls `body` on a thread that ends, and has entered `runtime` and left it.
fn at_the_end(runtime: Runtime, body: impl FnOnce(Runtime) + Send + 'static) {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        LAST.set(None);
        drop(runtime.enter());
        let last = on_drop(move || {
            assert!(Handle::try_current().unwrap_err().is_thread_local_destroyed(), "the thread has its thread-locals");
            body(runtime);
            tell.send(()).unwrap();
        });
        LAST.set(Some(Box::new(move || drop(last))));
    });
    thread.join().unwrap();
    told.recv().expect("the body has reached its end");
}

#[test]
fn the_runtime_works_and_none_is_current() {
    watchdog(|| {
        for runtime in [current_thread(), workers(2)] {
            at_the_end(runtime, |runtime| {
                assert_eq!(runtime.block_on(async { 42 }), 42);
                let task = runtime.spawn(async { sleep(Duration::from_millis(1)).await });
                if support::is_current_thread(&runtime) {
                    // Its task runs here, where no runtime is current.
                    let panic = runtime.block_on(task).unwrap_err().into_panic();
                    assert!(message(&*panic).contains("its thread-locals are gone"));
                } else {
                    runtime.block_on(task).unwrap();
                }
                for calls in [|| drop(sleep(Duration::ZERO)), || drop(fusee::spawn(async {}))] {
                    let panic = catch_unwind(|| futures::executor::block_on(async { calls() })).unwrap_err();
                    assert!(message(&*panic).contains("its thread-locals are gone"), "{}", message(&*panic));
                }
                assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 43)).unwrap(), 43);
            });
        }
    });
}
