//! The reactor's shared state, and the lease by which one thread at a time waits for events.
//!
//! | `holder` | meaning |
//! |---|---|
//! | 0 | nobody has the lease |
//! | 2 (worker + 1) | a worker looks, and does not wait |
//! | 2 (worker + 1) + 1 | a worker waits in the selector |
//! | `usize::MAX` | the driver |
//!
//! The invariants are told in `mod.rs`. Who calls it: workers, the driver, and whoever adds a source.
//! Deliberately not here: who is to take the lease, and when (`scheduler/polling.rs`).

use std::io;
use std::ops::Range;
use std::task::Waker;
use std::time::Duration;

use super::slot::Slot;
use super::table::{Closed, Table};
use super::{Source, Wait, Waited};
use crate::facade::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::facade::selector::{Remote, Selector};
use crate::facade::{Arc, CachePadded, Mutex, RareFlag, StdArc, ord};

/// Who may have the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The worker of this number, which looks and does not wait.
    Looking(usize),
    /// The worker of this number, which waits.
    Parked(usize),
    Driver,
}

const NOBODY: usize = 0;
const DRIVER: usize = usize::MAX;

impl Holder {
    fn word(self) -> usize {
        match self {
            Self::Looking(worker) => 2 * (worker + 1),
            Self::Parked(worker) => 2 * (worker + 1) + 1,
            Self::Driver => DRIVER,
        }
    }

    fn of(word: usize) -> Option<Self> {
        match word {
            NOBODY => None,
            DRIVER => Some(Self::Driver),
            word if word % 2 == 0 => Some(Self::Looking(word / 2 - 1)),
            word => Some(Self::Parked(word / 2 - 1)),
        }
    }
}

/// What the threads of a runtime share of its sources.
#[derive(Debug)]
pub(crate) struct Reactor {
    /// There is a selector, or was.
    exists: RareFlag,
    holder: CachePadded<AtomicUsize>,
    /// How often a worker has had the lease.
    uses: AtomicU64,
    /// The lock is the holder's; nobody else takes it but whoever makes the selector.
    selector: Mutex<Option<Selector>>,
    remote: Mutex<Connection>,
    /// A source was added: one that the selector has refused is none.
    has_source: AtomicBool,
    table: Mutex<Table>,
    /// On a paused clock: an operation has succeeded since the clock was last moved.
    #[cfg(feature = "test-util")]
    has_operated: AtomicBool,
    #[cfg(feature = "test-util")]
    grace: Duration,
}

#[derive(Debug)]
enum Connection {
    Absent,
    Open(StdArc<Remote>),
    Gone,
}

/// A source that was added.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) slot: Arc<Slot>,
    /// Under which number.
    pub(crate) number: usize,
    /// It is the runtime's first, and the caller sees to it that somebody waits in the selector.
    pub(crate) is_first: bool,
}

impl Reactor {
    /// Without sources. On a paused clock an answer is waited for for `grace`.
    #[cfg_attr(not(feature = "test-util"), expect(unused_variables, reason = "the clock is never paused"))]
    pub(crate) fn new(grace: Duration) -> Arc<Self> {
        Arc::new(Self {
            exists: RareFlag::new(),
            holder: CachePadded::new(AtomicUsize::new(NOBODY)),
            uses: AtomicU64::new(0),
            selector: Mutex::new(None),
            remote: Mutex::new(Connection::Absent),
            has_source: AtomicBool::new(false),
            table: Mutex::new(Table::new()),
            #[cfg(feature = "test-util")]
            has_operated: AtomicBool::new(false),
            #[cfg(feature = "test-util")]
            grace,
        })
    }

    /// Whether there is a selector to wait in.
    #[inline]
    pub(crate) fn exists(&self) -> bool {
        // ORDERING(io_exists): acquire; pairs with `remote`.
        self.exists.is_set(ord("io_exists", Ordering::Acquire))
    }

    /// The part of the selector that anybody may use; makes the selector if there is none.
    fn remote(&self) -> io::Result<StdArc<Remote>> {
        let mut connection = self.remote.lock();
        match &*connection {
            Connection::Open(remote) => return Ok(remote.clone()),
            Connection::Gone => return Err(refused()),
            Connection::Absent => {}
        }
        let (selector, remote) = Selector::new()?;
        let remote = StdArc::new(remote);
        *connection = Connection::Open(remote.clone());
        *self.selector.lock() = Some(selector);
        // ORDERING(io_exists): release; pairs with `exists`.
        self.exists.set(ord("io_exists", Ordering::Release));
        Ok(remote)
    }

    /// Adds `source`, to be told of what `interest` has bits for.
    ///
    /// # Errors
    /// The runtime is gone; it is the first source and the process has no descriptors left; or what the selector says.
    pub(crate) fn add(&self, source: &mut impl Source, interest: u8) -> io::Result<Added> {
        let remote = self.remote()?;
        let slot = Arc::new(Slot::new());
        let number = self.table.lock().insert(slot.clone()).map_err(|Closed| refused())?;
        if let Err(error) = remote.add(source, number, interest) {
            self.forget(number);
            return Err(error);
        }
        // Counter only: one of those who come first sees to it that somebody waits.
        let is_first = !self.has_source.load(Ordering::Relaxed) && !self.has_source.swap(true, Ordering::Relaxed);
        Ok(Added { slot, number, is_first })
    }

