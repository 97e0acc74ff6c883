//! Whose turn it is on a connection of HTTP/2: the server's, or the client's.
//!
//! A client may let a server write, and yet not open the windows of the streams: the answers wait, and no write does. So each
//! request that has no answer yet, each answer that makes the server wait, and each chunk of an answer that has not been written
//! are known here, by whoever holds them (`exchange.rs`, `answer.rs`). When one of the chunks has not moved for the time of the limit, it is the
//! client that does not come forward: [`Stall`] says so to the connection's task. What other answers do does not count, or a client could keep
//! for ever what it never takes by asking for something cheap now and then. But while the server is long at something, as at a stream of
//! events, the connection is needed, and the time of its chunks begins when that is done.
//!
//! The connection is looked at a few times within the limit, from its first request until there is neither a request nor a chunk. Of each
//! wait it is known after which look it has begun or moved, so that no clock is read for it, and looks that come late because the
//! runtime is busy make nobody's time shorter. The counters order nothing: a look that sees one of them late is corrected by the next.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fusee::time::{Instant, Sleep, sleep};
use slab::Slab;

/// How many times within the limit it is looked whether something moves.
const LOOKS: u32 = 4;

/// How long after the limit it is looked once more. What the client had sent when the runtime came round to the look before may have come to its
/// stream by then.
const GRACE: Duration = Duration::from_millis(100);

/// What a connection's task, its stream and its answers know together. Its counters stay at zero with HTTP/1, whose answers wait
/// in writes alone.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Requests and chunks.
    live: AtomicUsize,
    /// How many times it has been looked; wraps around.
    looks: AtomicUsize,
    waits: Mutex<Waits>,
    /// The connection has become something else, to which limits of HTTP do not apply.
    is_upgraded: AtomicBool,
}

/// Who waits, and the look after which each has begun to, or has moved.
#[derive(Debug, Default)]
struct Waits {
    /// Requests, for the server.
    ours: Slab<usize>,
    /// Chunks, for the client.
    chunks: Slab<usize>,
}

