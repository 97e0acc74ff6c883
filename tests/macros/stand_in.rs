//! What the attributes take for `fusee` when told so: it records the calls, in order, and polls the future once.

use std::cell::RefCell;

thread_local! {
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn record(call: impl Into<String>) {
    CALLS.with_borrow_mut(|calls| calls.push(call.into()));
}

/// The calls on this thread so far, which are forgotten.
pub(crate) fn calls() -> Vec<String> {
    CALLS.take()
}

/// The calls that `function` makes.
pub(crate) fn calls_of(function: fn()) -> Vec<String> {
    CALLS.take();
    function();
    CALLS.take()
}

pub(crate) mod runtime {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::record;

    pub(crate) struct Builder;

    pub(crate) struct Runtime;

    impl Builder {
        pub(crate) fn new_multi_thread() -> Self {
            record("new_multi_thread");
            Self
        }

        pub(crate) fn new_current_thread() -> Self {
            record("new_current_thread");
            Self
        }

        pub(crate) fn worker_threads(&mut self, count: usize) -> &mut Self {
            record(format!("worker_threads({count})"));
            self
        }

        pub(crate) fn name(&mut self, name: &str) -> &mut Self {
            record(format!("name({name})"));
            self
        }

        #[cfg(feature = "test-util")]
        pub(crate) fn start_paused(&mut self, paused: bool) -> &mut Self {
            record(format!("start_paused({paused})"));
            self
        }

        pub(crate) fn build(&mut self) -> Result<Runtime, String> {
            record("build");
            Ok(Runtime)
        }

        pub(crate) fn build_local(&mut self, (): ()) -> Result<Runtime, String> {
            record("build_local");
            Ok(Runtime)
        }
    }

    impl Runtime {
        pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
            record("block_on");
            match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("a body that waits is not for the stand-in"),
            }
        }
    }
}
