//! A redis of a test's own, which ends with the test.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use super::program::WATCHDOG;
use tempfile::TempDir;

/// A redis-server at a port of 127.0.0.1, with a folder of its own.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    /// Whether it writes each change to its folder before it answers.
    keeps: bool,
    child: Child,
}

impl Server {
    /// One that forgets all when it ends.
    pub(crate) fn start() -> Self {
        Self::new(false)
    }

    /// One that has all that it had when it is started again.
    pub(crate) fn that_keeps() -> Self {
        Self::new(true)
    }

    fn new(keeps: bool) -> Self {
        let folder = TempDir::new().unwrap();
        // Free when it was asked for; should another take it meanwhile, another is tried.
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut child = redis(&folder, port, keeps);
            if answers(port, &mut child) {
                return Self { folder, port, keeps, child };
            }
        }
        panic!("redis-server starts at none of twenty ports");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it, as by a crash.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same port.
    pub(crate) fn start_again(&mut self) {
        self.child = redis(&self.folder, self.port, self.keeps);
        assert!(answers(self.port, &mut self.child), "redis-server does not start again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn redis(folder: &TempDir, port: u16, keeps: bool) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]).arg("--dir").arg(folder.path());
    command.args(if keeps {
        ["--appendonly", "yes", "--appendfsync", "always"]
    } else {
        ["--appendonly", "no", "--daemonize", "no"]
    });
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "these tests need redis-server, which is not installed: run .ci/servers in the root of the repository"
            )
        }
        Err(error) => panic!("redis-server does not start: {error}"),
    }
}

/// Waits until the redis at `port` answers; false if `child` has ended before.
fn answers(port: u16, child: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < WATCHDOG {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if ping(port).is_ok_and(|answered| answered) {
            return true;
        }
        thread::yield_now();
    }
    panic!("redis-server does not answer");
}

fn ping(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(WATCHDOG))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    // While it reads what it had it answers an error.
    Ok(&answer == b"+PONG")
}
