//! A source of readiness, as the types of `net` and `io` use it: operations that would block wait until they can be tried.
//!
//! [`Registration`] is a source's place in its runtime's reactor; [`Evented`] is a source together with that.
//!
//! Every operation that succeeds within a poll spends a unit of that poll's budget. What an operation waits for is told to the task that polled it last, one for
//! each direction; [`Registration::ready`] is for any number of tasks.
//!
//! A read that gets less than it has room for has emptied the buffer of a TCP stream: so nothing is tried again before the next event, which saves a call. Not so
//! where a read ends for other reasons, with more behind it and no new edge: at descriptors that are passed over a Unix socket, and at TCP's urgent mark.
//!
//! # Invariants
//! - A source is taken out of the selector before it is closed: else the number of its descriptor could be another's by then.
//! - In a forked child nothing is taken out of the selector, which is the parent's too.
//!
//! Who calls it: `net/` and `io/`, on any thread. Checked by the models `add_vs_data`, `drop_vs_event` and `register_vs_close`.
//! Deliberately not here: which slot, and who waits in the selector (`reactor/`).

mod evented;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll, Waker, ready};

pub(crate) use evented::Evented;

use crate::facade::Arc;
pub(crate) use crate::reactor::slot::{Direction, Seen};
use crate::reactor::slot::{Gone, Slot};
use crate::reactor::{Interest, Ready, Source, bits, gone};
use crate::runtime::Handle;
use crate::task::coop;

/// A source's place in the reactor of a runtime. Dropped, it is forgotten; the source is to be [removed](Self::remove) before.
pub(crate) struct Registration {
    handle: Handle,
    slot: Arc<Slot>,
    number: usize,
}

impl UnwindSafe for Registration {}
impl RefUnwindSafe for Registration {}

impl Registration {
    /// Adds `source` to the reactor of the current runtime.
    ///
    /// # Panics
    /// Outside a runtime, and in a forked child.
    #[track_caller]
    pub(crate) fn new(source: &mut impl Source, interest: u8) -> io::Result<Self> {
        let handle = Handle::current();
        handle.scheduler().assert_not_forked();
        let added = handle.scheduler().reactor().add(source, interest)?;
        if added.is_first {
            handle.scheduler().has_first_source();
        }
        Ok(Self { handle, slot: added.slot, number: added.number })
    }

    /// The runtime whose reactor it is.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Takes `source` out of the selector; before it is closed.
    pub(crate) fn remove(&self, source: &mut impl Source) -> io::Result<()> {
        let scheduler = self.handle.scheduler();
        // The selector of a forked child is the parent's, who goes on with the source.
        if scheduler.is_forked() { Ok(()) } else { scheduler.reactor().remove(source) }
    }

    /// Pending until it is ready in `direction`, which is a guess.
    pub(crate) fn poll_ready(&self, context: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Seen>> {
        coop::poll_leaf(context, |context| self.poll_seen(context, direction))
    }

    /// As [`poll_ready`](Self::poll_ready), without spending anything.
    fn poll_seen(&self, context: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Seen>> {
        let seen = self.slot.poll_ready(direction, context.waker());
        if seen.is_pending() {
            self.assert_waits(context.waker());
        }
        seen.map_err(|Gone| gone())
    }

    /// A thread is about to wait; in a forked child it would do so for ever.
    fn assert_waits(&self, waker: &Waker) {
        self.handle.scheduler().assert_not_forked();
        self.handle.scheduler().is_waited_for(waker);
    }

    /// Tries `operation` whenever the source is ready in `direction`, until it does not say that it would block.
    pub(crate) fn poll_io<R>(
        &self,
        context: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_io_seen(context, direction, |_| operation())
    }

    /// As [`poll_io`](Self::poll_io); `operation` is told what the try is based on.
    pub(crate) fn poll_io_seen<R>(
        &self,
        context: &mut Context<'_>,
        direction: Direction,
        mut operation: impl FnMut(Seen) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        coop::poll_leaf(context, |context| {
            loop {
                let seen = ready!(self.poll_seen(context, direction))?;
                if let Some(answer) = self.attempt(seen, || operation(seen)) {
                    return Poll::Ready(answer);
                }
            }
        })
    }

    /// Tries `operation` because of what was `seen`. Nothing if it would block.
    fn attempt<R>(&self, seen: Seen, operation: impl FnOnce() -> io::Result<R>) -> Option<io::Result<R>> {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.slot.refute(seen);
                None
            }
            answer => {
                if answer.is_ok() {
                    self.operates();
                }
                Some(answer)
            }
        }
    }

    /// An operation has succeeded: on a paused clock an answer may be on its way.
    fn operates(&self) {
        #[cfg(feature = "test-util")]
        if self.handle.timers().clock().is_paused() {
            self.handle.scheduler().reactor().operates();
        }
    }

    /// The source is not ready any more for what was `seen`.
    pub(crate) fn clear(&self, seen: Seen) {
        self.slot.clear(seen);
    }

    /// A look that was based on what was `seen` has found nothing: not even the end of a direction.
    #[allow(dead_code, reason = "what the standard input says, a feature that the models do not know")]
    pub(crate) fn refute(&self, seen: Seen) {
        self.slot.refute(seen);
    }

    /// A read or write that was based on `seen` has done less than it was asked for: what it was `seen` to be ready for is used up, unless something urgent is there.
    pub(crate) fn is_used_up(&self, seen: Seen) {
        if self.slot.look(bits::PRIORITY).is_pending() {
            self.clear(seen);
        }
    }

    /// Waits until the source meets `interest`. Any number of tasks may.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Seen> {
        let mut waiting = Waiting { slot: &self.slot, key: None };
        poll_fn(|context| {
            coop::poll_leaf(context, |context| {
                let seen = self.slot.poll_ready_beside(interest.mask(), &mut waiting.key, context.waker());
                if seen.is_pending() {
                    self.assert_waits(context.waker());
                }
                seen.map_err(|Gone| gone())
            })
        })
        .await
    }

    /// Waits until the source meets `interest`, and tries `operation`, until it does not say that it would block.
    pub(crate) async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let seen = self.ready(interest).await?;
            if let Some(answer) = self.attempt(seen, &mut operation) {
                return answer;
            }
        }
    }

    /// Tries `operation` if the source meets `interest`; an error of the kind `WouldBlock` if it does not, or if `operation` says so.
    pub(crate) fn try_io<R>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        match self.slot.look(interest.mask()) {
            Poll::Ready(Ok(seen)) => {
                self.attempt(seen, operation).unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
            }
            Poll::Ready(Err(Gone)) => Err(gone()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Seen {
    /// As users see it.
    pub(crate) fn as_ready(self) -> Ready {
        Ready::of_bits(self.ready())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let scheduler = self.handle.scheduler();
        // In a forked child locks may be held for ever.
        if !scheduler.is_forked() {
            scheduler.reactor().forget(self.number);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("number", &self.number).finish_non_exhaustive()
    }
}

/// One who waits for readiness, until it is dropped.
struct Waiting<'a> {
    slot: &'a Slot,
    key: Option<usize>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.slot.leave(key);
        }
    }
}
