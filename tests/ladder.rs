//! The ladder as a user runs it: each rung's numbers and measures, its errors, its figure.

#[path = "../examples/ladder/event_loop.rs"]
mod event_loop;
mod program;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use futures::channel::oneshot;
use program::{Ended, assert_complaint, example, finish, numbers, run};

/// Jobs of a run that is to be quick even unoptimised.
const JOBS: usize = 300;

fn ladder(arguments: &[&str]) -> Ended {
    run(Command::new(example("ladder")).args(arguments))
}

/// One row of the table.
#[derive(Debug)]
struct Row {
    name: String,
    jobs: usize,
    past: String,
    cpu: String,
    threads: String,
    polls: usize,
}

/// The rows of the table in `text`.
fn rows(text: &str) -> Vec<Row> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let number = |cell: &str| cell.replace(',', "").parse().expect("a count");
    let row = |line: &str| match &cells(line)[..] {
        [name, jobs, past, cpu, threads, polls] if name != "rung" => Some(Row {
            name: name.clone(),
            jobs: number(jobs),
            past: past.clone(),
            cpu: cpu.clone(),
            threads: threads.clone(),
            polls: number(polls),
        }),
        _ => None,
    };
    text.lines().filter_map(row).collect()
}

/// Whether the machine has stood still, maybe for as long as a job sleeps: then some are first polled when their sleeps are over.
fn is_stalled(row: &Row) -> bool {
    let (value, unit) = row.past.split_once(' ').expect("a time and its unit");
    unit == "s" || unit == "ms" && value.parse::<f64>().expect("a number") >= 100.0
}

/// Runs `rung` at `JOBS` jobs; its rows.
fn climbed(rung: &str) -> Vec<Row> {
    climbed_with(rung, JOBS)
}

