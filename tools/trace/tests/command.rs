//! The program: what it writes and where, and what it says of what it cannot read or write.

#[path = "../examples/record.rs"]
#[allow(dead_code, reason = "a program of its own")]
mod sample;
#[path = "support/words.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod words;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use words::{POLL, recording, stamp, word, worker};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fusee-trace");

/// Runs the program in `folder`, which has a recording, `app.fusee`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).current_dir(folder).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("app.fusee")).unwrap();
    sample::record().recording.write_to(file).unwrap();
    folder
}

/// It fails with one line, which says this, and has written nothing.
fn complains(folder: &Path, arguments: &[&str], about: &str) {
    let before = names(folder);
    let output = run(folder, arguments);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.starts_with("fusee-trace: ") && complaint.lines().count() == 1, "{complaint}");
    assert!(complaint.contains(about), "{complaint}");
    assert!(output.stdout.is_empty());
    assert_eq!(names(folder), before);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn without_an_option_there_is_a_summary() {
    let folder = folder();
    let output = run(folder.path(), &["app.fusee", "--rows", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(text.contains("\nLongest polls") && text.contains("worker 1"), "{text}");
}

#[test]
fn a_timeline_is_the_same_in_a_file_and_on_standard_output() {
    let folder = folder();
    for (option, file) in [("--chrome", "a.json"), ("--perfetto", "a.pftrace")] {
        let to_file = run(folder.path(), &["app.fusee", option, file, "--tasks"]);
        assert!(to_file.status.success() && to_file.stdout.is_empty(), "{to_file:?}");
        let to_output = run(folder.path(), &["app.fusee", option, "-", "--tasks"]);
        assert!(to_output.status.success());
        assert!(to_output.stdout == fs::read(folder.path().join(file)).unwrap());
        let without = run(folder.path(), &["app.fusee", option, "-"]);
        assert!(without.stdout.len() < to_output.stdout.len());
    }
    serde_json::from_slice::<serde_json::Value>(&fs::read(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!(names(folder.path()), ["a.json", "a.pftrace", "app.fusee"]);
}

#[test]
fn a_recording_is_read_from_standard_input_and_what_follows_is_told_of() {
    let folder = folder();
    let bytes = fs::read(folder.path().join("app.fusee")).unwrap();
    for (times, told) in
        [(1, ""), (2, "fusee-trace: standard input goes on behind the recording: what follows is left out\n")]
    {
        let mut child = Command::new(PROGRAM)
            .args(["-", "--chrome", "out.json", "--summary"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // What follows may be left unread.
        let _ = child.stdin.take().unwrap().write_all(&bytes.repeat(times));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stdout.starts_with(b"fusee, runtime sample"));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = folder();
    let path = folder.path();
    let bytes = fs::read(path.join("app.fusee")).unwrap();
    fs::write(path.join("half"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(path.join("almost"), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(path.join("empty"), b"").unwrap();
    fs::write(path.join("script"), b"#!/bin/sh\necho this is no recording at all\n").unwrap();
    for option in [&[][..], &["--chrome", "out.json"], &["--perfetto", "out.pftrace"]] {
        let with = |file| [&[file], option].concat();
        complains(path, &with("missing"), "cannot read missing: No such file");
        complains(path, &with("."), "cannot read .: Is a directory");
        complains(path, &with("half"), "half ends too early: it is cut off, or no recording");
        complains(path, &with("almost"), "almost ends too early");
        complains(path, &with("empty"), "empty ends too early");
        complains(path, &with("script"), "script cannot be read: this is no recording of fusee");
    }
}

#[test]
fn what_cannot_be_written_is_told_and_nothing_is_left() {
    let folder = folder();
    let path = folder.path();
    complains(path, &["app.fusee", "--chrome", "no/out.json"], "cannot write no/out.json: No such file");
    complains(path, &["app.fusee", "--perfetto", "."], "cannot write .: Is a directory");
    complains(path, &["app.fusee", "--chrome", "-", "--perfetto", "-"], "standard output can take one thing");
    complains(path, &["app.fusee", "--chrome", "-", "--summary"], "standard output can take one thing");
    complains(path, &["app.fusee", "--chrome", "a", "--perfetto", "a"], "name the same file");
    if Path::new("/dev/full").exists() {
        complains(path, &["app.fusee", "--chrome", "/dev/full"], "cannot write /dev/full: No space left");
    }
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_leaves_the_one_that_was_there() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("out.json"), "what was there").unwrap();
    // No file of more than four blocks.
    let script = format!("trap '' XFSZ; ulimit -f 4; exec {PROGRAM} app.fusee --chrome out.json");
    let output = Command::new("sh").args(["-c", &script]).current_dir(path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write out.json: File too large"));
    assert_eq!(fs::read(path.join("out.json")).unwrap(), b"what was there");
    assert_eq!(names(path), ["app.fusee", "out.json"]);
}

#[test]
fn a_reader_that_leaves_is_no_error_of_a_summary() {
    let folder = folder();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(PROGRAM);
    let output = command.arg("app.fusee").current_dir(folder.path()).stdout(writer).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_name_cannot_command_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    let words = [word(14, 0, 1), stamp(1), word(POLL, 1, 1), word(3, 2, 1), stamp(9)];
    recording(10, &[worker(0, words)]).write_to(&mut bytes).unwrap();
    let at = bytes.windows(4).position(|bytes| bytes == b"name").unwrap();
    bytes[at..at + 4].copy_from_slice(b"\x1b[2J");
    fs::write(folder.path().join("bad"), bytes).unwrap();
    let output = run(folder.path(), &["bad"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\u{fffd}[2J") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn help_tells_how_to_begin() {
    let output = run(Path::new("."), &["--help"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for word in ["Recorder::new()", "--perfetto", "https://ui.perfetto.dev", "--tasks", "Examples:"] {
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(run(Path::new("."), &[]).status.code(), Some(2));
}
