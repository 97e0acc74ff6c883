//! The example `jobs` as a user runs it: its summary, its numbers, its errors.

mod program;
#[path = "../examples/ladder/units.rs"]
mod units;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use program::{Ended, assert_complaint, example, finish, numbers, run};

fn jobs(arguments: &[&str]) -> Ended {
    run(Command::new(example("jobs")).args(arguments))
}

/// The figure on the summary's line `what`.
fn figure(summary: &str, what: &str) -> String {
    let line = summary.lines().find_map(|line| line.trim_start().strip_prefix(what));
    let line = line.unwrap_or_else(|| panic!("no line {what:?} in {summary}"));
    line.trim_start().split("   ").next().unwrap().to_owned()
}

#[test]
fn the_summary_is_plain_text_with_every_measure() {
    let ended = jobs(&["1000"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let summary = &ended.stdout;
    assert!(summary.starts_with("1,000 jobs that slept one second each, on "), "{summary}");
    assert!(!summary.contains('\x1b'), "{summary:?}");
    for span in ["past 1 s", "late, median", "late, p99", "late, most", "CPU time"] {
        assert!(["µs", "ms", "s"].contains(&figure(summary, span).split(' ').nth(1).unwrap()), "{span} in {summary}");
    }
    assert_eq!(figure(summary, "polls"), "2,000", "{summary}");
    assert_eq!(figure(summary, "timers fired"), "1,000", "{summary}");
    for count in ["threads", "stolen", "driver awake"] {
        assert!(figure(summary, count).replace(',', "").parse::<usize>().is_ok(), "{count} in {summary}");
    }
}

#[test]
fn twenty_thousand_jobs_unless_told_otherwise() {
    let ended = jobs(&[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("20,000 jobs "), "{ended:?}");
}

#[test]
fn printed_numbers_come_exactly_once_and_alone() {
    for count in [1, 20_000] {
        let ended = jobs(&["--print", &count.to_string()]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(numbers(&ended.stdout), (1..=count).collect::<Vec<_>>());
        assert!(ended.stderr.contains("every number printed once"), "{ended:?}");
    }
}

#[test]
fn a_long_run_that_is_piped_shows_no_progress_bar() {
    let ended = jobs(&["100_000"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stdout.starts_with("100,000 jobs "), "{ended:?}");
}

#[test]
fn no_jobs_are_fine_and_take_no_second() {
    let ended = jobs(&["0", "--print"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("0 jobs on "), "{ended:?}");
}

#[test]
fn workers_are_as_many_as_asked_for() {
    for (asked, told) in [("1", "on 1 worker:"), ("5", "on 5 workers:")] {
        let ended = jobs(&["50", "--workers", asked]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains(told), "{ended:?}");
    }
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 12] = [
        &["abc"],
        &["1.5"],
        &["-3"],
        &["--", "-3"],
        &[""],
        &["99999999999999999999999"],
        &["99999999999999"],
        &["10", "20"],
        &["--workers", "0"],
        &["--workers", "-2"],
        &["--workers", "1000000"],
        &["--no-such-option"],
    ];
    for arguments in bad {
        assert_complaint(&jobs(arguments), "jobs", 2);
    }
}

/// More jobs than the address space holds are refused before the first of them is made.
#[cfg(target_os = "linux")]
#[test]
fn more_jobs_than_memory_are_refused_before_they_start() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 500000 && exec \"$@\"", "sh"]).arg(example("jobs")).arg("2000000");
    let ended = run(&mut shell);
    assert_complaint(&ended, "jobs", 2);
    assert!(ended.stderr.contains("N is too large: 2,000,000 jobs"), "{ended:?}");
}

#[test]
fn a_reader_that_leaves_after_the_first_line_is_no_error() {
    let mut command = Command::new(example("jobs"));
    command.args(["50000", "--print"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!((1..=50_000).contains(&first.trim().parse::<usize>().unwrap()));
    let ended = finish(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    for arguments in [&["10"][..], &["10", "--print"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(example("jobs"));
        let child = command.args(arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        assert_complaint(&finish(child), "jobs", 1);
    }
}

#[test]
fn numbers_read_well_in_every_unit() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(units::grouped), ["0", "999", "1,000", "1,234,567"]);
    let spans = [0, 134, 1_500, 999_400, 999_600, 12_345_678, 999_600_000, 61_000_000_000];
    let words = ["0.00 µs", "0.13 µs", "1.50 µs", "999 µs", "1.00 ms", "12.3 ms", "1.00 s", "61.0 s"];
    assert_eq!(spans.map(|nanos| units::span(Duration::from_nanos(nanos))), words);
    assert_eq!([0, 1_536, 3 << 40].map(units::bytes), ["0.0 B", "1.5 KiB", "3.0 TiB"]);
}
