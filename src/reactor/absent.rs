//! A runtime without sources: nobody ever waits in a selector.

use std::task::Waker;
use std::time::Duration;

use crate::facade::{Arc, RawInstant};

/// Who may have the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Looking(usize),
    Parked(usize),
    Driver,
}

/// Until when to wait for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    No,
    Until(RawInstant),
    Forever,
}

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    pub(crate) events: usize,
    pub(crate) is_over: bool,
}

/// Nothing.
#[derive(Debug)]
pub(crate) struct Reactor;

impl Reactor {
    pub(crate) fn new(_grace: Duration) -> Arc<Self> {
        Arc::new(Self)
    }

    #[inline(always)]
    pub(crate) fn exists(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(crate) fn lease(&self, _holder: Holder) -> Result<Lease<'_>, Option<Holder>> {
        Err(None)
    }

    #[inline(always)]
    pub(crate) fn holder(&self) -> Option<Holder> {
        None
    }

    #[inline(always)]
    pub(crate) fn uses(&self) -> u64 {
        0
    }

    #[inline(always)]
    pub(crate) fn wake(&self) {}

    #[inline(always)]
    pub(crate) fn close(&self, _due: &mut Vec<Waker>) {}
}

#[cfg(feature = "test-util")]
impl Reactor {
    #[inline(always)]
    pub(crate) fn operates(&self) {}

    #[inline(always)]
    pub(crate) fn has_operated(&self) -> bool {
        false
    }

    #[inline(always)]
    pub(crate) fn forget_operations(&self) {}

    #[inline(always)]
    pub(crate) fn grace(&self) -> Duration {
        Duration::ZERO
    }
}

/// Nobody has it.
#[derive(Debug)]
pub(crate) struct Lease<'a>(std::convert::Infallible, std::marker::PhantomData<&'a ()>);

impl Lease<'_> {
    pub(crate) fn wait(&mut self, _wait: Wait, _due: &mut Vec<Waker>) -> Waited {
        match self.0 {}
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {}
}
