//! Tasks that have keys: joined as they complete, found, aborted and replaced by their keys.
//!
//! A [`JoinMap`] is a [`JoinSet`] beside a table of keys; `spawn.rs` fills it. All here runs on the thread that has the map.
//!
//! # Invariants
//! - A task of the set has an entry in the table, by which its key is found, or has been replaced by another with its key: then it stays in
//!   the set until it is joined, and is told to nobody.
//! - The user's code (hashing, comparing and dropping keys) runs before a step of the map or after it: a panic in it leaves the map whole.
//!   The table therefore keeps the hashes.
//!
//! Checked by `tests/join_map.rs`, `tests/join_map_keys.rs`. Deliberately not here: how a task tells that it is complete (`join_set/`).

mod spawn;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hash, RandomState};
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::task::{Context, Poll, ready};

use hashbrown::{HashTable, hash_table};

use super::{AbortHandle, Id, JoinError, JoinSet};
use crate::spare;

/// Tasks with outputs of one type, each under a key; joined in the order in which they complete, with their keys.
///
/// A task that is spawned under the key of another aborts that one and takes its place: the one before is not heard of any more. It is
/// freed when the map is next asked for a task after it has ended.
///
/// The room that a burst of tasks has taken is given back as they leave, but for what [`with_capacity`](Self::with_capacity) and [`reserve`](Self::reserve) have
/// asked for. Dropping the map aborts its tasks; [`detach_all`](Self::detach_all) lets them run on.
///
/// ```
/// use fusee::task::JoinMap;
///
/// fusee::runtime::block_on(async {
///     let mut map = JoinMap::new();
///     map.spawn("answer", async { 42 });
///     map.spawn("stuck", std::future::pending());
///     assert!(map.abort("stuck"));
///     while let Some((key, joined)) = map.join_next().await {
///         match key {
///             "answer" => assert_eq!(joined.unwrap(), 42),
///             _ => assert!(joined.unwrap_err().is_cancelled()),
///         }
///     }
/// });
/// ```
pub struct JoinMap<K, V, S = RandomState> {
    entries: HashTable<Entry<K>>,
    /// The hash of the key of each task in `entries`.
    hashes: HashMap<Id, u64>,
    tasks: JoinSet<V>,
    /// For how many tasks room was asked for, and is kept.
    reserved: usize,
    hash_builder: S,
}

struct Entry<K> {
    key: K,
    hash: u64,
    task: AbortHandle,
}

/// Where a key goes: its hash, and the task that has it now.
struct Place {
    hash: u64,
    task: Option<Id>,
}

impl<K, V> JoinMap<K, V> {
    /// A map without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// A map without tasks, with room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> JoinMap<K, V, S> {
    /// A map without tasks, which hashes keys with `hash_builder`.
    ///
    /// One that is not made at random, as [`RandomState`] is, lets whoever chooses the keys choose ones that collide.
    #[must_use]
    pub fn with_hasher(hash_builder: S) -> Self {
        Self::with_capacity_and_hasher(0, hash_builder)
    }

