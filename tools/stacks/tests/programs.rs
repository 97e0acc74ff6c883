//! Programs whose file is deleted, replaced or stripped: the example `blocked`, as a copy.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

/// The function that blocks.
const FUNCTION: &str = ": blocked::Store::add\n";
/// A line of a frame, of which nothing but the address is known.
const IN_COPY: &str = " in /";

/// A copy of the example in `folder`.
fn copy_to(folder: &Path) -> PathBuf {
    // Cargo builds the examples with the tests, beside them.
    let tests = env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let copy = folder.join("copy");
    fs::copy(target.join("examples/blocked"), &copy).unwrap();
    copy
}

/// Starts it; it waits for a line.
fn start(program: &Path) -> Child {
    Command::new(program).args(["--wait", "--whole"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What it prints once it has its line.
fn report_of(mut program: Child) -> String {
    program.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn strip(program: &Path) {
    // It comes with the linker.
    assert!(Command::new("strip").arg(program).status().unwrap().success());
}

#[test]
fn a_program_that_has_been_deleted_has_its_stack() {
    let folder = tempfile::tempdir().unwrap();
    let copy = copy_to(folder.path());
    let program = start(&copy);
    fs::remove_file(&copy).unwrap();
    let report = report_of(program);
    assert!(report.contains(FUNCTION) && report.contains("examples/blocked.rs:"), "{report}");
}

#[test]
fn a_program_that_has_been_replaced_has_its_own_stack_and_not_the_other_ones() {
    let folder = tempfile::tempdir().unwrap();
    let copy = copy_to(folder.path());
    let program = start(&copy);
    let other = folder.path().join("other");
    fs::copy(&copy, &other).unwrap();
    strip(&other);
    fs::rename(&other, &copy).unwrap();
    let report = report_of(program);
    assert!(report.contains(FUNCTION) && report.contains("examples/blocked.rs:"), "{report}");
}

#[test]
fn a_program_without_symbols_has_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let copy = copy_to(folder.path());
    let whole = report_of(start(&copy));
    let depth = |report: &str| {
        report.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())).count()
    };
    strip(&copy);
    let report = report_of(start(&copy));
    let place = format!("{IN_COPY}{}", copy.strip_prefix("/").unwrap().display());
    assert!(!report.contains("blocked::") && report.contains(&place), "{report}");
    assert!(!report.contains("not known"), "{report}");
    // The library's names are another file's.
    assert!(report.contains("   0: syscall\n"), "{report}");
    // The calls that the compiler has inlined are told by debug information.
    assert!((8..=depth(&whole)).contains(&depth(&report)), "{report}");
}
