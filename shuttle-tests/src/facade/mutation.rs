//! Mutants: a protocol broken on purpose, to see that some schedule notices.
//!
//! `FUSEE_MUTANT` chooses one, as for the models, out of the same list. Only structural ones do anything here: an ordering or a fence makes
//! no difference to shuttle.

use std::sync::OnceLock;

use super::atomic::Ordering;

/// The mutant chosen for this process, if any.
pub(crate) fn chosen() -> Option<&'static str> {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    let choose = || {
        let name = std::env::var("FUSEE_MUTANT").ok().filter(|name| !name.is_empty())?;
        let list = include_str!("../../../loom-tests/mutants.txt");
        let known = list.lines().any(|line| line.split('|').any(|part| part.trim() == name));
        assert!(known, "FUSEE_MUTANT={name} is no mutant of loom-tests/mutants.txt");
        Some(name)
    };
    CHOSEN.get_or_init(choose).as_deref()
}

/// Whether the structural mutant `name` is chosen.
pub(crate) fn mutant(name: &'static str) -> bool {
    chosen() == Some(name)
}

/// The ordering `order`.
pub(crate) const fn ord(_label: &'static str, order: Ordering) -> Ordering {
    order
}

/// Nothing: everything is sequentially consistent.
pub(crate) const fn fence_seq_cst(_label: &'static str) {}
