//! The built program, and a site on a port of this machine.

use std::future::IntoFuture;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use fusee::net::TcpListener;
use fusee::runtime::{Builder, Runtime};
use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::WATCHDOG;
use super::site::Site;

/// A site that is served until this is dropped.
pub struct Served {
    pub site: Site,
    pub url: String,
    runtime: Runtime,
    asked: UnboundedReceiver<String>,
}

impl Served {
    /// Serves a site whose first page has `more` as well.
    pub fn new(more: &str) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (site, asked) = Site::new(more);
        let router = site.router();
        let url = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            fusee::spawn(fusee_hyper::serve(listener, router).into_future());
            format!("http://{address}")
        });
        Self { site, url, runtime, asked }
    }

    /// Waits until `path` has been asked for.
    pub fn wait_for(&mut self, path: &str) {
        let asked = async { while self.asked.next().await.expect("the site is served") != path {} };
        self.runtime.block_on(async { fusee::time::timeout(WATCHDOG, asked).await }).expect("nobody asks");
    }
}

/// The program, with pipes.
pub fn checker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the program says, and its exit code.
pub struct Said {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {} {}", self.output, self.errors))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), output: text(output.stdout), errors: text(output.stderr) }
    }
}

/// Runs the program.
pub fn run(arguments: &[&str]) -> Said {
    ended(checker(arguments).spawn().unwrap())
}

/// Waits for the program, and kills it if it hangs.
pub fn ended(child: Child) -> Said {
    let id = child.id();
    let (done, waiting) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if waiting.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
            signal(id, Signal::SIGKILL);
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watchdog.join().unwrap();
    output.into()
}

/// Sends a signal to a program that has not been waited for.
pub fn signal(id: u32, signal: Signal) {
    kill(Pid::from_raw(id.try_into().unwrap()), signal).unwrap();
}
