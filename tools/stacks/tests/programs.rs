//! Programs whose file is deleted, replaced or stripped: the example `blocked`, as a copy.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

/// The function that blocks.
const FUNCTION: &str = ": blocked::Store::add\n";

/// A copy of the example in `folder`.
fn copy_to(folder: &Path) -> PathBuf {
    // Cargo builds the examples with the tests, beside them.
    let tests = env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let copy = folder.join("copy");
    let example = target.join("examples/blocked");
    // By another process: a program that is started meanwhile would have the copy open for writing, so that it could
    // not be started itself.
    let copied = Command::new("cp").arg(&example).arg(&copy).status().unwrap();
    assert!(copied.success(), "`cargo test -p fusee-stacks` builds {}", example.display());
    copy
}

/// Starts it; it waits for a line.
fn start(program: &Path) -> Child {
    Command::new(program).args(["--wait", "--whole"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a copy prints that `start` has started in a folder of its own, and changed, before it has its line.
fn report_of(start: impl Fn(&Path) -> Child) -> String {
    loop {
        let folder = tempfile::tempdir().unwrap();
        let mut program = start(&copy_to(folder.path()));
        program.stdin.take().unwrap().write_all(b"\n").unwrap();
        let output = program.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let report = String::from_utf8(output.stdout).unwrap();
        // Where CPUs are scarce the poll may take long before it blocks.
        if !report.ends_with("  no stack: the thread runs\n") {
            return report;
        }
    }
}

fn strip(program: &Path) {
    // It comes with the linker.
    assert!(Command::new("strip").arg(program).status().unwrap().success());
}

#[test]
fn a_program_that_has_been_deleted_has_its_stack() {
    let report = report_of(|copy| {
        let program = start(copy);
        fs::remove_file(copy).unwrap();
        program
    });
    assert!(report.contains(FUNCTION) && report.contains("examples/blocked.rs:"), "{report}");
}

#[test]
fn a_program_that_has_been_replaced_has_its_own_stack_and_not_the_other_ones() {
    let report = report_of(|copy| {
        let program = start(copy);
        let other = copy.with_extension("other");
        fs::copy(copy, &other).unwrap();
        strip(&other);
        fs::rename(&other, copy).unwrap();
        program
    });
    assert!(report.contains(FUNCTION) && report.contains("examples/blocked.rs:"), "{report}");
}

/// How many calls a report shows.
fn depth(report: &str) -> usize {
    report.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())).count()
}

#[test]
fn a_program_without_symbols_has_addresses() {
    let whole = report_of(start);
    let report = report_of(|copy| {
        strip(copy);
        start(copy)
    });
    assert!(!report.contains("blocked::") && report.contains("/copy\n"), "{report}");
    assert!(!report.contains("not known"), "{report}");
    // The library's names are another file's.
    assert!(report.contains("   0: syscall\n"), "{report}");
    // The calls that the compiler has inlined are told by debug information.
    assert!((8..=depth(&whole)).contains(&depth(&report)), "{report}");
}
