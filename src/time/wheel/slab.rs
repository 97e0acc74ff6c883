//! The entries of a wheel: storage that never moves them, and circular lists through them.
//!
//! Entries stand in chunks, so growing allocates one chunk and copies nothing: no pause at ten million timers. A chunk whose entries are all
//! free is given back at once, but for one, lest a timer that comes and goes allocates each time; and that one too, once there is
//! room enough in the others.
//! An entry is named by its number. The first numbers are the heads of the wheel's lists: entries without a value
//! that link to themselves while the list is empty, so that linking and unlinking know no special case. They are made with the first chunk, which comes
//! with the first entry and stays: a wheel that never had a timer owns nothing. Until then no list is asked for.
//!
//! | entry | `value` | `prev`, `next` |
//! |---|---|---|
//! | head | none | last and first of its list, or itself |
//! | pending | some | neighbours, the head among them |
//! | fired | none | itself |
//! | free | none | `FREE`, and the next free entry of its chunk or `NIL` |
//!
//! The wheel takes the value and unlinks in one step, in either order. Deliberately not here: what the lists mean.

use crate::spare::GiveBack;

const CHUNK_BITS: u32 = 10;
const CHUNK_LEN: usize = 1 << CHUNK_BITS;

/// With so many entries that are free elsewhere no chunk is kept to spare.
const PLENTY: usize = CHUNK_LEN / 4;

/// A table of so many chunks is not worth tidying.
const SMALL_TABLE: usize = 32;

/// No entry: the end of the free list.
const NIL: u32 = u32::MAX;
/// In `prev`: a free entry. No entry has this number, either.
const FREE: u32 = u32::MAX;

/// With a waker as its value, half a cache line.
pub(super) struct Entry<T> {
    pub(super) deadline: u64,
    prev: u32,
    next: u32,
    pub(super) value: Option<T>,
}

pub(super) struct Slab<T> {
    chunks: Vec<Chunk<T>>,
    /// Chunks with free entries, and chunks given back that have not come to the top since. Entries are taken from the last.
    open: Vec<u32>,
    /// Numbers of chunks that were given back.
    vacant: Vec<u32>,
    /// A chunk whose entries are all free.
    spare: Option<u32>,
    /// Chunks that are there.
    present: usize,
    len: usize,
    heads: u32,
}

struct Chunk<T> {
    /// None once given back.
    entries: Option<Box<[Entry<T>; CHUNK_LEN]>>,
    /// The entry freed last: its line is the likeliest to be cached.
    free: u32,
    /// Entries that are not free.
    used: u32,
    is_open: bool,
}

impl<T> Slab<T> {
    /// No entries, and `heads` empty lists.
    pub(super) fn new(heads: u32) -> Self {
        let (chunks, open, vacant) = (Vec::new(), Vec::new(), Vec::new());
        Self { chunks, open, vacant, spare: None, present: 0, len: 0, heads }
    }

    /// Entries not free.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Stores a value, in no list yet.
    pub(super) fn insert(&mut self, deadline: u64, value: T) -> u32 {
        let at = self.take_free();
        *self.link_mut(at) = Entry { deadline, prev: at, next: at, value: Some(value) };
        self.len += 1;
        at
    }

    /// Gives an unlinked entry's storage back.
    pub(super) fn free(&mut self, at: u32) {
        let number = at >> CHUNK_BITS;
        let free = std::mem::replace(&mut self.chunks[number as usize].free, at);
        let entry = self.entry_mut(at);
        debug_assert!(entry.value.is_none(), "a value is taken before its entry is freed");
        entry.prev = FREE;
        entry.next = free;
        self.len -= 1;
        let chunk = &mut self.chunks[number as usize];
        chunk.used -= 1;
        if !std::mem::replace(&mut chunk.is_open, true) {
            self.open.push(number);
        }
        if chunk.used == 0
            && let Some(before) = self.spare.replace(number)
        {
            self.give_back(before);
        }
        if let Some(spare) = self.spare
            && (self.present - 1) * CHUNK_LEN >= self.len + self.heads as usize + PLENTY
        {
            self.spare = None;
            self.give_back(spare);
        }
    }

    /// Frees a chunk whose entries are all free. It comes off the open ones when it comes to the top.
    #[cold]
    fn give_back(&mut self, number: u32) {
        self.chunks[number as usize].entries = None;
        self.present -= 1;
        if self.chunks.len() > SMALL_TABLE && 4 * self.present < self.chunks.len() {
            self.tidy();
        }
    }

    /// Shortens the table of the chunks, of which few are there, if those at its end are not.
    fn tidy(&mut self) {
        let needed = self.chunks.iter().rposition(|chunk| chunk.entries.is_some()).map_or(0, |last| last + 1);
        if needed > self.chunks.len() / 2 {
            return;
        }
        self.chunks.truncate(needed);
        for numbers in [&mut self.open, &mut self.vacant] {
            numbers.retain(|&number| (number as usize) < needed);
            numbers.give_back();
        }
        self.chunks.give_back();
    }

