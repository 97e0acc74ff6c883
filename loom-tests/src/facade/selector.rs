//! Stand-in for the kernel's selector, and for the sources that it knows: what `src/facade/selector.rs` offers, and pairs of connected streams.
//!
//! It tells of edges. Data that arrive at a stream, room that comes after a write has found none, and the end of the other side put the stream on the ready
//! list, once until it is fetched from there; what it is ready for is asked when it is fetched, and one that is ready for nothing any more is passed over. So
//! does to add it, if it is ready for anything. A wake is on the list, too. An alarm that was set for an earlier wait rings all the same.
//!
//! Who calls it: what `src/` calls through `facade::selector`, and the peers of a model.
//!
//! # Invariants
//! - *No edge is lost*: one that comes after an item was fetched puts it on the list again.
//! - *Who was removed is told of no more*, but by a wait that has fetched it before.
//! - *A wait ends for an edge, a wake or the time*, and never for nothing: a wake-up that was lost is a deadlock.
//! - *Nothing is ordered*: neither by data nor by events. The real kernel's locks may order more than this; `src/` does not lean on that.
//!
//! Checked by `crate::models::selector_suite`, side by side with the real one. Shuttle's schedules use this very file.
//! Deliberately not here: urgent data, errors, halves that are closed by themselves; interrupted waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex as Plain, MutexGuard as PlainGuard, PoisonError};

use super::clock::RawInstant;
use super::lock::Waiter;
use super::mutation::mutant;
use super::turn::Turn;

/// As in `src/facade/selector.rs`.
pub(crate) mod bits {
    pub(crate) const READABLE: u8 = 1;
    pub(crate) const WRITABLE: u8 = 1 << 1;
    pub(crate) const READ_CLOSED: u8 = 1 << 2;
    pub(crate) const WRITE_CLOSED: u8 = 1 << 3;
    pub(crate) const PRIORITY: u8 = 1 << 4;
    pub(crate) const ERROR: u8 = 1 << 5;
}

/// The most events that one wait answers.
const MOST: usize = 64;

/// Until when to wait for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    No,
    Until(RawInstant),
    Forever,
}

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    /// Events of sources.
    pub(crate) events: usize,
    /// The time to wait until has come.
    pub(crate) is_over: bool,
}

/// A source of readiness.
pub(crate) trait Source {
    /// Where the kernel has it.
    fn end(&self) -> &End;
}

/// The part of a selector that waits.
#[derive(Debug)]
pub(crate) struct Selector {
    kernel: Arc<Kernel>,
    /// When its alarm rings, unless it has rung.
    alarm: Option<RawInstant>,
}

/// The part of a selector that any thread may use.
#[derive(Debug)]
pub(crate) struct Remote {
    kernel: Arc<Kernel>,
}

#[derive(Debug, Default)]
struct Kernel {
    list: Plain<List>,
}

/// The turns of an execution: that of the lists, and those that the wires share. They are made before all else, for nothing orders who makes a list or a wire and who comes upon it.
#[derive(Default)]
struct Turns {
    list: Turn,
    wires: [Turn; 4],
    /// Wires so far.
    made: Cell<usize>,
}

thread_local! {
    /// Not the checker's: an execution runs, with all its threads, on one thread of the process.
    static TURNS: RefCell<Option<Rc<Turns>>> = const { RefCell::new(None) };
}

/// Starts a new execution.
pub(crate) fn start() {
    TURNS.set(Some(Rc::default()));
}

fn turns() -> Rc<Turns> {
    TURNS.with_borrow(|turns| turns.clone().expect("the harness has started the execution"))
}

#[derive(Debug, Default)]
struct List {
    ready: VecDeque<End>,
    is_woken: bool,
    waiting: Option<Arc<Waiter>>,
}

impl Selector {
    pub(crate) fn new() -> io::Result<(Self, Remote)> {
        let kernel = Arc::<Kernel>::default();
        Ok((Self { kernel: kernel.clone(), alarm: None }, Remote { kernel }))
    }

