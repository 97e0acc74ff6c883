//! Mutants: a protocol broken on purpose, to see that its model notices.
//!
//! The environment variable `FUSEE_MUTANT` chooses at most one label for the whole process; `mutants.txt` lists
//! them all with the failure that each must cause.

use std::sync::OnceLock;

use super::atomic::Ordering;

/// The mutant chosen for this process, if any.
pub(crate) fn chosen() -> Option<&'static str> {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let choose = || {
        let name = std::env::var("FUSEE_MUTANT").ok().filter(|name| !name.is_empty())?;
        let known =
            include_str!("../../mutants.txt").lines().any(|line| line.split('|').any(|part| part.trim() == name));
        assert!(known, "FUSEE_MUTANT={name} is no mutant of mutants.txt");
        Some(name)
    };
    CHOSEN.get_or_init(choose).as_deref()
}

/// Whether the structural mutant `name` is chosen.
pub(crate) fn mutant(name: &'static str) -> bool {
    chosen() == Some(name)
}

/// The ordering `order`, or `Relaxed` if the mutant `label` is chosen.
pub(crate) fn ord(label: &'static str, order: Ordering) -> Ordering {
    if mutant(label) { Ordering::Relaxed } else { order }
}

/// A sequentially consistent fence, unless the mutant `label` is chosen.
#[track_caller]
pub(crate) fn fence_seq_cst(label: &'static str) {
    if !mutant(label) {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
}
