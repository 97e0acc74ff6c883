//! Whose turn it is on a connection of HTTP/2: the server's, or the client's.
//!
//! A client may let a server write, and yet not open the windows of the streams: the answers wait, and no write does. So each
//! request that has no answer yet, each answer that makes the server wait, and each chunk of an answer that has not been written
//! are counted here, by whoever holds them (`exchange.rs`, `answer.rs`). When there are chunks, nothing else is waited for, and
//! nothing moves for the time of the limit, it is the client that does not come forward: [`Stall`] says so to the connection's task.
//!
//! The counters are read a few times within the limit, and order nothing. A look may see them in the middle of a step; but then something
//! has moved, which is counted, too, and the next look begins anew.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fusee::time::{Instant, Sleep, sleep};

/// How many times within the limit it is looked whether something moves.
const LOOKS: u32 = 4;

/// What a connection's task, its stream and its answers know together. Its counters stay at zero with HTTP/1, whose answers wait
/// in writes alone.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Requests that wait for the server.
    ours: AtomicUsize,
    /// Chunks that wait for the client.
    chunks: AtomicUsize,
    /// Steps of any of them; wraps around.
    moves: AtomicUsize,
    /// The connection has become something else, to which limits of HTTP do not apply.
    is_upgraded: AtomicBool,
}

impl Flow {
    pub(crate) fn upgrade(&self) {
        self.is_upgraded.store(true, Relaxed);
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Relaxed)
    }

    fn moved(&self) {
        self.moves.fetch_add(1, Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.ours.load(Relaxed) == 0 && self.chunks.load(Relaxed) == 0
    }

    fn waits_for_client_alone(&self) -> bool {
        self.ours.load(Relaxed) == 0 && self.chunks.load(Relaxed) > 0
    }
}

/// A request, from its head to the end of its answer: whether the server is to go on.
#[derive(Debug)]
pub(crate) struct Turn {
    flow: Arc<Flow>,
    is_ours: bool,
}

impl Turn {
    pub(crate) fn new(flow: Arc<Flow>) -> Self {
        flow.ours.fetch_add(1, Relaxed);
        flow.moved();
        Self { flow, is_ours: true }
    }

    /// The client has all that there is.
    pub(crate) fn take(&mut self) {
        if !self.is_ours {
            self.is_ours = true;
            self.flow.ours.fetch_add(1, Relaxed);
            self.flow.moved();
        }
    }

    /// The client is to take a chunk of the answer.
    pub(crate) fn give(&mut self) -> Parcel {
        let parcel = Parcel::new(self.flow.clone());
        self.pass();
        parcel
    }

    fn pass(&mut self) {
        if self.is_ours {
            self.is_ours = false;
            self.flow.ours.fetch_sub(1, Relaxed);
            self.flow.moved();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pass();
    }
}

/// What is on its way to the client.
#[derive(Debug)]
pub(crate) struct Parcel(Arc<Flow>);

impl Parcel {
    fn new(flow: Arc<Flow>) -> Self {
        flow.chunks.fetch_add(1, Relaxed);
        flow.moved();
        Self(flow)
    }

    /// Some of it has been written.
    pub(crate) fn moved(&self) {
        self.0.moved();
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.0.chunks.fetch_sub(1, Relaxed);
        self.0.moved();
    }
}

/// Notices that a client takes nothing.
#[derive(Debug)]
pub(crate) struct Stall {
    limit: Option<Duration>,
    /// When the next look is due. None while there is nothing to look at.
    next: Option<Box<Sleep>>,
    /// How much had moved at the last look.
    moves: usize,
    /// The first look of those at which nothing had moved since.
    since: Option<Instant>,
}

impl Stall {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, next: None, moves: 0, since: None }
    }

    /// Whether the client has taken nothing for the time of the limit, or at most a quarter more.
    pub(crate) fn poll(&mut self, flow: &Flow, context: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limit else { return Poll::Pending };
        if self.next.is_none() && flow.is_idle() {
            return Poll::Pending;
        }
        let pause = (limit / LOOKS).max(Duration::from_millis(1));
        loop {
            let next = self.next.get_or_insert_with(|| Box::new(sleep(pause)));
            ready!(Pin::new(next.as_mut()).poll(context));
            let now = Instant::now();
            if self.look(flow, now) >= limit {
                return Poll::Ready(());
            }
            if flow.is_idle() {
                self.next = None;
                return Poll::Pending;
            }
            if let (Some(next), Some(deadline)) = (&mut self.next, now.checked_add(pause)) {
                next.reset(deadline);
            }
        }
    }

    /// For how long nothing has moved that the client would have to.
    fn look(&mut self, flow: &Flow, now: Instant) -> Duration {
        let moves = flow.moves.load(Relaxed);
        if moves != self.moves || !flow.waits_for_client_alone() {
            self.since = None;
        }
        self.moves = moves;
        if !flow.waits_for_client_alone() {
            return Duration::ZERO;
        }
        now.duration_since(*self.since.get_or_insert(now))
    }
}