    /// Waits for events, and hands each to `deliver`, with the number and the readiness of its source. It may return before the time, without any.
    #[track_caller]
    pub(crate) fn wait(&mut self, wait: Wait, mut deliver: impl FnMut(usize, u8)) -> Waited {
        if let Wait::Until(deadline) = wait {
            self.alarm = Some(self.alarm.map_or(deadline, |alarm| alarm.min(deadline)));
        }
        let told = loop {
            let has_rung = self.alarm.is_some_and(|alarm| alarm <= RawInstant::now());
            if has_rung {
                self.alarm = None;
            } else if wait != Wait::No {
                self.kernel.block(self.alarm);
            }
            let (told, is_woken) = self.kernel.fetch();
            if !told.is_empty() || is_woken || has_rung || wait == Wait::No {
                break told;
            }
        };
        let events = told.len();
        for (token, ready) in told {
            deliver(token, ready);
        }
        let is_over = match wait {
            Wait::No => true,
            Wait::Until(deadline) => events == 0 && deadline <= RawInstant::now(),
            Wait::Forever => false,
        };
        Waited { events, is_over }
    }
}

impl Remote {
    /// Adds `source` under the number `token`, to be told of what `interest` has bits for. What it is ready for already is told, too.
    pub(crate) fn add(&self, source: &mut impl Source, token: usize, interest: u8) -> io::Result<()> {
        let end = source.end();
        end.wire.alter();
        let mut sides = end.wire.sides();
        if sides[end.side].item.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        sides[end.side].item = Some(Item { kernel: self.kernel.clone(), token, interest });
        drop(sides);
        if end.level().is_some() && !mutant("add_ignores_level") {
            end.edge();
        }
        Ok(())
    }

    /// Takes `source` out again.
    pub(crate) fn remove(&self, source: &mut impl Source) -> io::Result<()> {
        if source.end().leave() { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Ends the wait of whoever waits, or the next one.
    #[track_caller]
    pub(crate) fn wake(&self) {
        let mut list = self.kernel.alter();
        list.is_woken = true;
        let waiting = list.waiting.take();
        drop(list);
        if let Some(waiting) = waiting {
            waiting.notify();
        }
    }
}

impl Kernel {
    /// The list, for a step on it.
    #[track_caller]
    fn alter(&self) -> PlainGuard<'_, List> {
        turns().list.alter();
        plain(&self.list)
    }

    /// Blocks until there is something on the list, or `until` comes.
    #[track_caller]
    fn block(&self, until: Option<RawInstant>) {
        let mut list = self.alter();
        if list.is_woken || !list.ready.is_empty() {
            return;
        }
        let waiter = Waiter::new();
        assert!(list.waiting.replace(waiter.clone()).is_none(), "one thread at a time waits in a selector");
        drop(list);
        waiter.block_until(until);
    }

    /// Takes what is on the list: what is ready for something, with that; and whether there was a wake.
    fn fetch(&self) -> (Vec<(usize, u8)>, bool) {
        let mut list = self.alter();
        list.waiting = None;
        let is_woken = std::mem::take(&mut list.is_woken);
        let most = list.ready.len().min(MOST);
        let ready: Vec<_> = list.ready.drain(..most).collect();
        drop(list);
        (ready.iter().filter_map(End::level).collect(), is_woken)
    }

    /// Puts `end` on the list, unless it is there, or was removed.
    #[track_caller]
    fn queue(self: &Arc<Self>, end: &End) {
        let mut list = self.alter();
        let is_removed = end.wire.sides()[end.side].item.as_ref().is_none_or(|item| !Arc::ptr_eq(&item.kernel, self));
        if is_removed || list.ready.iter().any(|other| other.is(end)) {
            return;
        }
        list.ready.push_back(end.same());
        let waiting = list.waiting.take();
        drop(list);
        if let Some(waiting) = waiting {
            waiting.notify();
        }
    }
}

/// One side of two connected streams of bytes; what is written here is read there. It does not block.
#[derive(Debug)]
pub(crate) struct Stream(End);

/// Where a side of two streams is.
#[derive(Debug)]
pub(crate) struct End {
    wire: Arc<Wire>,
    side: usize,
}

#[derive(Debug)]
struct Wire {
    /// Of its turn.
    number: usize,
    capacity: usize,
    sides: Plain<[Side; 2]>,
}

#[derive(Debug, Default)]
struct Side {
    incoming: VecDeque<u8>,
    is_closed: bool,
    /// A write has found no room since there was any.
    lacked_room: bool,
    item: Option<Item>,
}

/// What a selector knows of it.
#[derive(Debug)]
struct Item {
    kernel: Arc<Kernel>,
    token: usize,
    interest: u8,
}

impl Stream {
    /// Two that are connected, with room for so many bytes in each direction.
    pub(crate) fn pair(capacity: usize) -> (Self, Self) {
        let turns = turns();
        let number = turns.made.replace(turns.made.get() + 1) % turns.wires.len();
        let wire = Arc::new(Wire { number, capacity, sides: Plain::default() });
        (Self(End { wire: wire.clone(), side: 0 }), Self(End { wire, side: 1 }))
    }

