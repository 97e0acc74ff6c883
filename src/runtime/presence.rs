//! What keeps a runtime's paused clock where it is while a thread in `block_on` runs, or is woken and yet to run.
//!
//! A thread that parks between the polls of its root future counts as awake while it does not. From a wake on the root future counts by
//! itself, until its thread is awake and takes the wake. (A thread that works as the worker counts as that; its root future is seen to in
//! `block_on.rs`, by the same steps.)
//!
//! # Invariants (ordering labels)
//! - `presence_woken`: what came before a wake is seen by the poll for which its thread takes it. Else that poll could miss it, and nothing
//!   would count until the next one.
//! - A wake counts before it says that it has come, and takes that back if another had come (structural: `presence_stirs_late`): nobody
//!   takes back what does not count yet.
//! - A root future that has ended counts no more, whoever wakes it.
//!
//! Without the feature `test-util` all of it is nothing. Who calls it: `block_on.rs`, on the root's thread and on the wakers'.
//! Checked by the model `awake_root`. Deliberately not here: parking and unparking.

#[cfg(feature = "test-util")]
pub(crate) use counted::Presence;
#[cfg(not(feature = "test-util"))]
pub(crate) use uncounted::Presence;

#[cfg(feature = "test-util")]
mod counted {
    use crate::runtime::Handle;
    use crate::sync::atomic::{AtomicBool, Ordering};
    use crate::sync::{mutant, ord};

    /// A thread in `block_on`, and its root future.
    pub(crate) struct Presence {
        handle: Handle,
        /// The root future was woken, and counts for that; or it has ended.
        woken: AtomicBool,
    }

    impl Presence {
        /// The calling thread's, which is awake.
        pub(crate) fn new(handle: &Handle) -> Self {
            handle.timers().clock().stir();
            Self { handle: handle.clone(), woken: AtomicBool::new(false) }
        }

        /// The future is woken. Its thread is unparked afterwards.
        pub(crate) fn wake(&self) {
            let clock = self.handle.timers().clock();
            if !mutant("presence_stirs_late") {
                clock.stir();
            }
            // ORDERING(presence_woken): release; pairs with `unpark`. A write even if the flag is set, for the poll about to start.
            let before = self.woken.swap(true, ord("presence_woken", Ordering::Release));
            if mutant("presence_stirs_late") {
                clock.stir();
            }
            if before {
                clock.rest();
            }
        }

        /// The thread is about to park.
        pub(crate) fn park(&self) {
            self.handle.timers().clock().rest();
        }

        /// The thread has parked, and is about to poll.
        pub(crate) fn unpark(&self) {
            let clock = self.handle.timers().clock();
            clock.stir();
            // ORDERING(presence_woken): acquire; pairs with `wake`.
            if self.woken.swap(false, ord("presence_woken", Ordering::Acquire)) {
                clock.rest();
            }
        }

        /// The thread is done with the future, or does something else beside it that counts.
        pub(crate) fn end(&self) {
            let clock = self.handle.timers().clock();
            // Counter only: nothing is polled any more. The flag stays set: later wakes take back what they count.
            if self.woken.swap(true, Ordering::Relaxed) {
                clock.rest();
            }
            clock.rest();
        }
    }
}

#[cfg(not(feature = "test-util"))]
mod uncounted {
    use crate::runtime::Handle;

    /// A thread in `block_on`, and its root future.
    pub(crate) struct Presence;

    impl Presence {
        #[inline(always)]
        pub(crate) fn new(_handle: &Handle) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn wake(&self) {}

        #[inline(always)]
        pub(crate) fn park(&self) {}

        #[inline(always)]
        pub(crate) fn unpark(&self) {}

        #[inline(always)]
        pub(crate) fn end(&self) {}
    }
}
