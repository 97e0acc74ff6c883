//! When the runtime lets go of a waker that it was given: with the future that it was given to, and without a panic.

mod support;

use std::sync::Arc;
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use fusee::time::sleep;
use support::wakers::panics_in_drop;
use support::{Drops, Latch, holding, on_every_flavour, poll_once, until, watchdog, workers};

#[test]
fn two_wakers_that_panic_in_their_drop_inside_one_future_do_not_abort_the_process() {
    on_every_flavour(|runtime| {
        let _entered = runtime.enter();
        let drops = Drops::new();
        let mut pause = sleep(Duration::from_secs(3600));
        let mut other = runtime.spawn(std::future::pending::<()>());
        assert!(poll_once(&mut pause, &panics_in_drop()).is_pending());
        assert!(poll_once(&mut other, &panics_in_drop()).is_pending());
        let outer = runtime.spawn(holding((drops.token(), pause, other), |_| Poll::<()>::Pending));
        outer.abort();
        runtime.block_on(outer).unwrap_err();
        assert_eq!(drops.count(), 1);
        assert_eq!(runtime.block_on(runtime.spawn(async { 42 })).unwrap(), 42);
    });
}

#[test]
fn a_waker_that_comes_too_late_is_dropped_with_the_handle() {
    watchdog(|| {
        // Its clone takes as long as the task does: the slot is filled when nobody will empty it.
        struct Late(Latch, Latch, Drops);
        static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, release, |_| (), release);
        /// # Safety
        /// `data` is that of a live waker of this vtable.
        unsafe fn clone(data: *const ()) -> RawWaker {
            // SAFETY: the data is a counted `Late`, alive while its waker is.
            let late = unsafe { &*data.cast::<Late>() };
            late.0.open();
            late.1.wait();
            // SAFETY: as above; the clone's count.
            unsafe { Arc::increment_strong_count(data.cast::<Late>()) };
            RawWaker::new(data, &VTABLE)
        }
        /// # Safety
        /// As `clone`; it is not used again.
        unsafe fn release(data: *const ()) {
            // SAFETY: the waker's count is given up.
            unsafe { Arc::decrement_strong_count(data.cast::<Late>()) }
        }
        impl Drop for Late {
            fn drop(&mut self) {
                drop(self.2.token());
            }
        }
        let runtime = workers(1);
        let (go, done, drops) = (Latch::new(), Latch::new(), Drops::new());
        let open = go.clone();
        let mut handle = runtime.spawn(async move { open.wait() });
        let abort = handle.abort_handle();
        let watch = abort.clone();
        let finished = done.clone();
        let thread = std::thread::spawn(move || {
            until("the task is complete", || watch.is_finished());
            finished.open();
        });
        let late = Arc::new(Late(go, done, drops.clone()));
        // SAFETY: the table's functions take a counted `Late`.
        let waker = unsafe { Waker::new(Arc::into_raw(late).cast(), &VTABLE) };
        assert!(poll_once(&mut handle, &waker).is_ready());
        thread.join().unwrap();
        drop(waker);
        drop(handle);
        assert_eq!(drops.count(), 1, "an abort handle does not keep the joiner's waker");
        drop(abort);
    });
}