    /// Reads what is there, as far as `buffer` goes. None at the end.
    #[track_caller]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self(End { wire, side }) = self;
        wire.alter();
        let mut sides = wire.sides();
        let count = sides[*side].incoming.len().min(buffer.len());
        if count == 0 && !sides[1 - side].is_closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer.iter_mut().zip(sides[*side].incoming.drain(..count)).for_each(|(place, byte)| *place = byte);
        let makes_room = count > 0 && std::mem::take(&mut sides[1 - side].lacked_room);
        drop(sides);
        if makes_room {
            self.0.peer().edge();
        }
        Ok(count)
    }

    /// Writes as much as there is room for.
    #[track_caller]
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Self(End { wire, side }) = self;
        wire.alter();
        let mut sides = wire.sides();
        if sides[1 - side].is_closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(wire.capacity - sides[1 - side].incoming.len());
        sides[*side].lacked_room |= count < bytes.len();
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        sides[1 - side].incoming.extend(&bytes[..count]);
        drop(sides);
        self.0.peer().edge();
        Ok(count)
    }
}

impl Source for Stream {
    fn end(&self) -> &End {
        &self.0
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let end = &self.0;
        // A selector that still has it forgets it.
        end.leave();
        end.wire.alter();
        end.wire.sides()[end.side].is_closed = true;
        end.peer().edge();
    }
}

impl End {
    fn same(&self) -> Self {
        Self { wire: self.wire.clone(), side: self.side }
    }

    fn peer(&self) -> Self {
        Self { wire: self.wire.clone(), side: 1 - self.side }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.wire, &other.wire) && self.side == other.side
    }

    /// Under which number a selector has it, and what it is ready for of what it is asked for, if anything.
    fn level(&self) -> Option<(usize, u8)> {
        turns().wires[self.wire.number].observe();
        let sides = self.wire.sides();
        let (own, peer) = (&sides[self.side], &sides[1 - self.side]);
        let item = own.item.as_ref()?;
        let told = [
            (bits::READABLE, !own.incoming.is_empty() || peer.is_closed),
            (bits::WRITABLE, peer.incoming.len() < self.wire.capacity || peer.is_closed),
        ];
        let told = told.iter().filter(|(bit, is_told)| *is_told && item.interest & bit != 0);
        let ends = if peer.is_closed { bits::READ_CLOSED | bits::WRITE_CLOSED } else { 0 };
        let ready = told.fold(ends, |ready, (bit, _)| ready | bit);
        (ready != 0).then_some((item.token, ready))
    }

    /// Something has come: tells a selector that has it.
    #[track_caller]
    fn edge(&self) {
        let kernel = self.wire.sides()[self.side].item.as_ref().map(|item| item.kernel.clone());
        if let Some(kernel) = kernel {
            kernel.queue(self);
        }
    }

    /// Leaves the selector that has it, if one does.
    fn leave(&self) -> bool {
        self.wire.alter();
        let Some(item) = self.wire.sides()[self.side].item.take() else { return false };
        item.kernel.alter().ready.retain(|other| !other.is(self));
        true
    }
}

impl Wire {
    /// Before a step that changes something.
    fn alter(&self) {
        turns().wires[self.number].alter();
    }

    fn sides(&self) -> PlainGuard<'_, [Side; 2]> {
        plain(&self.sides)
    }
}

/// Locks data that the checker does not know of; nobody holds it where threads may switch.
fn plain<T>(mutex: &Plain<T>) -> PlainGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