/// Runs `rung` and checks that each of its rows printed every number once; the rows.
fn climbed_with(rung: &str, jobs: usize) -> Vec<Row> {
    let ended = ladder(&[rung, &jobs.to_string(), "--print"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The numbers have standard output to themselves, and the table moves to standard error.
    let rows = rows(&ended.stderr);
    assert!(!rows.is_empty(), "{ended:?}");
    let expected: Vec<_> = (1..=jobs).flat_map(|n| vec![n; rows.len()]).collect();
    assert_eq!(numbers(&ended.stdout), expected);
    for row in &rows {
        assert!(row.name.starts_with(rung), "{row:?}");
        assert_eq!(row.jobs, jobs, "{row:?}");
        assert!(
            row.polls >= if is_stalled(row) { jobs } else { 2 * jobs },
            "a job is polled before it sleeps and after: {row:?}"
        );
        assert!(["ns", "µs", "ms", "s"].iter().any(|unit| row.cpu.ends_with(unit)), "{row:?}");
    }
    rows
}

#[test]
fn job_prints_every_number() {
    assert_eq!(climbed("job").len(), 1);
}

#[test]
fn join_by_hand_polls_more_than_join_all_when_sleeps_end_apart() {
    // Spread over 200 ms, so that a busy machine cannot merge all their wake-ups into one.
    let jobs = 2_000;
    let rows = climbed_with("join", jobs);
    let [_, _, by_hand, join_all] = &rows[..] else { panic!("{rows:?}") };
    assert!(join_all.polls == 2 * jobs || is_stalled(join_all), "{rows:?}");
    assert!(by_hand.polls > 4 * join_all.polls, "{rows:?}");
}

#[test]
fn never_wakes_hangs_and_says_why() {
    let ended = ladder(&["never_wakes", "300"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(rows(&ended.stdout)[0].past, "never", "{ended:?}");
    assert!(ended.stdout.contains("hangs") && ended.stdout.contains("0 of the 300 pending jobs kept it"), "{ended:?}");
    // The runtime's own report of such a job, spawned.
    #[cfg(target_pointer_width = "64")]
    for said in [
        "1 task has waited, 0 others are alive; 1 can never run again",
        "never_wakes.rs:",
        " STRANDED, last polled ",
        ", 0 wakers",
    ] {
        assert!(ended.stdout.contains(said), "{said}: {ended:?}");
    }
}

#[test]
fn busy_wake_prints_every_number_after_many_polls() {
    assert!(climbed("busy_wake")[0].polls > 20 * JOBS);
}

#[test]
fn thread_per_sleep_prints_every_number_with_a_thread_each() {
    let rows = climbed("thread_per_sleep");
    if cfg!(target_os = "linux") {
        assert!(rows[0].threads.parse::<usize>().unwrap() >= JOBS, "{rows:?}");
    }
}

#[test]
fn background_thread_prints_every_number_with_two_threads() {
    let rows = climbed("background_thread");
    if cfg!(target_os = "linux") {
        assert_eq!(rows[0].threads, "2");
    }
}

#[test]
fn busy_loop_prints_every_number_after_many_polls() {
    assert!(climbed("busy_loop")[0].polls > 20 * JOBS);
}

#[test]
fn event_loop_prints_every_number_on_one_thread_with_two_polls_each() {
    for row in climbed("event_loop") {
        assert_eq!(row.polls, 2 * JOBS, "{row:?}");
        assert!(!cfg!(target_os = "linux") || row.threads == "1", "{row:?}");
    }
}

#[test]
fn fusee_prints_every_number_joined_and_spawned() {
    let rows = climbed("fusee");
    let [join, tasks] = &rows[..] else { panic!("two rows: {rows:?}") };
    assert_eq!(tasks.polls, 2 * JOBS, "{rows:?}");
    // One task polls them all: past the 128 ready sleeps of a poll's budget, some are polled once more.
    assert!((2 * JOBS..=2 * JOBS + JOBS / 32).contains(&join.polls), "{rows:?}");
}

#[test]
fn all_climbs_every_rung() {
    let ended = ladder(&["all", "10"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rungs: Vec<_> = rows(&ended.stdout).into_iter().map(|row| row.name).collect();
    for rung in ["job", "join", "never_wakes", "busy_wake", "thread_per_sleep", "background_thread", "busy_loop"] {
        assert!(rungs.iter().any(|name| name.starts_with(rung)), "{rung} in {rungs:?}");
    }
    assert!(rungs.iter().any(|name| name == "event_loop: tasks") && rungs.iter().any(|name| name == "fusee: tasks"));
    assert_eq!(ended.stderr, "", "no progress bar where nobody looks");
}

/// A limit on the address space binds everybody, the superuser included, wherever the shell can set one.
#[cfg(target_os = "linux")]
#[test]
fn threads_refused_for_want_of_address_space_are_one_clear_error() {
    for kibibytes in [400_000, 700_000, 1_000_000] {
        let limited = format!("ulimit -v {kibibytes} && exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited, "sh"]).arg(example("ladder")).args(["thread_per_sleep", "5000"]);
        let ended = run(&mut shell);
        assert_complaint(&ended, "ladder", 1);
        assert!(ended.stderr.contains("thread_per_sleep: the system refused thread "), "{ended:?}");
        assert!(ended.stderr.ends_with("already started have finished\n"), "{ended:?}");
    }
}

/// On most systems these are more threads at once than a process may have maps for; where they are not, all is well.
#[test]
fn a_huge_count_of_threads_is_run_or_refused_and_never_aborts() {
    let ended = ladder(&["thread_per_sleep", "20000"]);
    match ended.code {
        Some(0) => assert_eq!(rows(&ended.stdout)[0].jobs, 20_000),
        _ => assert_complaint(&ended, "ladder", 1),
    }
}

#[test]
fn bad_arguments_are_one_line_and_code_2() {
    let bad: [&[&str]; 14] = [
        &[],
        &["no_such_rung"],
        &["job", "abc"],
        &["job", "1.5"],
        &["job", "-3"],
        &["job", "--", "-3"],
        &["job", "0"],
        &["job", ""],
        &["job", "99999999999999999999999"],
        &["fusee", "99999999999999"],
        &["job", "10", "20"],
        &["job", "10", "--no-such-option"],
        &["job", "--svg"],
        &["two\nlines"],
    ];
    for arguments in bad {
        assert_complaint(&ladder(arguments), "ladder", 2);
    }
}

#[test]
fn help_names_every_rung() {
    let ended = ladder(&["--help"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for rung in ["job", "join", "never_wakes", "busy_wake", "thread_per_sleep", "event_loop", "fusee"] {
        assert!(ended.stdout.lines().any(|line| line.trim_start().starts_with(rung)), "{}", ended.stdout);
    }
}

#[test]
fn the_figure_shows_the_rows_of_the_table() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ladder.svg");
    let ended = ladder(&["fusee", "1234", "--svg", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let figure = fs::read_to_string(file).unwrap();
    assert!(figure.starts_with("<svg") && figure.trim_end().ends_with("</svg>"), "{figure}");
    for text in ["fusee: one join", "fusee: tasks", "1,234", "2,468", "CPU time", "time past one second", "polls"] {
        assert!(figure.contains(text), "{text} in {figure}");
    }
}

#[test]
fn a_figure_that_cannot_be_written_is_refused_in_one_line_before_anything_runs() {
    let ended = ladder(&["fusee", "10", "--svg", "/no/such/directory/ladder.svg"]);
    assert_eq!((ended.code, ended.stderr.matches('\n').count()), (Some(2), 1), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut command = Command::new(example("ladder"));
    command.args(["job", "1000", "--print"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = finish(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

/// One test, for one loop runs at a time.
#[test]
fn the_loop_runs_tasks_that_spawn_tasks_and_hears_other_threads() {
    let (sender, receiver) = oneshot::channel();
    let sum = event_loop::block_on(async {
        let outer = event_loop::spawn(async {
            let inner = event_loop::spawn(async {
                event_loop::sleep(Duration::from_millis(5)).await;
                1
            });
            event_loop::sleep(Duration::from_millis(1)).await;
            inner.await + 2
        });
        // Nothing is due for an hour when the other thread sends, so only its wake-up can end the loop's wait.
        let forgotten = event_loop::spawn(event_loop::sleep(Duration::from_secs(3_600)));
        let first = outer.await;
        thread::spawn(|| sender.send(4).unwrap());
        let sum = first + receiver.await.unwrap();
        drop(forgotten);
        sum
    });
    assert_eq!(sum, 7);
    // What the first loop left behind keeps the second from nothing.
    event_loop::block_on(event_loop::sleep(Duration::from_millis(1)));
}
