//! What the tests of the program share: the program as a child, and a client of it.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use fusee::runtime::Builder;
use fusee::time::timeout;
use fusee_hyper::{Connector, client_builder};
use fusee_tokio::BuilderExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longer than anything takes that does not hang.
pub const WATCHDOG: Duration = Duration::from_secs(120);

/// Runs a test on a runtime with a bridge, which a database of the test's own needs.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(2).with_tokio().unwrap().build().unwrap();
    runtime.block_on(async { timeout(WATCHDOG, test).await.expect("it hangs") });
}

/// The program, which is killed if the test ends first.
pub struct Service {
    child: Child,
    url: String,
    log: Receiver<String>,
}

/// The program with its arguments, any port, and limits that are far off. Of an option that is given twice the last one counts.
pub fn command(database: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command.args([OsStr::new("--database"), database.as_os_str()]).args(["--listen", "127.0.0.1:0"]);
    // What a test does not set is not what it fails for on a slow machine.
    command.args(["--timeout", "60s", "--grace", "60s"]).args(options);
    command.env("RUST_LOG", "debug,hyper=info,sqlx=info").stdin(Stdio::null());
    command
}

/// Runs the program to its end, which comes by itself.
pub fn output(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let (done, wait) = channel();
    thread::spawn(move || done.send(child.wait_with_output().unwrap()));
    wait.recv_timeout(WATCHDOG).unwrap_or_else(|_| {
        _ = kill_process(pid, Signal::KILL);
        panic!("the program does not end")
    })
}

impl Service {
    /// Starts it, and waits until it listens.
    pub fn start(database: &Path, options: &[&str]) -> Self {
        let mut child = command(database, options).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = lines(child.stderr.take().unwrap());
        let printed = lines(child.stdout.take().unwrap());
        // Held from here on, so that a test that fails ends it.
        let mut service = Self { child, url: String::new(), log };
        let line = printed
            .recv_timeout(WATCHDOG)
            .unwrap_or_else(|_| panic!("{:?}", service.log.try_iter().collect::<Vec<_>>()));
        service.url = line.strip_prefix("listening on ").expect("a line that says where").to_owned();
        service
    }

    pub fn client(&self) -> TestClient {
        TestClient { http: client_builder().build(Connector::new()), url: self.url.clone() }
    }

    /// Where it listens, without a scheme.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Waits for a line in its log.
    pub fn await_log(&self, text: &str) {
        while !self.log.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("it never says {text:?}")).contains(text) {}
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end, which closes its output; and the rest of its log.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        loop {
            match self.log.recv_timeout(WATCHDOG) {
                Ok(line) => log.extend([&line, "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the program does not end\n{log}"),
            }
        }
        (self.child.wait().unwrap(), log)
    }

    /// Tells it to stop, and expects that it does so well.
    pub fn stop(self) {
        self.signal(Signal::TERM);
        let (status, log) = self.ended();
        assert!(status.success(), "{status}\n{log}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if sender.send(line.expect("text")).is_err() {
                break;
            }
        }
    });
    receiver
}

#[derive(Clone)]
pub struct TestClient {
    http: Client<Connector, Full<Bytes>>,
    url: String,
}

impl TestClient {
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = match body {
            None => request.body(Full::default()),
            Some(body) => request.header("content-type", "application/json").body(Full::from(body.to_string())),
        };
        let answer = self.request(request.unwrap()).await;
        let body = answer.body();
        (answer.status(), if body.is_empty() { Value::Null } else { serde_json::from_slice(body).expect("JSON") })
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// Any request to a path.
    pub async fn request_to(&self, path: &str, mut request: Request<Full<Bytes>>) -> Response<Bytes> {
        *request.uri_mut() = format!("{}{path}", self.url).parse().unwrap();
        self.request(request).await
    }

    async fn request(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let (head, body) = self.http.request(request).await.expect("an answer").into_parts();
        Response::from_parts(head, body.collect().await.expect("a whole body").to_bytes())
    }
}
