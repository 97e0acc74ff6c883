//! Test programs: which ones cargo has built, which tests they hold, and running one under a watchdog.
//!
//! Deliberately not here: what an outcome means. `mutants` and `sanitize` judge it, each in its own way.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What one process did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) success: bool,
    pub(crate) status: String,
    pub(crate) timed_out: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that holds tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestBinary {
    /// The target's name, such as `races` for `tests/races.rs`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Runs `command` to its end, or for at most `watchdog`.
pub(crate) fn run_watched(command: &mut Command, watchdog: Duration) -> std::io::Result<Run> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let deadline = Instant::now() + watchdog;
    let mut timed_out = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            timed_out = true;
            child.kill()?;
            break child.wait()?;
        }
        thread::sleep(POLL);
    };
    let text = |reader: Option<thread::JoinHandle<String>>| {
        reader.map(|reader| reader.join().expect("reading a pipe does not panic")).unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    Ok(Run { success: status.success(), status: status.to_string(), timed_out, stdout, stderr })
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe never stops the child.
fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth judging.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The test executables that cargo's messages name, one JSON object on each line.
pub(crate) fn test_binaries(messages: &str) -> Vec<TestBinary> {
    let is_test = |line: &&str| {
        let profile = line.split_once("\"profile\":{").and_then(|(_, rest)| rest.split_once('}'));
        profile.is_some_and(|(profile, _)| profile.contains("\"test\":true"))
    };
    let binary = |line: &str| {
        let target = line.split_once("\"target\":{").map_or(line, |(_, rest)| rest);
        let (name, path) = (string_field(target, "name")?, string_field(line, "executable")?.into());
        Some(TestBinary { name, path })
    };
    messages.lines().filter(is_test).filter_map(binary).collect()
}

/// A string field of a JSON object; `None` where it is missing or `null`.
fn string_field(object: &str, name: &str) -> Option<String> {
    let (_, rest) = object.split_once(&format!("\"{name}\":\""))?;
    let mut value = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(value),
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
}

/// The tests in the terse listing of a test binary.
pub(crate) fn listed_tests(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_executables_are_read_off_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"c","test":true},"profile":{"test":false},"executable":"/bin/c"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"models","test":true},"profile":{"test":true},"executable":"/a\\b/loom-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        let models = TestBinary { name: "models".to_owned(), path: PathBuf::from("/a\\b/loom-1") };
        assert_eq!(test_binaries(messages), [models]);
    }

    #[test]
    fn tests_are_read_off_a_listing_and_benches_are_not() {
        assert_eq!(listed_tests("a::b: test\nc: benchmark\n\n"), ["a::b"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_process_that_hangs_is_ended_by_the_watchdog() {
        let run = run_watched(Command::new("tail").args(["-f", "/dev/null"]), Duration::from_millis(50)).unwrap();
        assert!(run.timed_out);
        assert!(!run.success);
    }

    #[test]
    #[cfg(unix)]
    fn a_process_that_ends_is_reported_with_all_it_wrote() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo out; echo err >&2; exit 3"]);
        let run = run_watched(&mut shell, Duration::from_secs(60)).unwrap();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("out\n", "err\n"));
        assert!(!run.success && !run.timed_out);
        assert!(run.status.contains('3'), "{}", run.status);
    }
}
