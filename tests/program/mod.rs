//! Runs an example as a user would, and collects what it did.
//!
//! Cargo builds the examples before it runs all tests, and puts them beside the tests' own directory; where it was
//! told to run a single file of tests it does not, and they are built here. A program that has not ended after a
//! generous time is killed, and the test fails.

use std::env;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// No program runs nearly as long unless it hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where cargo put the example `name`.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("a test lies in target/<profile>/deps");
    let path = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    static BUILD: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    if !path.exists() {
        build(name, profile);
    }
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    path
}

/// Builds the example `name` where cargo built the tests.
fn build(name: &str, profile: &Path) {
    let directory = profile.file_name().and_then(OsStr::to_str).expect("cargo names its directories in text");
    // The profile `dev` has a directory of another name.
    let profile = if directory == "debug" { "dev" } else { directory };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    let built = cargo.args(["--profile", profile, "--example", name]).status();
    assert!(built.is_ok_and(|status| status.success()), "cargo build --example {name}");
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    finish(child.expect("the program starts"))
}

/// Collects what `child` still writes, and its exit code.
pub(crate) fn finish(mut child: Child) -> Ended {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take().map(|pipe| read(pipe, sender.clone()));
    let stderr = child.stderr.take().map(|pipe| read(pipe, sender.clone()));
    // Each reader drops its sender once its pipe is closed, which is when the program ended.
    drop(sender);
    if receiver.recv_timeout(WATCHDOG) == Err(mpsc::RecvTimeoutError::Timeout) {
        child.kill().expect("a program that hangs can be killed");
    }
    let code = child.wait().expect("a program that was started ends").code();
    let text = |reader: Option<thread::JoinHandle<String>>| reader.map_or_else(String::new, |it| it.join().unwrap());
    Ended { code, stdout: text(stdout), stderr: text(stderr) }
}

/// Reads `pipe` to its end on a thread of its own, which holds `open` for as long.
fn read(mut pipe: impl Read + Send + 'static, open: mpsc::Sender<()>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("programs write text");
        drop(open);
        text
    })
}

/// Checks that `ended` is a complaint: this exit code, nothing on standard output, one line of `program` on standard
/// error.
pub(crate) fn assert_complaint(ended: &Ended, program: &str, code: i32) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert!(ended.stderr.starts_with(&format!("{program}: ")), "{ended:?}");
    assert_eq!(ended.stderr.matches('\n').count(), 1, "{ended:?}");
    assert!(ended.stderr.ends_with('\n'), "{ended:?}");
}

/// The numbers of `text`, one a line, least first.
pub(crate) fn numbers(text: &str) -> Vec<usize> {
    let mut numbers: Vec<_> = text.lines().map(|line| line.parse().expect("a line is a number")).collect();
    numbers.sort_unstable();
    numbers
}
