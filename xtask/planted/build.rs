//! Copies the library's files for `main.rs`, with the hooks of `facade.rs` alive: there an ordering or a step can be broken by name
//! at run time. All else stays as it ships.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const LIBRARY: &str = "../../src";

/// A hook as the library has it, and as it is here. Each must stand in `facade.rs` exactly once.
const HOOKS: &[(&str, &str)] = &[
    (
        "pub(crate) const fn ord(_label: &'static str, order: atomic::Ordering) -> atomic::Ordering {\n    order\n}",
        "pub(crate) fn ord(label: &'static str, order: atomic::Ordering) -> atomic::Ordering {\n    \
         if crate::is_broken(label) { atomic::Ordering::Relaxed } else { order }\n}",
    ),
    (
        "pub(crate) const fn mutant(_name: &'static str) -> bool {\n    false\n}",
        "pub(crate) fn mutant(name: &'static str) -> bool {\n    crate::is_broken(name)\n}",
    ),
];

fn main() {
    println!("cargo::rerun-if-changed={LIBRARY}");
    let copy = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder")).join("library");
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("an old copy goes");
    }
    copy_folder(Path::new(LIBRARY), &copy);
    // A file that is named by its path looks for its own modules beside itself.
    let facade = copy.join("facade.rs");
    let mut text = fs::read_to_string(&facade).expect("the library has a facade");
    for (shipped, alive) in HOOKS {
        assert_eq!(text.matches(shipped).count(), 1, "src/facade.rs has another hook than\n{shipped}");
        text = text.replace(shipped, alive);
    }
    fs::write(copy.join("facade/mod.rs"), text).expect("the facade is written");
    fs::remove_file(facade).expect("the facade has moved");
    fs::write(copy.join("modules.rs"), modules(&copy)).expect("the list of modules is written");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder is made");
    for entry in fs::read_dir(from).expect("the library can be read") {
        let entry = entry.expect("the library can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("an entry has a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            // The tests stay at home, and what they need with them.
            let text = fs::read_to_string(entry.path()).expect("the library is text");
            fs::write(target, text.replace("#[cfg(test)]", "#[cfg(any())]")).expect("a file is copied");
        }
    }
}

/// A declaration for each module at the top of the library.
fn modules(copy: &Path) -> String {
    let mut declarations = String::new();
    for entry in fs::read_dir(copy).expect("the copy can be read") {
        let path = entry.expect("the copy can be read").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("modules are named in text").to_owned();
        let file = if path.is_dir() { path.join("mod.rs") } else { path };
        // What is tokio's is left out, and so is what asks for more crates.
        if !["lib", "modules", "console", "sync", "fs", "io", "net", "process", "signal"].contains(&name.as_str()) {
            // It is linted at home.
            writeln!(declarations, "#[allow(clippy::all)]\n#[path = {file:?}]\nmod {name};")
                .expect("text can be written to");
        }
    }
    declarations
}
