//! Arrows point downward: a module names only modules of the layers that its row allows.
//!
//! [`LAYERS`] is the one place to change when the architecture does. Tests in `src/` are not exempt: `loom-tests`
//! compiles them beside the modules of their own layer and those below.

use super::paths::named_paths;
use super::{Source, Tree, Violation};

/// Modules that form a layer, with everything below them in the tree that has no row of its own.
struct Layer {
    modules: &'static [&'static str],
    /// Modules of earlier rows that this one may name; `*` for all.
    may_use: &'static [&'static str],
}

/// Bottom up. A row may name its own modules, and what it lists from the rows above it in this table.
const LAYERS: &[Layer] = &[
    Layer { modules: &["facade"], may_use: &[] },
    Layer { modules: &["entered"], may_use: &[] },
    Layer { modules: &["duty"], may_use: &["facade"] },
    Layer { modules: &["spare"], may_use: &[] },
    Layer { modules: &["reactor"], may_use: &["facade", "spare"] },
    Layer { modules: &["park"], may_use: &["facade", "reactor"] },
    Layer { modules: &["recorder"], may_use: &["facade"] },
    Layer { modules: &["histogram"], may_use: &["facade"] },
    Layer { modules: &["task"], may_use: &["facade", "duty", "histogram", "recorder", "spare"] },
    Layer { modules: &["scheduler::idle"], may_use: &["facade"] },
    Layer { modules: &["time::wheel"], may_use: &["spare"] },
    Layer { modules: &["time::error"], may_use: &[] },
    Layer { modules: &["time::clock"], may_use: &["facade", "park", "spare"] },
    Layer { modules: &["time::shard"], may_use: &["facade", "time::wheel"] },
    Layer {
        modules: &["time::driver"],
        may_use: &["facade", "reactor", "park", "time::wheel", "time::clock", "time::shard"],
    },
    Layer { modules: &["scheduler::hooks"], may_use: &["facade", "task"] },
    Layer { modules: &["blocking"], may_use: &["facade", "recorder", "spare", "task"] },
    Layer {
        modules: &["scheduler"],
        may_use: &[
            "facade",
            "duty",
            "reactor",
            "park",
            "recorder",
            "task",
            "scheduler::idle",
            "scheduler::hooks",
            "time::clock",
            "time::shard",
            "time::driver",
            "blocking",
        ],
    },
    Layer { modules: &["watchdog"], may_use: &["facade", "park", "recorder", "scheduler", "task"] },
    Layer { modules: &["runtime"], may_use: &["*"] },
    // The public leaves: what users call, on top of the runtime.
    Layer {
        modules: &[
            "task::spawn",
            "task::spawn_trait",
            "task::builder",
            "task::join_set",
            "task::join_map",
            "task::task_tracker",
            "task::local",
        ],
        may_use: &["*"],
    },
    Layer { modules: &["time"], may_use: &["*"] },
    Layer { modules: &["insight"], may_use: &["*"] },
    Layer { modules: &["console"], may_use: &["*"] },
    Layer { modules: &["source"], may_use: &["*"] },
    Layer { modules: &["io"], may_use: &["*"] },
    Layer { modules: &["net"], may_use: &["*"] },
    Layer { modules: &["signal"], may_use: &["*"] },
    Layer { modules: &["process"], may_use: &["*"] },
    Layer { modules: &["fs"], may_use: &["*"] },
    Layer { modules: &["sync"], may_use: &[] },
    Layer { modules: &[ROOT], may_use: &["*"] },
];

/// The crate root, `src/lib.rs`.
const ROOT: &str = "";

const RULE: &str = "layers";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    check_against(tree, LAYERS)
}

fn check_against(tree: &Tree, layers: &[Layer]) -> Vec<Violation> {
    let in_tree = tree.sources("src/").map(|source| module_of(source.path()));
    let in_table = layers.iter().flat_map(|layer| layer.modules).map(|name| (*name).to_owned());
    let modules: Vec<String> = in_tree.chain(in_table).collect();
    let mut violations = Vec::new();
    for source in tree.sources("src/") {
        let mut report = |line, message| {
            violations.push(Violation { path: source.path().to_owned(), line, rule: RULE, message });
        };
        let own = module_of(source.path());
        let Some(row) = row_of(layers, &own) else {
            report(1, format!("the module `{own}` has no row in the table of layers"));
            continue;
        };
        for (line, named) in modules_named(source, &own, &modules) {
            let re_exports_own = source.path().ends_with("/mod.rs") && is_within(&named, &own);
            let Some(other) = row_of(layers, &named) else { continue };
            if !re_exports_own && !allows(layers, row, other) {
                let named = if named == ROOT { "the crate root".to_owned() } else { format!("`{named}`") };
                report(line, format!("`{own}` may not name {named}: arrows point downward, see the table of layers"));
            }
        }
    }
    violations
}

/// `src/time/wheel.rs` is `time::wheel`, `src/time/mod.rs` is `time`, `src/lib.rs` is the root.
fn module_of(path: &str) -> String {
    let name = path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
    match name.as_str() {
        "lib" => ROOT.to_owned(),
        _ => name.strip_suffix("::mod").unwrap_or(&name).to_owned(),
    }
}

