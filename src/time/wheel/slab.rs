//! The entries of a wheel: storage that never moves them, and circular lists through them.
//!
//! Entries stand in chunks, so growing allocates one chunk and copies nothing: no pause at ten million timers.
//! An entry is named by its number. The first numbers are the heads of the wheel's lists: entries without a value
//! that link to themselves while the list is empty, so that linking and unlinking know no special case.
//!
//! | entry | `value` | `prev`, `next` |
//! |---|---|---|
//! | head | none | last and first of its list, or itself |
//! | pending | some | neighbours, the head among them |
//! | fired | none | itself |
//! | free | none | `FREE`, and the next free entry or `NIL` |
//!
//! The wheel takes the value and unlinks in one step, in either order. Deliberately not here: what the lists mean.

const CHUNK_BITS: u32 = 10;
const CHUNK_LEN: usize = 1 << CHUNK_BITS;

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
    chunks: Vec<Box<[Entry<T>; CHUNK_LEN]>>,
    /// The entry freed last: its line is the likeliest to be cached.
    free: u32,
    len: usize,
    heads: u32,
}

impl<T> Slab<T> {
    /// No entries, and `heads` empty lists.
    pub(super) fn new(heads: u32) -> Self {
        let mut slab = Self { chunks: Vec::new(), free: NIL, len: 0, heads };
        for head in 0..heads {
            let at = slab.take_free();
            debug_assert_eq!(at, head, "the first numbers are the heads");
            let head = slab.link_mut(at);
            head.prev = at;
            head.next = at;
        }
        slab
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
        let free = self.free;
        let entry = self.entry_mut(at);
        debug_assert!(entry.value.is_none(), "a value is taken before its entry is freed");
        entry.prev = FREE;
        entry.next = free;
        self.free = at;
        self.len -= 1;
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

    /// A whole list, its links checked in both directions.
    #[cfg(test)]
    pub(super) fn list(&self, head: u32) -> Vec<u32> {
        let mut list = Vec::new();
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
        if self.free == NIL {
            self.grow();
        }
        let at = self.free;
        let entry = self.link(at);
        debug_assert!(entry.prev == FREE && entry.value.is_none(), "the free list holds free entries");
        self.free = entry.next;
        at
    }

    /// Adds a chunk of free entries.
    #[cold]
    fn grow(&mut self) {
        let first = self.chunks.len() * CHUNK_LEN;
        let end = u32::try_from(first + CHUNK_LEN).expect("fewer than u32::MAX timers in one wheel");
        let chunk = (first as u32..end).map(|at| {
            let next = if at + 1 == end { NIL } else { at + 1 };
            Entry { deadline: 0, prev: FREE, next, value: None }
        });
        let chunk: Box<[_]> = chunk.collect();
        let chunk = chunk.try_into().unwrap_or_else(|_| unreachable!("a chunk has CHUNK_LEN entries"));
        self.chunks.push(chunk);
        self.free = first as u32;
    }

    /// An entry in any state, or a head.
    fn link(&self, at: u32) -> &Entry<T> {
        &self.chunks[(at >> CHUNK_BITS) as usize][at as usize % CHUNK_LEN]
    }

    fn link_mut(&mut self, at: u32) -> &mut Entry<T> {
        &mut self.chunks[(at >> CHUNK_BITS) as usize][at as usize % CHUNK_LEN]
    }
}
