//! The models' test binaries: built once, each model run in a process of its own under a watchdog.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::ci::cargo_command;

/// Names the mutant to the models' process.
const CHOSEN_MUTANT: &str = "FUSEE_MUTANT";

/// How often a running model is looked at.
const POLL: Duration = Duration::from_millis(5);

/// Which binary holds which model.
#[derive(Debug)]
pub(crate) struct Models {
    folder: PathBuf,
    binaries: BTreeMap<String, PathBuf>,
}

/// What one process did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) success: bool,
    pub(crate) status: String,
    pub(crate) timed_out: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Models {
    /// Builds the tests of `loom-tests` and asks them for their names.
    pub(crate) fn build(root: &Path) -> Result<Self, String> {
        let arguments = ["test", "--package", "loom-tests", "--no-run", "--message-format", "json-render-diagnostics"];
        let output = cargo_command(root)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cargo could not be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("the models do not build: cargo ended with {}", output.status));
        }
        let folder = root.join("loom-tests");
        let mut binaries = BTreeMap::new();
        for binary in test_binaries(&String::from_utf8_lossy(&output.stdout)) {
            let listing = Command::new(&binary)
                .args(["--list", "--format", "terse"])
                .current_dir(&folder)
                .output()
                .map_err(|error| format!("{} could not be started: {error}", binary.display()))?;
            for test in listed_tests(&String::from_utf8_lossy(&listing.stdout)) {
                if binaries.insert(test.clone(), binary.clone()).is_some() {
                    return Err(format!("two test binaries hold a model `{test}`"));
                }
            }
        }
        Ok(Self { folder, binaries })
    }

    pub(crate) fn contains(&self, test: &str) -> bool {
        self.binaries.contains_key(test)
    }

    /// Runs one model, with `mutant` chosen if there is one, for at most `watchdog`.
    pub(crate) fn run(&self, test: &str, mutant: Option<&str>, watchdog: Duration) -> Result<Run, String> {
        let binary = self.binaries.get(test).ok_or_else(|| format!("`{test}` is no model"))?;
        let mut command = Command::new(binary);
        // Uncaptured, so that a panic is on record even if the process aborts after it.
        command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).current_dir(&self.folder);
        command.env_remove(CHOSEN_MUTANT).env("RUST_BACKTRACE", "0");
        if let Some(mutant) = mutant {
            command.env(CHOSEN_MUTANT, mutant);
        }
        run_watched(&mut command, watchdog).map_err(|error| format!("{} could not be run: {error}", binary.display()))
    }
}

fn run_watched(command: &mut Command, watchdog: Duration) -> std::io::Result<Run> {
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
fn test_binaries(messages: &str) -> Vec<PathBuf> {
    let is_test = |line: &&str| {
        let profile = line.split_once("\"profile\":{").and_then(|(_, rest)| rest.split_once('}'));
        profile.is_some_and(|(profile, _)| profile.contains("\"test\":true"))
    };
    messages.lines().filter(is_test).filter_map(|line| string_field(line, "executable")).map(PathBuf::from).collect()
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
fn listed_tests(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_executables_are_read_off_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"test":true},"profile":{"test":false},"executable":"/bin/c"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"test":true},"profile":{"test":true},"executable":"/a\\b/loom-1"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        assert_eq!(test_binaries(messages), [PathBuf::from("/a\\b/loom-1")]);
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