fn is_within(module: &str, folder: &str) -> bool {
    module == folder || module.strip_prefix(folder).is_some_and(|rest| rest.starts_with("::"))
}

/// The row whose module is the closest one above `module`. Only the root itself falls under the root's row.
fn row_of(layers: &[Layer], module: &str) -> Option<usize> {
    let rows = layers.iter().enumerate().flat_map(|(row, layer)| layer.modules.iter().map(move |name| (row, *name)));
    let holding = rows.filter(|(_, name)| if *name == ROOT { module == ROOT } else { is_within(module, name) });
    holding.max_by_key(|(_, name)| name.len()).map(|(row, _)| row)
}

fn allows(layers: &[Layer], row: usize, other: usize) -> bool {
    let is_listed = |name: &&str| (*name == "*" && other < row) || layers[other].modules.contains(name);
    row == other || layers[row].may_use.iter().any(is_listed)
}

/// The modules of the crate that a file's paths lead to, with the line of each.
fn modules_named(source: &Source, own: &str, modules: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for path in named_paths(source) {
        let mut here: Vec<String> = own.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        here.extend(inline_modules(source, path.offset));
        let mut rest = path.segments.as_slice();
        match rest[0].as_str() {
            "crate" => here.clear(),
            "self" | "super" => {}
            _ => continue,
        }
        while let [first, tail @ ..] = rest {
            match first.as_str() {
                "super" => drop(here.pop()),
                "crate" | "self" => {}
                _ => break,
            }
            rest = tail;
        }
        here.extend_from_slice(rest);
        let deepest = (0..=here.len()).rev().map(|length| here[..length].join("::"));
        let module = deepest.into_iter().find(|name| modules.contains(name)).unwrap_or_default();
        found.push((source.line_of(path.offset), module));
    }
    found
}

/// The names of the modules written in the file itself that enclose an offset, outermost first.
fn inline_modules(source: &Source, offset: usize) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in source.code()[..offset].match_indices("mod ") {
        let Some((name, _)) = source.code()[at + 4..].split_once('{') else { continue };
        let is_name = name.trim().chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name && source.close_of(at + 4 + name.len()) > offset {
            names.push(name.trim().to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(|v| format!("{}:{}", v.path, v.line)).collect()
    }

    #[test]
    fn the_table_points_downward() {
        let mut below: Vec<&str> = Vec::new();
        for layer in LAYERS {
            for name in layer.may_use {
                assert!(*name == "*" || below.contains(name), "{:?} may use {name}, which is not below", layer.modules);
            }
            for module in layer.modules {
                assert!(!below.contains(module), "{module} has two rows");
            }
            below.extend(layer.modules);
        }
    }

    #[test]
    fn an_upward_arrow_is_reported_however_it_is_written() {
        let below = [("src/facade.rs", ""), ("src/scheduler/mod.rs", "")];
        for text in [
            "\nuse crate::scheduler::Worker;\n",
            "\nfn f() { crate::scheduler::wake(); }\n",
            "\nuse super::super::scheduler;\n",
            "\nuse crate::{facade::Arc, scheduler::Worker};\n",
            "\nmod nested { use super::super::super::scheduler::Worker; }\n",
        ] {
            assert_eq!(lines(&[("src/task/state.rs", text), below[0], below[1]]), ["src/task/state.rs:2"], "{text}");
        }
    }

    #[test]
    fn downward_and_sideways_arrows_are_fine() {
        let files = [
            ("src/facade.rs", ""),
            ("src/task/mod.rs", "mod state;\nmod spawn;\npub use self::spawn::spawn;\n"),
            ("src/task/spawn.rs", "use crate::runtime::Handle;\nuse crate::task::state::State;\n"),
            (
                "src/task/state.rs",
                "use super::Id;\nuse crate::facade::Arc;\n#[cfg(test)]\nmod tests { use super::*; }\n",
            ),
            ("src/runtime/mod.rs", "use crate::scheduler::Worker;\n"),
            ("src/scheduler/mod.rs", "use crate::task::state::State;\n"),
        ];
        assert_eq!(lines(&files), [""; 0]);
    }

    #[test]
    fn the_pure_wheel_names_nothing_and_idle_no_queue() {
        let below = [("src/facade.rs", ""), ("src/scheduler/queue.rs", "")];
        let wheel = ("src/time/wheel/level.rs", "use crate::facade::Arc;\n");
        assert_eq!(lines(&[below[0], wheel]), ["src/time/wheel/level.rs:1"]);
        let idle = ("src/scheduler/idle/mod.rs", "use crate::facade::Arc;\nuse super::queue::Local;\n");
        assert_eq!(lines(&[below[0], below[1], idle]), ["src/scheduler/idle/mod.rs:2"]);
    }

    #[test]
    fn a_lower_module_names_no_root_item_and_no_leaf() {
        let files = [
            ("src/lib.rs", ""),
            ("src/task/raw.rs", "use crate::spawn;\nuse super::spawn::spawn;\n"),
            ("src/task/spawn.rs", ""),
        ];
        assert_eq!(lines(&files), ["src/task/raw.rs:1", "src/task/raw.rs:2"]);
    }

    #[test]
    fn a_module_without_a_row_is_reported() {
        assert_eq!(lines(&[("src/nowhere/mod.rs", "")]), ["src/nowhere/mod.rs:1"]);
    }
}
