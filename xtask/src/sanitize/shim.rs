//! Compiles `handover.rs`, and says how it is linked in front of the standard library's compiled functions.
//!
//! Their symbols are mangled with a hash of that very build of the standard library: it is read off the library's file. A
//! toolchain whose functions have other names or homes is an error here, and never a silent gap.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::toolchain::Nightly;

const SOURCE: &str = include_str!("handover.rs");

/// Variables of `handover.rs`, and the symbols that they stand for; `@` is the mangled name of the crate `std`.
const SYMBOLS: &[(&str, &str)] = &[
    ("MUTEX_LOCK_CONTENDED", "_RNvMNtNtNtNt@3sys4sync5mutex5futexNtB2_5Mutex14lock_contended"),
    ("CONDVAR_WAIT", "_RNvMNtNtNtNt@3sys4sync7condvar5futexNtB2_7Condvar4wait"),
    ("CONDVAR_WAIT_TIMEOUT", "_RNvMNtNtNtNt@3sys4sync7condvar5futexNtB2_7Condvar12wait_timeout"),
    ("ONCE_CALL", "_RNvMs0_NtNtNtNt@3sys4sync4once5futexNtB5_4Once4call"),
    ("SCOPE_THREAD_ENDS", "_RNvMNtNt@6thread6scopedNtB2_9ScopeData29decrement_num_running_threads"),
];

/// What ThreadSanitizer itself offers.
const RUNTIME_SYMBOLS: &[&str] = &["__tsan_atomic64_fetch_sub", "__tsan_atomic_thread_fence"];

/// Compiles the shim into `folder`; answers the flag that links it.
pub(super) fn compile(nightly: &Nightly, folder: &Path) -> Result<String, String> {
    let library = standard_library(&nightly.libraries())?;
    let bytes = fs::read(&library).map_err(|error| format!("{} could not be read: {error}", library.display()))?;
    let symbols = symbols(&bytes).map_err(|symbol| {
        format!(
            "{} has no `{symbol}`: xtask/src/sanitize/shim.rs wants the names of another nightly; it knows 2026-05-19's",
            library.display()
        )
    })?;
    // Cargo looks at the flags and not into the files that they name: another shim needs another name.
    let mut hasher = DefaultHasher::new();
    (SOURCE, &symbols, RUNTIME_SYMBOLS).hash(&mut hasher);
    let name = format!("handover-{:016x}", hasher.finish());
    let (source, object, arguments) =
        (folder.join(format!("{name}.rs")), folder.join(format!("{name}.o")), folder.join(format!("{name}.link")));
    write(&source, SOURCE)?;
    let mut rustc = nightly.command("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--crate-name", "handover", "--emit", "obj"]);
    rustc.args(["-O", "-C", "panic=abort", "-o"]).arg(&object).arg(&source);
    let variables = SYMBOLS.iter().map(|(variable, _)| variable).zip(&symbols);
    let status = rustc.envs(variables).status().map_err(|error| format!("rustc could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("the shim does not compile: rustc ended with {status}"));
    }
    write(&arguments, &linker_arguments(&object, &symbols))?;
    Ok(format!("-Clink-arg=@{}", arguments.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} could not be written: {error}", path.display()))
}

fn linker_arguments(object: &Path, symbols: &[String]) -> String {
    let wraps = symbols.iter().map(String::as_str).chain(RUNTIME_SYMBOLS.iter().copied());
    let wraps = wraps.map(|symbol| format!("-Wl,--wrap={symbol}"));
    [object.display().to_string()].into_iter().chain(wraps).map(|argument| argument + "\n").collect()
}

/// The compiled standard library among the toolchain's `libraries`.
fn standard_library(libraries: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(libraries).map_err(|error| format!("{}: {error}", libraries.display()))?;
    let is_std = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    };
    let found = entries.filter_map(Result::ok).map(|entry| entry.path()).find(is_std);
    found.ok_or_else(|| format!("{} holds no standard library", libraries.display()))
}

/// The symbols of [`SYMBOLS`] as they stand in `library`; an error is the first that is missing.
fn symbols(library: &[u8]) -> Result<Vec<String>, String> {
    let (_, first) = SYMBOLS[0];
    let krate = mangled_crate(library, first).ok_or_else(|| first.to_owned())?;
    SYMBOLS
        .iter()
        .map(|(_, pattern)| {
            let symbol = pattern.replace('@', &krate);
            if find(library, symbol.as_bytes(), 0).is_some() { Ok(symbol) } else { Err(symbol) }
        })
        .collect()
}

/// What stands for `@` in the one symbol like `pattern` that `library` has.
fn mangled_crate(library: &[u8], pattern: &str) -> Option<String> {
    let (before, after) = pattern.split_once('@')?;
    let mut at = 0;
    while let Some(start) = find(library, before.as_bytes(), at) {
        let rest = &library[start + before.len()..];
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
        let name: Vec<u8> = name.take(64).copied().collect();
        if let Some(end) = find(&name, b"_3std", 0).map(|end| end + b"_3std".len())
            && rest[end..].starts_with(after.as_bytes())
        {
            return String::from_utf8(name[..end].to_vec()).ok();
        }
        at = start + 1;
    }
    None
}

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    haystack.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(krate: &str, symbols: &[(&str, &str)]) -> Vec<u8> {
        let names = symbols.iter().map(|(_, pattern)| pattern.replace('@', krate));
        format!("_RNvMNtNtNtNtCs0_4core3sys\0{}", names.collect::<String>()).into_bytes()
    }

    #[test]
    fn symbols_are_found_whatever_the_hash_of_the_standard_library() {
        let found = symbols(&library("Csi4IsKQVxMg0_3std", SYMBOLS)).unwrap();
        assert_eq!(found.len(), SYMBOLS.len());
        assert_eq!(found[0], "_RNvMNtNtNtNtCsi4IsKQVxMg0_3std3sys4sync5mutex5futexNtB2_5Mutex14lock_contended");
    }

    #[test]
    fn a_function_that_has_moved_is_an_error() {
        let missing = symbols(&library("Csx_3std", &SYMBOLS[..4])).unwrap_err();
        assert!(missing.ends_with("decrement_num_running_threads"), "{missing}");
        assert!(symbols(b"nothing").is_err());
    }

    #[test]
    fn every_variable_of_the_shim_has_its_symbol() {
        for (variable, _) in SYMBOLS {
            assert_eq!(SOURCE.matches(&format!("env!(\"{variable}\")")).count(), 2, "{variable}");
        }
        assert_eq!(SOURCE.matches("env!(\"").count(), 2 * SYMBOLS.len());
    }

    #[test]
    fn the_linker_is_told_of_every_function() {
        let text = linker_arguments(Path::new("/a/b.o"), &["f".to_owned()]);
        assert!(text.starts_with("/a/b.o\n-Wl,--wrap=f\n-Wl,--wrap=__tsan_"), "{text}");
        assert_eq!(text.lines().count(), 2 + RUNTIME_SYMBOLS.len());
    }
}
