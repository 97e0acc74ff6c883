//! The facade: only `src/facade.rs` names what `loom-tests` replaces.
//!
//! Tests in `src/` are exempt: they run on real threads.

use super::paths::{NamedPath, named_paths};
use super::source::words;
use super::{Source, Tree, Violation};

/// The files that may name everything below.
const FACADE: &[&str] = &["src/facade.rs", "src/facade/"];

/// What is named through the facade, and how. `Cell` and `RefCell` are missing: they never cross a thread.
const BEHIND_FACADE: &[(&str, &str)] = &[
    ("std::sync", "crate::facade"),
    ("std::thread", "crate::facade::thread"),
    ("std::thread_local", "crate::facade::thread_local_const!"),
    ("std::cell::UnsafeCell", "crate::facade::UnsafeCell"),
    ("std::cell::SyncUnsafeCell", "crate::facade::UnsafeCell"),
    ("std::cell::OnceCell", "crate::facade"),
    ("std::cell::LazyCell", "crate::facade"),
    ("std::time::Instant", "crate::facade::RawInstant"),
    ("std::time::SystemTime", "crate::facade::WallTime"),
    ("std::hint::spin_loop", "crate::facade"),
    ("parking_lot", "crate::facade"),
    ("parking_lot_core", "crate::facade"),
    ("crossbeam_deque", "crate::facade::deque"),
    ("crossbeam_epoch", "crate::facade"),
    ("crossbeam_utils", "crate::facade"),
    ("loom", "nothing: `src/` knows no model checker"),
    ("shuttle", "nothing: `src/` knows no model checker"),
];

/// Names that one other file may say, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Users convert the clock's instants to the standard library's and back.
    ("src/time/instant.rs", "std::time::Instant"),
    // Users say when a file was read and written.
    ("src/fs/file/whole.rs", "std::time::SystemTime"),
    // `task_local!` expands to one in the user's crate, where the facade does not reach; the file itself has none.
    ("src/task/task_local.rs", "std::thread_local"),
];

const RULE: &str = "facade";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let is_facade = |source: &&Source| FACADE.iter().any(|facade| source.path().starts_with(facade));
    tree.sources("src/").filter(|source| !is_facade(source)).flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<Violation> {
    let macros = words(source.code(), "thread_local").filter(|offset| {
        let (before, after) = source.code().split_at(*offset);
        after["thread_local".len()..].starts_with('!') && !before.ends_with("::")
    });
    let macros = macros.map(|offset| (offset, &BEHIND_FACADE[2]));
    let paths = named_paths(source).into_iter().filter_map(|path| Some((path.offset, banned(&path)?)));
    macros
        .chain(paths)
        .filter(|(offset, (name, _))| !source.is_test(*offset) && !EXCEPTIONS.contains(&(source.path(), *name)))
        .map(|(offset, (name, instead))| Violation {
            path: source.path().to_owned(),
            line: source.line_of(offset),
            rule: RULE,
            message: format!("`{name}` is named by the facade alone; say {instead}"),
        })
        .collect()
}

/// The row that a path falls under: itself, something in it, or a glob that takes it in.
fn banned(path: &NamedPath) -> Option<&'static (&'static str, &'static str)> {
    let mut segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    if matches!(segments[0], "core" | "alloc") {
        segments[0] = "std";
    }
    BEHIND_FACADE.iter().find(|(name, _)| {
        let name: Vec<&str> = name.split("::").collect();
        let takes_in = segments.last() == Some(&"*") && name.starts_with(&segments[..segments.len() - 1]);
        segments.starts_with(&name) || takes_in
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|v| v.line).collect()
    }

    #[test]
    fn each_banned_name_is_reported() {
        for (name, _) in BEHIND_FACADE {
            assert_eq!(lines("src/a.rs", &format!("\nuse {name};\n")), [2], "{name}");
            assert_eq!(lines("src/a.rs", &format!("\nfn f() {{ {name}::g(); }}\n")), [2], "{name}");
        }
    }

    #[test]
    fn groups_globs_and_core_hide_nothing() {
        assert_eq!(lines("src/a.rs", "use std::{task::Waker, sync::Arc};\n"), [1]);
        assert_eq!(lines("src/a.rs", "use std::time::*;\n"), [1]);
        assert_eq!(lines("src/a.rs", "use core::sync::atomic::AtomicBool;\n"), [1]);
        assert_eq!(lines("src/a.rs", "use std::time::{\n    Duration,\n    Instant,\n};\n"), [3]);
        assert_eq!(lines("src/a.rs", "thread_local! { static A: u8 = 0 }\n"), [1]);
    }

    #[test]
    fn what_crosses_no_thread_is_fine() {
        let text = "use std::cell::Cell;\nuse std::time::Duration;\nuse crate::time::Instant;\n\
                    use crate::facade::{Arc, thread};\n// std::sync::Mutex would do here, too.\n";
        assert_eq!(lines("src/a.rs", text), [0; 0]);
    }

    #[test]
    fn the_facade_tests_and_other_folders_are_exempt() {
        let text = "use std::sync::Arc;\n";
        assert_eq!(lines("src/facade.rs", text), [0; 0]);
        assert_eq!(lines("tests/a.rs", text), [0; 0]);
        assert_eq!(lines("src/time/instant.rs", "fn f(i: std::time::Instant, l: std::sync::Arc<u8>) {}\n"), [1]);
        assert_eq!(lines("src/time/instant.rs", "fn f(i: std::time::Instant) {}\n"), [0; 0]);
        assert_eq!(lines("src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{text}}}\n")), [0; 0]);
    }
}