    /// As [`with_hasher`](Self::with_hasher), with room for `capacity` tasks.
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hash_builder: S) -> Self {
        let (entries, hashes) = (HashTable::with_capacity(capacity), HashMap::with_capacity(capacity));
        Self { entries, hashes, tasks: JoinSet::new(), reserved: capacity, hash_builder }
    }

    /// The tasks that were not joined yet, complete or not; ones that were replaced do not count.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all tasks were joined, or none was spawned.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The tasks that it has room for without another allocation of its own. Each task has one all the same.
    pub fn capacity(&self) -> usize {
        self.entries.capacity().min(self.hashes.capacity())
    }

    /// Makes room for `additional` tasks more.
    ///
    /// # Panics
    /// If that is more than fits into memory.
    pub fn reserve(&mut self, additional: usize) {
        self.entries.reserve(additional, |entry| entry.hash);
        self.hashes.reserve(additional);
        self.reserved = self.reserved.max(self.len() + additional);
    }

    /// Gives the room back that its tasks do not take.
    pub fn shrink_to_fit(&mut self) {
        self.shrink_to(0);
    }

    /// Gives the room back that neither its tasks nor `capacity` tasks take.
    pub fn shrink_to(&mut self, capacity: usize) {
        self.reserved = capacity;
        self.keep_room(capacity);
    }

    fn keep_room(&mut self, capacity: usize) {
        self.entries.shrink_to(capacity, |entry| entry.hash);
        self.hashes.shrink_to(capacity);
    }

    /// Gives back what a burst has taken, after tasks have left; not what was asked for.
    fn give_back(&mut self) {
        if let Some(left) = spare::left_of(self.entries.capacity().max(self.hashes.capacity()), self.len()) {
            self.keep_room(left.max(self.reserved));
        }
    }

    /// The keys of the tasks that were not joined yet, complete or not, in no order.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn(1, async {});
    ///     assert_eq!(map.keys().collect::<Vec<_>>(), [&1]);
    /// });
    /// ```
    pub fn keys(&self) -> JoinMapKeys<'_, K, V> {
        JoinMapKeys { entries: self.entries.iter(), outputs: PhantomData }
    }

    /// Whether it has the task `task`, complete or not.
    pub fn contains_task(&self, task: &Id) -> bool {
        self.hashes.contains_key(task)
    }

    /// Cancels the tasks whose keys `predicate` picks; see [`JoinHandle::abort`](super::JoinHandle::abort). They stay in the map until they are joined.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     (0..10).for_each(|n| map.spawn(n, std::future::pending::<()>()));
    ///     map.abort_matching(|n| n % 2 == 1);
    ///     for _ in 0..5 {
    ///         let (n, joined) = map.join_next().await.unwrap();
    ///         assert!(n % 2 == 1 && joined.unwrap_err().is_cancelled());
    ///     }
    ///     assert_eq!(map.len(), 5);
    /// });
    /// ```
    pub fn abort_matching(&mut self, mut predicate: impl FnMut(&K) -> bool) {
        self.entries.iter().filter(|entry| predicate(&entry.key)).for_each(|entry| entry.task.abort());
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> JoinMap<K, V, S> {
    /// Whether it has a task under `key`, complete or not.
    pub fn contains_key<Q: ?Sized + Hash + Eq>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entry(key).is_some()
    }

    /// Cancels the task under `key`; see [`JoinHandle::abort`](super::JoinHandle::abort). It stays in the map until it is joined. False if there is none.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn(String::from("stuck"), std::future::pending::<()>());
    ///     assert!(map.abort("stuck"));
    ///     assert!(!map.abort("other"));
    ///     assert!(map.join_next().await.unwrap().1.unwrap_err().is_cancelled());
    /// });
    /// ```
    pub fn abort<Q: ?Sized + Hash + Eq>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let entry = self.entry(key);
        entry.into_iter().for_each(|entry| entry.task.abort());
        entry.is_some()
    }

    fn entry<Q: ?Sized + Hash + Eq>(&self, key: &Q) -> Option<&Entry<K>>
    where
        K: Borrow<Q>,
    {
        self.entries.find(self.hash_builder.hash_one(key), |entry| entry.key.borrow() == key)
    }

    fn place(&self, key: &K) -> Place {
        let hash = self.hash_builder.hash_one(key);
        let entry = self.entries.find(hash, |entry| entry.key == *key);
        Place { hash, task: entry.map(|entry| entry.task.id()) }
    }
}

