//! Keys of a map of tasks that panic, and ones that collide.

mod support;

use std::collections::BTreeSet;
use std::future::pending;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fusee::runtime::Runtime;
use fusee::task::JoinMap;
use support::{Drops, on_every_flavour, quiet_panic, until_within};

/// A key that panics when it is told to.
#[derive(Eq)]
struct Touchy {
    name: u32,
    panics: fn(When) -> bool,
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[derive(PartialEq, Clone, Copy)]
enum When {
    Hashed,
    Dropped,
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if (self.panics)(When::Hashed) {
            quiet_panic("a key's hash");
        }
        self.name.hash(state);
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        if (self.panics)(When::Dropped) && !std::thread::panicking() {
            quiet_panic("a key's drop");
        }
    }
}

fn touchy(name: u32, panics: fn(When) -> bool) -> Touchy {
    Touchy { name, panics }
}

#[test]
fn keys_that_panic_leave_the_map_whole() {
    on_every_flavour(|runtime| {
        let drops = Drops::new();
        let mut map = JoinMap::new();
        let spawn = |map: &mut JoinMap<Touchy, u32>, key, output, runtime: &Runtime| {
            let token = drops.token();
            let future = async move {
                let _token = token;
                if output == 0 { pending().await } else { output }
            };
            catch_unwind(AssertUnwindSafe(|| map.spawn_on(key, future, runtime.handle()))).is_ok()
        };
        assert!(spawn(&mut map, touchy(1, |when| when == When::Dropped), 0, &runtime));
        assert!(!spawn(&mut map, touchy(2, |when| when == When::Hashed), 2, &runtime), "before it is spawned");
        assert_eq!((map.len(), drops.count()), (1, 1));
        // The key that is displaced panics: the new task has the place all the same, and the old one is aborted.
        assert!(!spawn(&mut map, touchy(1, |_| false), 1, &runtime));
        until_within(&runtime, "both futures are dropped", || drops.count() == 3);
        let (key, joined) = runtime.block_on(map.join_next()).unwrap();
        assert_eq!((key.name, joined.unwrap()), (1, 1));
        assert!(map.is_empty());
    });
}

/// Gives all keys the same hash.
#[derive(Default)]
struct Same;

impl Hasher for Same {
    fn finish(&self) -> u64 {
        42
    }

    fn write(&mut self, _: &[u8]) {}
}

#[test]
fn keys_that_collide_are_told_apart() {
    on_every_flavour(|runtime| {
        let mut map = JoinMap::with_hasher(BuildHasherDefault::<Same>::default());
        for n in 0..20 {
            map.spawn_on(n, pending(), runtime.handle());
            map.spawn_on(n, async move { if n % 2 == 0 { n } else { pending().await } }, runtime.handle());
        }
        assert_eq!(map.len(), 20);
        (0..20).filter(|n| n % 2 == 1).for_each(|n| assert!(map.abort(&n)));
        let mut keys = BTreeSet::new();
        while let Some((n, joined)) = runtime.block_on(map.join_next()) {
            assert_eq!(joined.ok(), (n % 2 == 0).then_some(n));
            assert!(keys.insert(n));
        }
        assert_eq!(keys.len(), 20);
    });
}