    pub(super) fn entry(&self, at: u32) -> &Entry<T> {
        let entry = self.link(at);
        debug_assert!(at >= self.heads && entry.prev != FREE, "a key is good until removed");
        entry
    }

    pub(super) fn entry_mut(&mut self, at: u32) -> &mut Entry<T> {
        debug_assert!(at >= self.heads && self.link(at).prev != FREE, "a key is good until removed");
        self.link_mut(at)
    }

    pub(super) fn is_empty(&self, head: u32) -> bool {
        self.link(head).next == head
    }

    pub(super) fn first(&self, head: u32) -> Option<u32> {
        let first = self.link(head).next;
        (first != head).then_some(first)
    }

    /// The one entry of a list of one.
    pub(super) fn sole(&self, head: u32) -> Option<u32> {
        let Entry { prev, next, .. } = *self.link(head);
        (prev == next && next != head).then_some(next)
    }

    /// The entries of a list, first to last.
    #[cfg(feature = "test-util")]
    pub(super) fn iter(&self, head: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(self.first(head), move |&at| Some(self.link(at).next).filter(|&next| next != head))
    }

    /// Calls `f` with the deadline and the value of each entry of a chunk that has one. False when there is no such chunk, nor a later one.
    pub(super) fn for_each_of(&self, chunk: usize, mut f: impl FnMut(u64, &T)) -> bool {
        let Some(Chunk { entries, .. }) = self.chunks.get(chunk) else { return false };
        for entry in entries.iter().flat_map(|entries| entries.iter()) {
            if let Some(value) = &entry.value {
                f(entry.deadline, value);
            }
        }
        true
    }

    /// A whole list, its links checked in both directions.
    #[cfg(test)]
    pub(super) fn list(&self, head: u32) -> Vec<u32> {
        let mut list = Vec::new();
        if self.chunks.is_empty() {
            return list;
        }
        let mut last = head;
        while self.link(last).next != head {
            let at = self.link(last).next;
            assert_eq!(self.link(at).prev, last, "links agree");
            assert!(at >= self.heads, "a list has one head");
            list.push(at);
            last = at;
        }
        assert_eq!(self.link(head).prev, last, "links agree");
        list
    }

    /// Links an entry that is in no list behind the last of this one.
    pub(super) fn push_back(&mut self, head: u32, at: u32) {
        let last = std::mem::replace(&mut self.link_mut(head).prev, at);
        debug_assert_eq!(self.link(last).next, head, "links agree");
        self.link_mut(last).next = at;
        let entry = self.link_mut(at);
        entry.prev = last;
        entry.next = head;
    }

    /// Takes an entry out of its list. The list's head, if that is now empty.
    pub(super) fn unlink(&mut self, at: u32) -> Option<u32> {
        let entry = self.entry_mut(at);
        let (prev, next) = (entry.prev, entry.next);
        entry.prev = at;
        entry.next = at;
        debug_assert!(prev != at && next != at, "only what is linked is unlinked");
        let before = self.link_mut(prev);
        debug_assert_eq!(before.next, at, "links agree");
        before.next = next;
        let after = self.link_mut(next);
        debug_assert_eq!(after.prev, at, "links agree");
        after.prev = prev;
        // Only a head is on both sides.
        (prev == next).then_some(prev)
    }

    /// Moves a whole list, which is not empty, behind another.
    pub(super) fn append(&mut self, from: u32, to: u32) {
        let source = self.link_mut(from);
        let (first, last) = (source.next, source.prev);
        debug_assert_ne!(first, from, "a list that is moved has entries");
        source.next = from;
        source.prev = from;
        let end = std::mem::replace(&mut self.link_mut(to).prev, last);
        self.link_mut(end).next = first;
        self.link_mut(first).prev = end;
        self.link_mut(last).next = to;
    }

    fn take_free(&mut self) -> u32 {
        loop {
            let Some(&number) = self.open.last() else {
                self.grow();
                continue;
            };
            let chunk = &mut self.chunks[number as usize];
            let at = chunk.free;
            let Some(entries) = &chunk.entries else {
                chunk.is_open = false;
                self.open.pop();
                self.vacant.push(number);
                continue;
            };
            let entry = &entries[at as usize % CHUNK_LEN];
            debug_assert!(entry.prev == FREE && entry.value.is_none(), "the free list holds free entries");
            chunk.free = entry.next;
            chunk.used += 1;
            if chunk.free == NIL {
                chunk.is_open = false;
                self.open.pop();
            }
            if chunk.used == 1 {
                self.spare = self.spare.filter(|&spare| spare != number);
            }
            return at;
        }
    }

