//! The program in which everything is turned on tells all that it is meant to, while it runs.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fusee::insight::recording::Recording;

/// After how long the test counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, which ends with the test.
struct Program {
    child: Child,
    /// The lines of its standard error.
    lines: Receiver<String>,
    told: Vec<String>,
}

impl Program {
    fn start(folder: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_all-on"));
        command.current_dir(folder).env("RUST_BACKTRACE", "0").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (tell, lines) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines, told: Vec::new() }
    }

    /// Waits for a line that has this in it.
    fn tells(&mut self, part: &str) {
        while !self.told.iter().any(|line| line.contains(part)) {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("it does not tell {part:?}: {:#?}", self.told)
            };
            self.told.push(line);
        }
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn everything_that_tells_something_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path());
    program.tells("nobody can ever wake the task spawned at ");
    program.tells(" has been in one poll for ");
    program.tells("fusee-trace alarm.fusee");
    program.tells("on purpose");
    program.tells("fusee-trace panic.fusee");
    program.tells(" was in one poll for ");

    program.signal("-USR1");
    program.tells("1 can never run again");
    program.tells("STRANDED, last polled ");
    // Tasks are counted.
    program.tells("1 poll");

    let mut hello = String::new();
    BufReader::new(UnixStream::connect(folder.path().join("shop.sock")).unwrap()).read_line(&mut hello).unwrap();
    assert!(hello.starts_with("{\"fusee\":\"console\"") && hello.contains("\"recorder\":true"), "{hello}");
    for file in ["alarm.fusee", "panic.fusee"] {
        let recording = Recording::read_from(BufReader::new(File::open(folder.path().join(file)).unwrap())).unwrap();
        assert_eq!(recording.runtime(), Some("shop"), "{file}");
        assert!(recording.tracks().iter().any(|track| !track.events().is_empty()), "{file}");
    }

    program.signal("-TERM");
    assert!(program.child.wait().unwrap().success());
    assert!(!folder.path().join("shop.sock").exists());
}
