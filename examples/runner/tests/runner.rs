//! The program, as somebody uses it: files of jobs, signals, and what it says.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

/// A program to be run on `jobs`.
fn runner(jobs: &str, arguments: &[&str]) -> (Command, NamedTempFile) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(jobs.as_bytes()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
    command.args(arguments).arg(file.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    (command, file)
}

fn run(jobs: &str, arguments: &[&str]) -> Output {
    runner(jobs, arguments).0.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The row of a job in the table at the end, its cells with single spaces.
fn row(output: &str, job: &str) -> String {
    let row = output.lines().find(|line| line.starts_with(&format!("│ {job} "))).unwrap_or_else(|| panic!("{output}"));
    row.split('│').map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>()[..3].join(", ")
}

/// Waits until the process is gone, or nobody has waited for it yet.
fn wait_until_ended(process: u32) {
    let deadline = Instant::now() + Duration::from_secs(60);
    // tidy: real time, because another process ends.
    while let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) {
        if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])) {
            return;
        }
        assert!(Instant::now() < deadline, "the process {process} lives on");
        std::thread::yield_now();
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn jobs_run_in_order_and_say_who_speaks() {
    let output = run(
        "[job.last]\nrun = ['sh', '-c', 'echo $WORD; echo oops >&2']\nafter = ['first']\nenvironment = { WORD = 'there' }\n\
         [job.first]\nrun = ['sh', '-c', 'echo hello; pwd']\nfolder = '/'\n",
        &[],
    );
    let said = text(&output.stdout);
    assert!(said.starts_with("first | hello\nfirst | /\nlast | there\n"), "{said}");
    assert_eq!(text(&output.stderr), "last | oops\n");
    assert_eq!(row(&said, "first"), "first, succeeded, 1");
    assert_eq!(row(&said, "last"), "last, succeeded, 1");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn all_that_a_job_says_is_passed_on() {
    let output = run("[job.loud]\nrun = ['seq', '20000']\n[job.louder]\nrun = ['seq', '20000']\n", &[]);
    for job in ["loud", "louder"] {
        let said = text(&output.stdout);
        let prefix = format!("{job} | ");
        let numbers = said.lines().filter_map(|line| line.strip_prefix(&prefix));
        assert!(numbers.eq((1..=20_000).map(|number| number.to_string())), "{job}");
    }
}

#[test]
fn a_job_that_fails_ends_the_rest() {
    let jobs = "[job.a]\nrun = ['sh', '-c', 'exit 7']\n[job.b]\nrun = ['true']\nafter = ['a']\n\
                [job.c]\nrun = ['/is/not/there']\nretries = 5\n[job.d]\nrun = ['sh', '-c', 'kill -KILL $$']\n";
    let output = run(jobs, &["--jobs", "1"]);
    let said = text(&output.stdout);
    assert_eq!(row(&said, "a"), "a, failed: exit code 7, 1");
    assert_eq!(row(&said, "d"), "d, not run, 0");
    assert_eq!(output.status.code(), Some(1));

    let output = run(jobs, &["--jobs", "1", "--keep-going"]);
    let said = text(&output.stdout);
    assert_eq!(row(&said, "b"), "b, not run, 0");
    assert!(row(&said, "c").starts_with("c, cannot start: program /is/not/there: No such file"), "{said}");
    assert!(row(&said, "c").ends_with(", 1"), "it is no use to try again: {said}");
    assert_eq!(row(&said, "d"), "d, failed: signal 9, 1");
}

#[test]
fn a_folder_that_is_not_there_is_told_from_a_program() {
    let output = run("[job.a]\nrun = ['true']\nfolder = '/is/not/there'\n", &[]);
    let said = text(&output.stdout);
    assert!(row(&said, "a").starts_with("a, cannot start: folder /is/not/there: No such file"), "{said}");
    let output = run("[job.a]\nrun = ['true']\nfolder = '/dev/null'\n", &[]);
    let said = text(&output.stdout);
    assert!(row(&said, "a").starts_with("a, cannot start: folder /dev/null: Not a directory"), "{said}");
}

#[test]
fn a_job_runs_again_until_it_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("marker");
    let jobs = format!(
        "[job.a]\nrun = ['sh', '-c', 'test -e {0} || {{ touch {0}; exit 1; }}']\nretries = 1",
        marker.display()
    );
    let output = run(&jobs, &[]);
    assert_eq!(row(&text(&output.stdout), "a"), "a, succeeded, 2");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_job_that_takes_too_long_ends_with_all_that_it_has_started() {
    // It ignores SIGTERM, and so does what it starts, whose output outlives it.
    let output = run(
        "[job.a]\nrun = ['sh', '-c', 'trap \"\" TERM; sleep 1000 & echo $!; wait']\nlimit = 3\n",
        &["--grace", "0"],
    );
    let said = text(&output.stdout);
    assert_eq!(row(&said, "a"), "a, took too long, 1");
    assert_eq!(output.status.code(), Some(1));
    wait_until_ended(said.lines().next().unwrap().strip_prefix("a | ").unwrap().parse().unwrap());
}

#[test]
fn a_job_whose_output_outlives_it_has_not_ended() {
    let output = run("[job.a]\nrun = ['sh', '-c', '(sleep 0.3; echo late) & echo early']\n", &[]);
    let said = text(&output.stdout);
    assert!(said.starts_with("a | early\na | late\n"), "{said}");
}

/// Starts the program and waits until a job has said something: the rest of what it says.
fn started(jobs: &str, arguments: &[&str]) -> (Child, BufReader<ChildStdout>, NamedTempFile) {
    let (mut command, file) = runner(jobs, arguments);
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "a | ready\n");
    (child, output, file)
}