impl Flow {
    pub(crate) fn upgrade(&self) {
        self.is_upgraded.store(true, Relaxed);
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Relaxed)
    }

    fn is_idle(&self) -> bool {
        self.live.load(Relaxed) == 0
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, from its head to the end of its answer: whether the server is to go on.
#[derive(Debug)]
pub(crate) struct Turn {
    flow: Arc<Flow>,
    /// While it is the server's.
    ours: Option<usize>,
}

impl Turn {
    pub(crate) fn new(flow: Arc<Flow>) -> Self {
        flow.live.fetch_add(1, Relaxed);
        let mut turn = Self { flow, ours: None };
        turn.take();
        turn
    }

    /// The client has all that there is.
    pub(crate) fn take(&mut self) {
        if self.ours.is_none() {
            let since = self.flow.looks.load(Relaxed);
            self.ours = Some(self.flow.waits().ours.insert(since));
        }
    }

    /// The client is to take a chunk of the answer.
    pub(crate) fn give(&mut self) -> Parcel {
        let parcel = Parcel::new(self.flow.clone());
        self.pass();
        parcel
    }

    fn pass(&mut self) {
        if let Some(key) = self.ours.take() {
            self.flow.waits().ours.remove(key);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pass();
        self.flow.live.fetch_sub(1, Relaxed);
    }
}

/// What is on its way to the client.
#[derive(Debug)]
pub(crate) struct Parcel {
    flow: Arc<Flow>,
    key: usize,
    /// As the flow has it.
    last: usize,
}

impl Parcel {
    fn new(flow: Arc<Flow>) -> Self {
        flow.live.fetch_add(1, Relaxed);
        let last = flow.looks.load(Relaxed);
        let key = flow.waits().chunks.insert(last);
        Self { flow, key, last }
    }

    /// Some of it has been written.
    pub(crate) fn moved(&mut self) {
        let looks = self.flow.looks.load(Relaxed);
        if looks != self.last {
            self.last = looks;
            self.flow.waits().chunks[self.key] = looks;
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.flow.waits().chunks.remove(self.key);
        self.flow.live.fetch_sub(1, Relaxed);
    }
}

/// Notices that a client takes nothing.
#[derive(Debug)]
pub(crate) struct Stall {
    limit: Option<Duration>,
    /// When the next look is due. None while there is nothing to look at.
    next: Option<Box<Sleep>>,
    /// The last look at which something had waited for the server at the look before, too.
    ours: usize,
    /// The time was over at the last look, and the next is the one that says so.
    is_over: bool,
}

impl Stall {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, next: None, ours: 0, is_over: false }
    }

    /// Whether the client has not taken what there is for the time of the limit, or at most a quarter and twice [`GRACE`] more.
    pub(crate) fn poll(&mut self, flow: &Flow, context: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limit else { return Poll::Pending };
        if self.next.is_none() && flow.is_idle() {
            return Poll::Pending;
        }
        let pause = (limit / LOOKS).max(Duration::from_millis(1));
        loop {
            let next = self.next.get_or_insert_with(|| Box::new(sleep(pause)));
            ready!(Pin::new(next.as_mut()).poll(context));
            let was_over = mem::take(&mut self.is_over);
            self.is_over = self.look(flow, !was_over);
            if was_over && self.is_over {
                return Poll::Ready(());
            }
            if flow.is_idle() {
                self.next = None;
                return Poll::Pending;
            }
            let pause = if self.is_over { GRACE.min(pause) } else { pause };
            if let (Some(next), Some(deadline)) = (&mut self.next, Instant::now().checked_add(pause)) {
                next.reset(deadline);
            }
        }
    }

    /// Whether some chunk has been the client's to take for all of the limit. A look that does not count is one soon after another.
    fn look(&mut self, flow: &Flow, counts: bool) -> bool {
        let waits = flow.waits();
        let looks = flow.looks.load(Relaxed).wrapping_add(usize::from(counts));
        flow.looks.store(looks, Relaxed);
        // What has begun in the quarter that ends now has not been there for all of it.
        if waits.ours.iter().any(|(_, since)| looks.wrapping_sub(*since) > 1) {
            self.ours = looks;
        }
        let is_over = |last| looks.wrapping_sub(last) > LOOKS as usize;
        is_over(self.ours) && waits.chunks.iter().any(|(_, last)| is_over(*last))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use fusee::time::{sleep, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn on_paused(body: impl Future<Output = ()>) {
        fusee::runtime::Builder::new_current_thread().start_paused(true).build().unwrap().block_on(body);
    }

    #[test]
    fn a_chunk_that_moves_soon_after_the_limit_is_forgiven() {
        on_paused(async {
            let flow = Arc::new(Flow::default());
            let mut parcel = Turn::new(flow.clone()).give();
            let mut stall = Stall::new(Some(LIMIT));
            let mut over = pin!(poll_fn(|context| stall.poll(&flow, context)));
            // As if the runtime had not come round to it before.
            timeout(LIMIT * 5 / 4 + GRACE / 2, &mut over).await.unwrap_err();
            parcel.moved();
            timeout(LIMIT, &mut over).await.unwrap_err();
            timeout(LIMIT / 4 + 2 * GRACE, &mut over).await.unwrap();
        });
    }

    #[test]
    fn a_chunk_that_stops_is_noticed_whatever_others_do() {
        on_paused(async {
            let flow = Arc::new(Flow::default());
            let mut turn = Turn::new(flow.clone());
            let (_stuck, mut moving) = (turn.give(), turn.give());
            let mut stall = Stall::new(Some(LIMIT));
            let mut over = pin!(poll_fn(|context| stall.poll(&flow, context)));
            let start = Instant::now();
            while timeout(LIMIT / 10, &mut over).await.is_err() {
                moving.moved();
                drop(Turn::new(flow.clone()).give());
                assert!(start.elapsed() < 2 * LIMIT, "it is not noticed");
            }
            assert!((LIMIT..=LIMIT * 5 / 4 + GRACE).contains(&start.elapsed()), "{:?}", start.elapsed());
        });
    }

    #[test]
    fn a_request_between_two_chunks_is_looked_at() {
        on_paused(async {
            let flow = Arc::new(Flow::default());
            let mut turn = Turn::new(flow.clone());
            let mut stall = Stall::new(Some(LIMIT));
            // As a connection's task is polled: when it has something to do, which it has not when the next chunk finds no window.
            let over = fusee::spawn({
                let flow = flow.clone();
                async move { poll_fn(|context| stall.poll(&flow, context)).await }
            });
            drop(turn.give());
            sleep(2 * LIMIT).await;
            let _stuck = turn.give();
            timeout(LIMIT * 5 / 4 + 2 * GRACE, over).await.unwrap().unwrap();
        });
    }

    #[test]
    fn no_limit_is_too_short_for_a_server_that_is_waited_for() {
        on_paused(async {
            let flow = Arc::new(Flow::default());
            let mut turn = Turn::new(flow.clone());
            let mut stall = Stall::new(Some(Duration::ZERO));
            let mut over = pin!(poll_fn(|context| stall.poll(&flow, context)));
            timeout(LIMIT, &mut over).await.unwrap_err();
            let _stuck = turn.give();
            over.await;
        });
    }
}
