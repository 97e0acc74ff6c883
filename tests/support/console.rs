//! A client of the socket by which others look into the process.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use fusee::runtime::{Builder, Runtime};
use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;

/// A folder, and a path for a socket in it.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    (folder, path)
}

/// A runtime with one worker and a console.
pub(crate) fn served(path: &Path) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).name("app").console(path).build().unwrap()
}

/// A client that waits for each answer.
pub(crate) struct Client {
    pub(crate) lines: BufReader<UnixStream>,
    pub(crate) hello: Value,
}

impl Client {
    pub(crate) fn new(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { lines: BufReader::new(stream), hello: Value::Null };
        client.hello = client.line();
        client
    }

    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.lines.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn ask(&mut self, request: &str) -> Value {
        self.send(request.as_bytes());
        self.send(b"\n");
        self.line()
    }

    pub(crate) fn stats(&mut self) -> Value {
        self.ask(r#"{"get":"stats"}"#)["stats"].take()
    }

    pub(crate) fn is_at_its_end(&mut self) -> bool {
        self.lines.read(&mut [0]).unwrap() == 0
    }
}
