//! Driving a root future on the caller's thread.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

use super::context;
use super::handle::Handle;
use crate::park::{Parker, Unparker};
use crate::sync::StdArc;
use crate::task::coop;

/// The waker of a root future: it unparks the thread.
struct RootWaker(Unparker);

impl Wake for RootWaker {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.0.unpark();
    }
}

/// Polls `future` on this thread until it is ready, and parks in between.
#[track_caller]
pub(super) fn block_on<F: Future>(handle: &Handle, future: F) -> F::Output {
    let _blocked = context::enter_block_on();
    let _entered = context::enter(handle);
    let parker = Parker::new();
    let waker = Waker::from(StdArc::new(RootWaker(parker.unparker())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        let budget = coop::Grant::root();
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        drop(budget);
        parker.park();
    }
}
