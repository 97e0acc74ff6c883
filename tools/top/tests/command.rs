//! The program without a screen: what it prints, and what it says of a path at which there is no console.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use fusee::insight::recording::Recording;
use fusee::insight::{Dump, Recorder};
use fusee::runtime::Builder;
use fusee::task::JoinHandle;
use fusee::time::sleep;

fn run(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fusee-top")).args(arguments).arg(path).output().unwrap()
}

fn printed(arguments: &[&str], path: &Path) -> String {
    let output = run(arguments, path);
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{errors}");
    text
}

/// What it says as it fails.
fn refusal(arguments: &[&str], path: &Path) -> String {
    let output = run(arguments, path);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("fusee-top: ") && text.ends_with('\n') && text.lines().count() == 1, "{text}");
    text
}

/// Says `hello` to whoever comes, in place of a console.
fn imitate(path: &Path, hello: &'static str) -> std::thread::JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(hello.as_bytes()).unwrap())
}

#[test]
fn a_page_a_dump_and_a_recording_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).name("shop").recorder(Recorder::new()).console(&path).build().unwrap();
    let line = line!() + 1;
    let task = runtime.spawn(async { sleep(Duration::from_secs(3_600)).await });
    while runtime.handle().dump().tasks().is_empty() {
        std::thread::yield_now();
    }
    let at = format!("{}:{line}:", file!());

    let page = printed(&["--once", "-i", "0.05"], &path);
    assert!(page.starts_with("shop · pid ") && page.contains("1 worker ") && page.contains(&at), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    assert!(!printed(&["--once", "-i", "0.05", "--filter", "nothing"], &path).contains(&at));

    let dump = printed(&["--dump"], &path);
    assert!(dump.contains(&at) && dump.contains(&task.id().to_string()), "{dump}");
    let all = printed(&["--dump", "--all"], &path);
    assert!(all.contains(&at) && all.contains(&task.id().to_string()), "{all}");

    let waits = printed(&["--waits", "9"], &path);
    assert!(waits.starts_with(&task.id().to_string()) && waits.contains(&at) && waits.contains("Sleep"), "{waits}");
    assert_eq!(printed(&["--waits", "0"], &path).trim(), "");

    let file = folder.path().join("recording");
    assert_eq!(printed(&["--trace", file.to_str().unwrap()], &path), "");
    let recording = Recording::read_from(&fs::read(&file).unwrap()[..]).unwrap();
    assert_eq!(recording.runtime(), Some("shop"));
    let unwritable = folder.path().join("no/folder");
    assert!(refusal(&["--trace", unwritable.to_str().unwrap()], &path).contains("no/folder could not be written"));
    assert!(refusal(&[], &path).contains("--once"), "the output is no terminal");
}

#[test]
fn all_tasks_are_printed_and_those_told_of_that_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).task_statistics(true).console(&path).build().unwrap();
    let sleeping: Vec<_> = (0..12).map(|_| runtime.spawn(async { sleep(Duration::from_secs(3_600)).await })).collect();
    let (give, given) = std::sync::mpsc::channel::<JoinHandle<()>>();
    let one = runtime.spawn(async move { given.recv().unwrap().await.unwrap() });
    let first = one.id();
    let other = runtime.spawn(async move { one.await.unwrap() });
    let second = other.id();
    give.send(other).unwrap();
    let is_there = |dump: Dump| dump.tasks().len() == 14 && dump.circles().len() == 1;
    while !is_there(runtime.handle().dump()) {
        std::thread::yield_now();
    }
    let shown = |text: &str| sleeping.iter().filter(|task| text.contains(&task.id().to_string())).count();
    assert!(shown(&printed(&["--dump"], &path)) < 12);
    let all = printed(&["--dump", "--all"], &path);
    assert!(shown(&all) == 12 && all.contains("wait for each other in a circle"), "{all}");

    let page = printed(&["--once", "-i", "0.05"], &path);
    let [from_first, from_second] = [[first, second, first], [second, first, second]].map(|tasks| {
        let tasks = tasks.map(|task| task.to_string()).join(" → ");
        format!("! 2 tasks wait for each other in a circle: {tasks}\n")
    });
    assert!(page.contains(&from_first) || page.contains(&from_second), "{page}");
}

#[test]
fn without_a_recorder_there_is_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let _runtime = Builder::new_current_thread().console(&path).build().unwrap();
    let file = folder.path().join("recording");
    assert!(refusal(&["--trace", file.to_str().unwrap()], &path).contains("Builder::recorder"));
    assert!(!file.exists());
    let page = printed(&["--once", "-i", "0.05"], &path);
    assert!(page.contains("no recorder") && page.contains("(current thread)"), "{page}");
}

#[test]
fn what_is_no_console_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(refusal(&["--dump"], &at("nothing")).contains("there is no socket at"));
    fs::write(at("file"), "").unwrap();
    assert!(refusal(&["--dump"], &at("file")).contains("is no socket"));
    drop(UnixListener::bind(at("stale")).unwrap());
    assert!(refusal(&["--dump"], &at("stale")).contains("nobody listens at"));

    let cases = [
        ("later", "{\"fusee\":\"console\",\"version\":2,\"pid\":1}\n", "version 2 of the console's protocol"),
        ("other", "220 mail.example ESMTP\r\n", "no console of fusee's"),
        ("json", "{\"hello\":\"world\"}\n", "no console of fusee's"),
        ("full", "{\"error\":\"there are as many clients as are served\"}\n", "as many clients"),
        ("mute", "", "closed the connection"),
    ];
    for (name, hello, why) in cases {
        let told = imitate(&at(name), hello);
        let text = refusal(&["--dump"], &at(name));
        assert!(text.contains(why), "{name}: {text}");
        told.join().unwrap();
    }
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    let output = run(&["--colour"], Path::new("a"));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--colour"));
    assert!(printed(&["--help"], Path::new("")).contains("Usage: fusee-top"));
    assert!(printed(&["--version"], Path::new("")).starts_with("fusee-top 0."));
}
