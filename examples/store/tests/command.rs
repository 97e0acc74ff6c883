//! The command: what it prints, and what it says of bad input.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// A node that is killed when it is dropped.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn store(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_store")).args(arguments).output().unwrap()
}

/// What it says of `arguments`, which it refuses with this exit code.
#[track_caller]
fn refusal(code: i32, arguments: &[&str]) -> String {
    let output = store(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(text.starts_with("store: "), "{arguments:?}: {text}");
    text
}

/// An address that nobody listens at.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Starts node 1 of two, and waits until it listens.
fn start(address: &str, other: &str, folder: &std::path::Path) -> Node {
    let mut node = Command::new(env!("CARGO_BIN_EXE_store"))
        .args(["node", "--id", "1", "--listen", address, "--peers", &format!("2={other}"), "--data"])
        .arg(folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(node.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    let node = Node(node);
    assert_eq!(line, format!("node 1 listens at {address}\n"));
    node
}

#[test]
fn bad_arguments_are_named() {
    for (expected, arguments) in [
        ("a command is missing", &[][..]),
        ("there is no command \"fetch\"", &["fetch", "a"]),
        ("KEY is missing", &["get"]),
        ("VALUE is missing", &["put", "key"]),
        ("unexpected argument \"c\"", &["put", "a", "b", "c"]),
        ("invalid option '--nose'", &["get", "key", "--nose", "127.0.0.1:1"]),
        ("--nodes: \"localhost\" is no address", &["get", "key", "--nodes", "localhost"]),
        ("--seconds: \"-1\" is no number of seconds", &["get", "key", "--seconds", "-1"]),
        ("--id is missing", &["node", "--peers", "2=127.0.0.1:2"]),
        ("--id: \"one\" is no node's number", &["node", "--id", "one"]),
        ("--listen: \"127.0.0.1\" is no address", &["node", "--listen", "127.0.0.1"]),
        ("--peers: \"127.0.0.1:2\" is not like 2=127.0.0.1:7002", &["node", "--peers", "127.0.0.1:2"]),
        ("names node 2 twice", &["node", "--peers", "2=127.0.0.1:2,2=127.0.0.1:3"]),
        ("which is this one", &["node", "--id", "2", "--peers", "2=127.0.0.1:2"]),
        ("--data is missing", &["node", "--id", "1", "--listen", "127.0.0.1:1", "--peers", "2=127.0.0.1:2"]),
    ] {
        let text = refusal(2, arguments);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    let help = store(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success() && text.contains("Usage: store ") && text.contains("Exit codes:"), "{text}");
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let address = free_address();
    let text = refusal(1, &["put", "key", "value", "--seconds", "0.2", "--nodes", &address]);
    assert!(text.contains("no leader has answered within 200ms") && text.contains(&address), "{text}");
    let output = store(&["status", "--nodes", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("does not answer"));
}

#[test]
fn a_node_without_a_majority_says_so_and_its_folder_and_address_are_its_own() {
    let (folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (address, elsewhere) = (free_address(), free_address());
    let node = start(&address, &elsewhere, folder.path());

    let output = store(&["status", "--nodes", &address]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("node 1") && text.contains("leader none"), "{text}");
    let text = refusal(1, &["get", "key", "--seconds", "0.2", "--nodes", &address]);
    assert!(text.contains("no leader has answered"), "{text}");

    let peers = format!("2={elsewhere}");
    let path = |folder: &tempfile::TempDir| folder.path().to_str().unwrap().to_owned();
    let arguments = ["node", "--id", "1", "--peers", &peers, "--listen"];
    let text = refusal(1, &[&arguments[..], &[&elsewhere, "--data", &path(&folder)]].concat());
    assert!(text.contains("is in use"), "{text}");
    let text = refusal(1, &[&arguments[..], &[&address, "--data", &path(&other_folder)]].concat());
    assert!(text.contains("cannot listen"), "{text}");

    // Nobody has to agree to that.
    let long = "x".repeat(32 * 1024);
    let text = refusal(1, &["put", "key", &long, "--seconds", "100", "--nodes", &address]);
    assert!(text.contains("refuses: a key and its value have at most 32768 bytes"), "{text}");

    drop(node);
    let peers = format!("1={address}");
    let text = refusal(1, &["node", "--id", "2", "--peers", &peers, "--listen", &elsewhere, "--data", &path(&folder)]);
    assert!(text.contains("has the data of node 1, not of node 2"), "{text}");
}

#[test]
fn the_demonstration_ends_well() {
    let output = store(&["demo"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("each of the 300 values is on every node"), "{text}");
}

/// The signal goes to the demonstration alone, as a supervisor sends it.
#[test]
fn a_demonstration_that_is_told_to_stop_leaves_neither_nodes_nor_its_folder() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_store"));
        let demo = command.arg("demo").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut demo = Node(demo);
        let mut said = BufReader::new(demo.0.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let folder = PathBuf::from(line.trim_end().rsplit_once(" in ").unwrap().1);
        assert!(folder.is_dir(), "{line}");
        // It listens to signals by now, and its nodes, or some of them, are being started.
        let mut errors = BufReader::new(demo.0.stderr.take().unwrap());
        line.clear();
        errors.read_line(&mut line).unwrap();
        assert!(line.contains("listens at"), "{line}");
        kill_process(Pid::from_child(&demo.0), signal).unwrap();
        assert_eq!(demo.0.wait().unwrap().code(), Some(130));
        // Its end comes when nobody can write there any more: the nodes have inherited it.
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(errors.read_to_string(&mut String::new())));
        receiver.recv_timeout(Duration::from_secs(60)).expect("a node lives on").unwrap();
        assert!(!folder.exists());
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("stopping: SIG"), "{rest}");
    }
}