    /// Adds a chunk of free entries.
    #[cold]
    fn grow(&mut self) {
        let is_first = self.chunks.is_empty();
        let number = self.vacant.pop().unwrap_or(self.chunks.len() as u32);
        let first = number as usize * CHUNK_LEN;
        let end = u32::try_from(first + CHUNK_LEN).expect("fewer than u32::MAX timers in one wheel");
        let entries = (first as u32..end).map(|at| {
            let next = if at + 1 == end { NIL } else { at + 1 };
            Entry { deadline: 0, prev: FREE, next, value: None }
        });
        let entries: Box<[_]> = entries.collect();
        let entries = entries.try_into().unwrap_or_else(|_| unreachable!("a chunk has CHUNK_LEN entries"));
        let chunk = Chunk { entries: Some(entries), free: first as u32, used: 0, is_open: true };
        match self.chunks.get_mut(number as usize) {
            Some(vacant) => *vacant = chunk,
            None => self.chunks.push(chunk),
        }
        self.open.push(number);
        self.present += 1;
        if is_first {
            self.make_heads();
        }
    }

    fn make_heads(&mut self) {
        for head in 0..self.heads {
            let at = self.take_free();
            debug_assert_eq!(at, head, "the first numbers are the heads");
            let head = self.link_mut(at);
            head.prev = at;
            head.next = at;
        }
    }

    /// An entry in any state, or a head.
    fn link(&self, at: u32) -> &Entry<T> {
        let entries = self.chunks[(at >> CHUNK_BITS) as usize].entries.as_ref();
        &entries.expect(GONE)[at as usize % CHUNK_LEN]
    }

    fn link_mut(&mut self, at: u32) -> &mut Entry<T> {
        let entries = self.chunks[(at >> CHUNK_BITS) as usize].entries.as_mut();
        &mut entries.expect(GONE)[at as usize % CHUNK_LEN]
    }
}

/// Why a chunk is there: who names an entry has it, or has just looked.
const GONE: &str = "a chunk with entries in use is there";

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(slab: &Slab<usize>) -> usize {
        slab.chunks.iter().filter(|chunk| chunk.entries.is_some()).count()
    }

    fn free(slab: &mut Slab<usize>, at: u32) {
        assert!(slab.entry_mut(at).value.take().is_some());
        slab.free(at);
    }

    #[test]
    fn what_a_flood_has_taken_is_given_back_whatever_the_order() {
        for (seed, kept) in [(1, 0), (7, 0), (11, 3), (CHUNK_LEN + 1, 1)] {
            let mut slab = Slab::new(10);
            let mut entries: Vec<_> = (0..40 * CHUNK_LEN + 1).map(|n| slab.insert(0, n)).collect();
            assert_eq!(chunks(&slab), 41);
            let step = entries.len() / 3 * 2 + seed;
            let length = entries.len();
            entries.rotate_left(step % length);
            let (kept, freed) = entries.split_at(kept);
            freed.iter().for_each(|&at| free(&mut slab, at));
            assert!(chunks(&slab) <= kept.len() + 1, "the heads' and those in use: {}", chunks(&slab));
            assert_eq!(chunks(&slab), slab.present);
            // What is left is where it was; what comes then takes the numbers that are vacant.
            kept.iter().for_each(|&at| assert!(slab.entry(at).value.is_some()));
            let again: Vec<_> = (0..40 * CHUNK_LEN).map(|n| slab.insert(0, n)).collect();
            assert!(again.iter().all(|&at| (at as usize) < 42 * CHUNK_LEN), "numbers are used again");
            assert_eq!(slab.len(), kept.len() + again.len());
            again.into_iter().for_each(|at| free(&mut slab, at));
        }
    }

    #[test]
    fn nothing_is_there_before_the_first_entry_and_little_after_the_last() {
        let mut slab = Slab::new(10);
        assert_eq!((slab.chunks.capacity(), slab.open.capacity(), slab.vacant.capacity()), (0, 0, 0));
        for _ in 0..3 {
            let entries: Vec<_> = (0..1_000 * CHUNK_LEN).map(|n| slab.insert(0, n)).collect();
            entries.into_iter().for_each(|at| free(&mut slab, at));
            assert_eq!((chunks(&slab), slab.len()), (1, 0));
            let tables = [slab.chunks.capacity(), slab.open.capacity(), slab.vacant.capacity()];
            assert!(tables.iter().all(|&table| table <= 2 * SMALL_TABLE), "{tables:?}");
        }
    }

    #[test]
    fn one_that_comes_and_goes_at_the_edge_of_a_chunk_allocates_nothing() {
        let mut slab = Slab::new(1);
        // The first chunk is full.
        (0..CHUNK_LEN - 1).for_each(|n| _ = slab.insert(0, n));
        let first = slab.insert(0, 0);
        let at = slab.link(first) as *const Entry<usize>;
        for n in 0..10 {
            free(&mut slab, first);
            assert_eq!(slab.insert(0, n), first);
            assert!(std::ptr::eq(slab.link(first), at), "the chunk was kept");
        }
    }

    #[test]
    fn a_chunk_given_back_twice_is_open_once() {
        let mut slab = Slab::new(1);
        for round in 0..5 {
            let entries: Vec<_> = (0..5 * CHUNK_LEN).map(|n| slab.insert(0, n)).collect();
            entries.into_iter().rev().for_each(|at| free(&mut slab, at));
            assert!(slab.open.len() <= 6 && slab.chunks.len() <= 6, "{round}: {}", slab.open.len());
        }
    }
}
