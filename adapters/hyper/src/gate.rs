//! How a server and its connections know of each other: how many are open, and that they are to close.
//!
//! `serve.rs` has a [`Gate`] and lets each connection in with a [`Pass`], which the connection's task holds until it has
//! ended. What a connection is told is in an atomic, so that its polls take no lock; the lock is taken when a connection
//! begins and ends, and when all are told.
//!
//! No word is lost. A connection leaves its waker under the lock, at its first poll, and looks at the word after that;
//! whoever changes the word does so under the lock, and wakes whoever has left a waker. So either the waker was left
//! before, and is woken, or it is left after, and the lock shows the word. A task whose waker changes leaves the new one.

use std::mem;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// What the connections of a server are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Word {
    /// Go on.
    Open = 0,
    /// Answer what has been asked, and close.
    Closing = 1,
    /// End now.
    Closed = 2,
}

/// A server's side.
#[derive(Debug, Default)]
pub(crate) struct Gate(Arc<Connections>);

#[derive(Debug, Default)]
struct Connections {
    /// A [`Word`]. It changes under the lock only, and never back.
    word: AtomicU8,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    /// The wakers of the open connections. None until the first poll.
    wakers: Slab<Option<Waker>>,
    /// Who waits for a connection to end.
    server: Option<Waker>,
}

/// A connection's side. The connection counts as open until this is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    connections: Arc<Connections>,
    key: usize,
    /// The waker that was left, to know another one.
    waker: Option<Waker>,
}

impl Gate {
    pub(crate) fn enter(&self) -> Pass {
        let key = self.0.lock().wakers.insert(None);
        Pass { connections: self.0.clone(), key, waker: None }
    }

    /// Tells all connections, those to come too.
    pub(crate) fn tell(&self, word: Word) {
        let wakers: Vec<Waker> = {
            let mut inside = self.0.lock();
            // Under the lock, and waking orders the rest; see the header.
            self.0.word.store(word as u8, Ordering::Relaxed);
            inside.wakers.iter_mut().filter_map(|(_, waker)| waker.clone()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until no more than `count` connections are open.
    pub(crate) fn poll_at_most(&self, context: &mut Context<'_>, count: usize) -> Poll<()> {
        // Dropped after the lock; see `Pass::drop`.
        let _old;
        let mut inside = self.0.lock();
        if inside.wakers.len() <= count {
            return Poll::Ready(());
        }
        _old = inside.server.replace(context.waker().clone());
        Poll::Pending
    }
}

impl Pass {
    /// What the connection has been told. The task is woken when that changes.
    pub(crate) fn poll_word(&mut self, context: &mut Context<'_>) -> Word {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            let old = mem::replace(&mut self.connections.lock().wakers[self.key], self.waker.clone());
            // After the lock; see `Pass::drop`.
            drop(old);
        }
        match self.connections.word.load(Ordering::Relaxed) {
            0 => Word::Open,
            1 => Word::Closing,
            _ => Word::Closed,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let (waker, server) = {
            let mut inside = self.connections.lock();
            (inside.wakers.remove(self.key), inside.server.take())
        };
        // Not under the lock: a waker's drop may be the end of a task, and runs what others wrote.
        drop(waker);
        if let Some(server) = server {
            server.wake();
        }
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    /// A waker that looks at the lock as it is dropped.
    struct Looks(Arc<Connections>, Arc<AtomicUsize>);

    impl Wake for Looks {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Looks {
        fn drop(&mut self) {
            // A panic in a drop would hide which it was.
            let is_free = self.0.inside.try_lock().is_ok();
            self.1.fetch_add(if is_free { 1 } else { 1000 }, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakers_are_dropped_outside_of_the_lock() {
        let (gate, dropped) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let mut pass = gate.enter();
        let waker = || Waker::from(Arc::new(Looks(gate.0.clone(), dropped.clone())));
        for _ in 0..3 {
            // When they are polled again, the gate has the last of these.
            assert_eq!(pass.poll_word(&mut Context::from_waker(&waker())), Word::Open);
            assert!(gate.poll_at_most(&mut Context::from_waker(&waker()), 0).is_pending());
        }
        gate.tell(Word::Closed);
        drop(pass);
        assert_eq!(dropped.load(Ordering::Relaxed), 6, "each is dropped once, and none under the lock");
    }
}