impl<K, V: 'static, S> JoinMap<K, V, S> {
    /// Enters `task`, which is in the set, under `key`. The task that has the key so far is aborted.
    fn put(&mut self, place: Place, key: K, task: AbortHandle) {
        let Place { hash, task: old } = place;
        self.hashes.insert(task.id(), hash);
        let old = old.and_then(|old| self.remove(old));
        self.entries.insert_unique(hash, Entry { key, hash, task }, |entry| entry.hash);
        if let Some(old) = old {
            old.task.abort();
        }
    }

    /// Takes the entry of `task` out. None if it was replaced.
    fn remove(&mut self, task: Id) -> Option<Entry<K>> {
        let hash = self.hashes.remove(&task)?;
        let entry = self.entries.find_entry(hash, |entry| entry.task.id() == task);
        entry.ok().map(|entry| entry.remove().0)
    }

    /// Takes a task that was joined out of the table. None if it was replaced.
    fn name(&mut self, joined: Result<(Id, V), JoinError>) -> Option<(K, Result<V, JoinError>)> {
        let task = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let entry = self.remove(task)?;
        self.give_back();
        Some((entry.key, joined.map(|(_, output)| output)))
    }

    /// Waits for the next task that completes, and answers its key, and its output or why it has none. `None` if the map is empty.
    ///
    /// # Cancel safety
    /// Safe: a task leaves the map only with the answer.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn("answer", async { 41 });
    ///     map.spawn("answer", async { 42 });
    ///     let (key, joined) = map.join_next().await.unwrap();
    ///     assert_eq!((key, joined.unwrap()), ("answer", 42));
    ///     assert!(map.join_next().await.is_none());
    /// });
    /// ```
    pub async fn join_next(&mut self) -> Option<(K, Result<V, JoinError>)> {
        poll_fn(|context| self.poll_join_next(context)).await
    }

    /// Polls for a task that is complete, as [`JoinSet::poll_join_next`] does: it leaves the map with the answer. `Ready(None)` if the map is empty.
    pub fn poll_join_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(K, Result<V, JoinError>)>> {
        while !self.is_empty() {
            let Some(joined) = ready!(self.tasks.poll_join_next_with_id(context)) else { break };
            if let Some(answer) = self.name(joined) {
                return Poll::Ready(Some(answer));
            }
        }
        // What is left are tasks that were replaced. Nobody waits for one that has not ended.
        Poll::Ready(self.try_join_next())
    }

    /// A task that is complete, with its key, without waiting; see [`JoinSet::try_join_next`]. `None` if there is none, or if the map is empty.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn("stuck", std::future::pending::<()>());
    ///     assert!(map.try_join_next().is_none());
    /// });
    /// ```
    pub fn try_join_next(&mut self) -> Option<(K, Result<V, JoinError>)> {
        loop {
            let joined = self.tasks.try_join_next_with_id()?;
            if let Some(answer) = self.name(joined) {
                return Some(answer);
            }
        }
    }

    /// Aborts all tasks, and waits until their futures have been dropped, also those of tasks that were replaced. Whether they panic is
    /// ignored. The map is empty then.
    ///
    /// ```
    /// fusee::runtime::block_on(async {
    ///     let mut map = fusee::task::JoinMap::new();
    ///     map.spawn("stuck", std::future::pending::<()>());
    ///     map.shutdown().await;
    ///     assert!(map.is_empty());
    /// });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while let Some(joined) = self.tasks.join_next_with_id().await {
            drop(self.name(joined));
        }
    }

    /// Cancels all tasks; see [`JoinHandle::abort`](super::JoinHandle::abort). They stay in the map until they are joined.
    pub fn abort_all(&mut self) {
        self.tasks.abort_all();
    }

    /// Takes all tasks out of the map without aborting them: they run on, and nobody gets their outputs.
    pub fn detach_all(&mut self) {
        self.hashes.clear();
        self.tasks.detach_all();
        self.entries.clear();
        self.give_back();
    }
}

impl<K: fmt::Debug, V, S> fmt::Debug for JoinMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|entry| (&entry.key, &entry.task))).finish()
    }
}

impl<K, V, S: Default> Default for JoinMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

/// The keys of a [`JoinMap`]; made by [`JoinMap::keys`].
pub struct JoinMapKeys<'a, K, V> {
    entries: hash_table::Iter<'a, Entry<K>>,
    outputs: PhantomData<&'a V>,
}

impl<'a, K, V> Iterator for JoinMapKeys<'a, K, V> {
    type Item = &'a K;

    fn next(&mut self) -> Option<&'a K> {
        self.entries.next().map(|entry| &entry.key)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<K, V> ExactSizeIterator for JoinMapKeys<'_, K, V> {}
impl<K, V> FusedIterator for JoinMapKeys<'_, K, V> {}

impl<K, V> Clone for JoinMapKeys<'_, K, V> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), outputs: PhantomData }
    }
}

impl<K: fmt::Debug, V> fmt::Debug for JoinMapKeys<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