const POLITE: &str = "[job.a]\nrun = ['sh', '-c', 'trap \"echo bye; exit 0\" TERM; echo ready; while :; do sleep 0.01; done']\n\
                      [job.b]\nrun = ['true']\nafter = ['a']\n";

#[test]
fn told_to_stop_it_asks_its_jobs_to_end() {
    for told in [Signal::TERM, Signal::INT] {
        let (mut child, mut output, _file) = started(POLITE, &[]);
        signal(&child, told);
        let mut said = String::new();
        output.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("a | bye\n"), "{said}");
        // It has ended as well as it could.
        assert_eq!(row(&said, "a"), "a, succeeded, 1");
        assert_eq!(row(&said, "b"), "b, not run, 0");
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn told_twice_it_kills_them() {
    let jobs = "[job.a]\nrun = ['sh', '-c', 'trap \"echo no\" TERM; echo ready; while :; do sleep 0.01; done']\n";
    let (mut child, mut output, _file) = started(jobs, &["--grace", "1000"]);
    signal(&child, Signal::INT);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "a | no\n");
    signal(&child, Signal::INT);
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    assert_eq!(row(&said, "a"), "a, stopped, 1");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn if_nobody_reads_the_jobs_end() {
    let jobs = "[job.a]\nrun = ['sh', '-c', 'echo ready; while :; do echo more; done']\n";
    let (mut child, output, _file) = started(jobs, &["--grace", "0"]);
    drop(output);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.starts_with("runner: cannot write: "), "{said}");
}

/// More is said than the pipe holds, by lines that nearly fill what it has left.
#[test]
fn if_somebody_holds_up_the_output_the_second_signal_ends_it() {
    let jobs = "[job.a]\nrun = ['sh', '-c', 'echo ready; exec yes $(printf %08000d 0)']\n";
    let (mut child, output, _file) = started(jobs, &["--grace", "0"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    // tidy: real time, because another process writes, and ends.
    while rustix::io::ioctl_fionread(output.get_ref()).unwrap() < 40_000 {
        assert!(Instant::now() < deadline, "it says nothing");
        std::thread::yield_now();
    }
    // Two that come together count as one.
    let status = loop {
        signal(&child, Signal::TERM);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(1));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "runner: cannot write: nobody reads what the jobs have said\n");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |jobs: &str, arguments: &[&str]| {
        let output = run(jobs, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
        text(&output.stderr)
    };
    assert!(refused("[job.a]\nrun = 1\n", &[]).contains("line 2"));
    assert!(refused("[job.a]\nrun = ['true']\nafter = ['b']\n", &[]).contains("waits for \"b\""));
    assert!(refused("", &["--jobs", "0"]).starts_with("runner: --jobs: must be at least 1"));
    assert!(refused("", &["--frobnicate"]).contains("--frobnicate"));
    assert!(refused("", &["/is/not/there"]).contains("unexpected argument"));
    let output = Command::new(env!("CARGO_BIN_EXE_runner")).arg("/is/not/there").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot read /is/not/there"));
    let output = Command::new(env!("CARGO_BIN_EXE_runner")).arg("--help").output().unwrap();
    assert!(text(&output.stdout).starts_with("Usage: runner ") && text(&output.stdout).contains("Exit codes:"));
}