    /// Takes `source` out of the selector. Its number is told to nobody any more once it is [forgotten](Self::forget), too.
    pub(crate) fn remove(&self, source: &mut impl Source) -> io::Result<()> {
        let connection = self.remote.lock();
        let Connection::Open(remote) = &*connection else { return Ok(()) };
        let remote = remote.clone();
        drop(connection);
        remote.remove(source)
    }

    /// The source of this number is gone.
    pub(crate) fn forget(&self, number: usize) {
        let slot = self.table.lock().remove(number);
        drop(slot);
    }

    /// Calls `f` with the number of each source that somebody waits for, what he waits for, and his waker, of those at some places of the table, under its lock: it runs no
    /// code of the user's. False if there are no such places. While sources come and go others may be there at the next call: one may be passed over, or be told of twice.
    pub(crate) fn for_each_waiter(&self, places: Range<usize>, mut f: impl FnMut(usize, u8, &Waker)) -> bool {
        let table = self.table.lock();
        if places.start >= table.places() {
            return false;
        }
        for (number, slot) in places.filter_map(|place| table.at(place)) {
            slot.for_each_waiter(|mask, waker| f(number, mask, waker));
        }
        true
    }

    /// Ends the wait of whoever is in the selector, or is about to be.
    pub(crate) fn wake(&self) {
        let remote = match &*self.remote.lock() {
            Connection::Open(remote) => Some(remote.clone()),
            Connection::Absent | Connection::Gone => None,
        };
        if let Some(remote) = remote {
            remote.wake();
        }
    }

    /// Takes the lease for `holder`; or who has it, if anybody does and there is a selector.
    pub(crate) fn lease(&self, holder: Holder) -> Result<Lease<'_>, Option<Holder>> {
        if !self.exists() {
            return Err(None);
        }
        // ORDERING(io_lease): acquire; pairs with the end of the last lease. A failure takes nothing.
        let word =
            self.holder.compare_exchange(NOBODY, holder.word(), ord("io_lease", Ordering::Acquire), Ordering::Relaxed);
        match word {
            Ok(_) => Ok(Lease { reactor: self, counts: holder != Holder::Driver }),
            Err(word) => Err(Holder::of(word)),
        }
    }

    /// Who has the lease.
    #[inline]
    pub(crate) fn holder(&self) -> Option<Holder> {
        // Relaxed: a hint, or ordered by the caller's fence (counter only).
        Holder::of(self.holder.load(Ordering::Relaxed))
    }

    /// How often workers have had the lease.
    pub(crate) fn uses(&self) -> u64 {
        // Counter only.
        self.uses.load(Ordering::Relaxed)
    }

    /// The runtime is gone: everybody who waits goes to `due`, and the selector is dropped. Nobody has the lease any more.
    pub(crate) fn close(&self, due: &mut Vec<Waker>) {
        let before = std::mem::replace(&mut *self.remote.lock(), Connection::Gone);
        if matches!(before, Connection::Absent) {
            return;
        }
        let selector = self.selector.lock().take();
        self.table.lock().close(due);
        drop((before, selector));
    }
}

#[cfg(feature = "test-util")]
impl Reactor {
    /// An operation has succeeded, on a paused clock: an answer may be on its way.
    pub(crate) fn operates(&self) {
        // Counter only: whoever has operated rests before the driver looks.
        self.has_operated.store(true, Ordering::Relaxed);
    }

    /// Whether an operation has succeeded since the clock was last moved.
    pub(crate) fn has_operated(&self) -> bool {
        // Counter only: as above.
        self.has_operated.load(Ordering::Relaxed)
    }

    /// The clock was moved.
    pub(crate) fn forget_operations(&self) {
        // Counter only: as above.
        self.has_operated.store(false, Ordering::Relaxed);
    }

    /// For how long an answer is waited for on a paused clock.
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }
}

/// The right to wait for events, of one thread at a time, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    reactor: &'a Reactor,
    counts: bool,
}

impl Lease<'_> {
    /// Waits for events, and marks their sources as ready. Who waits for that goes to `due`, to be woken after the lease was given up. It may return before the
    /// time, without any event.
    pub(crate) fn wait(&mut self, wait: Wait, due: &mut Vec<Waker>) -> Waited {
        let mut selector = self.reactor.selector.lock();
        let Some(selector) = &mut *selector else { return Waited { events: 0, is_over: true } };
        let mut table = None;
        selector.wait(wait, |number, ready| {
            let table = table.get_or_insert_with(|| self.reactor.table.lock());
            if let Some(slot) = table.get(number) {
                slot.deliver(ready, due);
            }
        })
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.counts {
            // Counter only: one writer at a time.
            self.reactor.uses.fetch_add(1, Ordering::Relaxed);
        }
        // ORDERING(io_lease): release; pairs with the next lease.
        self.reactor.holder.swap(NOBODY, ord("io_lease", Ordering::Release));
    }
}

/// What whoever makes a source is answered when the runtime is gone.
fn refused() -> io::Error {
    io::Error::other("the fusee runtime has shut down, and takes no new source: nobody would tell whether it is ready")
}

/// What a source answers whose runtime is gone.
pub(crate) fn gone() -> io::Error {
    io::Error::other("the fusee runtime that this source was made on has shut down: nobody tells whether it is ready")
}
