//! Places for values, each with a key that is its own until it is taken out, in memory that follows how many there are.
//!
//! Places stand in chunks. A chunk is there while one of its places is taken, or while it is the only one; and one more is kept to spare, lest a value that comes and goes
//! allocate each time. Of chunks that are gone the numbers are left, to be used again: eight and four bytes each, until all places are free.
//!
//! | a chunk | stands in `chunks` as | is in `open` |
//! |---|---|---|
//! | all of whose places are taken | some | no |
//! | some of whose places are free | some | once |
//! | that is gone | none | once |
//!
//! Who calls it: the thread that has the set. Deliberately not here: what the keys are told to.

/// Places of a chunk: as many as a mask has bits.
const CHUNK_LEN: usize = u32::BITS as usize;

/// Values by their keys.
pub(super) struct Places<T> {
    chunks: Vec<Option<Box<Chunk<T>>>>,
    /// Chunks with places that are free. Values go to the last.
    open: Vec<u32>,
    /// A chunk to be used next.
    spare: Option<Box<Chunk<T>>>,
    len: usize,
}

struct Chunk<T> {
    /// One bit for each place that is taken.
    taken: u32,
    places: [Option<T>; CHUNK_LEN],
}

impl<T> Places<T> {
    pub(super) fn new() -> Self {
        Self { chunks: Vec::new(), open: Vec::new(), spare: None, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in the value that `make` answers for its key.
    pub(super) fn insert(&mut self, make: impl FnOnce(usize) -> T) -> usize {
        let number = match self.open.last() {
            Some(&number) => number as usize,
            None => self.number_next(),
        };
        let spare = &mut self.spare;
        let chunk = self.chunks[number].get_or_insert_with(|| spare.take().unwrap_or_else(Chunk::new));
        let place = chunk.taken.trailing_ones() as usize;
        let key = number * CHUNK_LEN + place;
        chunk.places[place] = Some(make(key));
        chunk.taken |= 1 << place;
        if chunk.taken == u32::MAX {
            self.open.pop();
        }
        self.len += 1;
        key
    }

    #[cold]
    fn number_next(&mut self) -> usize {
        let number = self.chunks.len();
        self.open.push(u32::try_from(number).expect("fewer than 2^32 chunks of a set"));
        self.chunks.push(None);
        number
    }

    /// Takes the value of `key` out.
    pub(super) fn remove(&mut self, key: usize) -> Option<T> {
        let number = key / CHUNK_LEN;
        let is_only = self.chunks.len() == 1;
        let slot = self.chunks.get_mut(number)?;
        let chunk = slot.as_mut()?;
        let place = key % CHUNK_LEN;
        let value = chunk.places[place].take()?;
        if chunk.taken == u32::MAX {
            self.open.push(number as u32);
        }
        chunk.taken &= !(1 << place);
        self.len -= 1;
        if chunk.taken == 0 && !is_only {
            let chunk = slot.take();
            self.keep_to_spare(chunk);
        }
        Some(value)
    }

    /// A chunk has become free.
    #[cold]
    fn keep_to_spare(&mut self, chunk: Option<Box<Chunk<T>>>) {
        self.spare = chunk;
        if self.is_empty() {
            // The keys begin anew.
            *self = Self { spare: self.spare.take(), ..Self::new() };
        }
    }

    /// All values, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten().flat_map(|chunk| chunk.places.iter().flatten())
    }
}

impl<T> Chunk<T> {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self { taken: 0, places: [const { None }; CHUNK_LEN] })
    }
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 100 * CHUNK_LEN + 1;

    fn chunks(places: &Places<usize>) -> usize {
        places.chunks.iter().flatten().count() + usize::from(places.spare.is_some())
    }

    #[test]
    fn a_key_is_that_which_was_announced_and_leads_to_its_value_alone() {
        let mut places = Places::new();
        for step in [1, 7, CHUNK_LEN - 1, CHUNK_LEN + 1] {
            let keys: Vec<_> = (0..MANY)
                .map(|n| {
                    let mut announced = None;
                    let key = places.insert(|key| {
                        announced = Some(key);
                        n
                    });
                    assert_eq!(announced, Some(key));
                    key
                })
                .collect();
            assert_eq!((places.len(), places.iter().count()), (MANY, MANY));
            // Some go, others take their places.
            let gone = (0..MANY).step_by(step);
            gone.clone().for_each(|n| assert_eq!(places.remove(keys[n]), Some(n)));
            gone.clone().for_each(|n| assert_eq!(places.remove(keys[n]), None));
            let new: Vec<_> = gone.map(|n| (places.insert(|_| MANY + n), MANY + n)).collect();
            assert!(places.chunks.len() <= MANY.div_ceil(CHUNK_LEN), "free places are used again");
            let old = (0..MANY).filter(|n| n % step != 0).map(|n| (keys[n], n));
            old.chain(new).for_each(|(key, value)| assert_eq!(places.remove(key), Some(value)));
            assert!(places.is_empty());
        }
    }

    #[test]
    fn room_follows_the_number_of_values_in_whatever_order_they_go() {
        for step in [1, 3, CHUNK_LEN, CHUNK_LEN + 3] {
            let mut places = Places::new();
            let mut keys: Vec<_> = (0..MANY).map(|n| places.insert(|_| n)).collect();
            let mut at = 0;
            while !keys.is_empty() {
                at = (at + step) % keys.len();
                assert!(places.remove(keys.swap_remove(at)).is_some());
                assert!(chunks(&places) <= keys.len() + 1);
            }
            assert!(chunks(&places) <= 1 && places.chunks.capacity() <= 1 && places.open.capacity() <= 1);
        }
    }

    #[test]
    fn a_value_that_comes_and_goes_allocates_nothing() {
        let mut places = Places::new();
        (0..CHUNK_LEN).for_each(|n| _ = places.insert(|_| n));
        let key = places.insert(|_| 0);
        assert_eq!(places.remove(key), Some(0));
        let spare = places.spare.as_deref().map(std::ptr::from_ref);
        assert!(spare.is_some());
        for n in 0..10 {
            let key = places.insert(|_| n);
            assert!(places.spare.is_none());
            assert_eq!(places.remove(key), Some(n));
            assert_eq!(places.spare.as_deref().map(std::ptr::from_ref), spare);
        }
    }
}
