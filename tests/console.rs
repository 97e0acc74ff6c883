//! The socket by which others look into the process: who may connect, what is answered, and that no client harms anybody.
#![cfg(all(unix, feature = "console"))]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fusee::insight::Recorder;
use fusee::insight::recording::{EventKind, Recording};
use fusee::runtime::{Builder, Runtime};
use serde_json::Value;
use support::{Latch, PATIENCE, block_a_worker, driven, until, watchdog};
use tempfile::TempDir;

const HOUR: Duration = Duration::from_secs(3_600);

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    (folder, path)
}

fn served(path: &Path) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).name("app").console(path).build().unwrap()
}

/// A client that waits for each answer.
struct Client {
    lines: BufReader<UnixStream>,
    hello: Value,
}

impl Client {
    fn new(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self { lines: BufReader::new(stream), hello: Value::Null };
        client.hello = client.line();
        client
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn send(&mut self, bytes: &[u8]) {
        self.lines.get_mut().write_all(bytes).unwrap();
    }

    fn ask(&mut self, request: &str) -> Value {
        self.send(request.as_bytes());
        self.send(b"\n");
        self.line()
    }

    fn stats(&mut self) -> Value {
        self.ask(r#"{"get":"stats"}"#)["stats"].take()
    }

    fn is_at_its_end(&mut self) -> bool {
        self.lines.read(&mut [0]).unwrap() == 0
    }
}

fn error_of(path: &Path) -> (ErrorKind, String) {
    let error = Builder::new_multi_thread().worker_threads(1).console(path).build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "it names the path: {text}");
    (error.kind(), text)
}

#[test]
fn it_says_what_the_runtime_does() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = served(&path);
        let line = line!() + 1;
        (0..3).for_each(|_| drop(runtime.spawn(async { fusee::time::sleep(HOUR).await })));
        runtime.spawn(std::future::pending::<()>());
        let mut client = Client::new(&path);
        assert_eq!(client.hello["fusee"], "console");
        assert_eq!(client.hello["version"], 1);
        assert_eq!(client.hello["pid"], std::process::id());
        assert_eq!(client.hello["runtime"], "app");
        assert_eq!(client.hello["recorder"], false);
        until("all tasks wait", || client.stats()["places"][0]["waiting"] == 3);
        until("the last task waits", || client.stats()["places"][1]["alive"] == 1);
        let stats = client.stats();
        assert_eq!((&stats["alive"], &stats["spawned"]), (&4.into(), &4.into()));
        assert_eq!(stats["flavor"], "multi_thread");
        assert_eq!((&stats["workers"][0]["polls"], stats["workers"].as_array().unwrap().len()), (&4.into(), 1));
        assert_eq!(stats["timers"]["live"], 3);
        assert!(stats["places"][0]["place"].as_str().unwrap().starts_with(&format!("{}:{line}:", file!())));
        assert_eq!(stats["stranded"].as_array().unwrap().len(), usize::from(cfg!(target_pointer_width = "64")));
        assert!(stats["window_ns"].is_null() && stats["places"][0]["recent"].is_null());

        let request = format!(r#"{{"get":"dump","place":{},"most":2}}"#, stats["places"][0]["place"]);
        let dump = client.ask(&request)["dump"].take();
        assert_eq!((&dump["count"], dump["tasks"].as_array().unwrap().len()), (&3.into(), 2));
        assert_eq!(dump["tasks"][0]["waits"][0]["kind"], "timer");
        assert_eq!(client.ask(r#"{"get":"dump"}"#)["dump"]["tasks"].as_array().unwrap().len(), 4);
        let text = client.ask(r#"{"get":"text"}"#);
        assert!(text["text"].as_str().unwrap().starts_with(r#"runtime "app": 4 tasks have waited"#), "{text}");
        assert!(client.ask(r#"{"get":"recording"}"#)["recording"].is_null());
    });
}

#[test]
fn with_a_recorder_it_says_what_was_polled_and_hands_the_recording_over() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime =
            Builder::new_multi_thread().worker_threads(1).recorder(Recorder::new()).console(&path).build().unwrap();
        let mut client = Client::new(&path);
        assert_eq!(client.hello["recorder"], true);
        let (end, task) = block_a_worker(&runtime);
        let stats = client.stats();
        let worker = &stats["workers"][0];
        assert_eq!(worker["current"]["task"], task.id().to_string());
        assert!(worker["current"]["place"].as_str().unwrap().contains("support/mod.rs"), "{stats}");
        assert!(worker["recent"]["polls"].as_u64() >= Some(1) && worker["recent"]["busy_ns"].as_u64() >= Some(1));
        assert_eq!(stats["places"][0]["recent"], worker["recent"]);
        assert!(stats["window_ns"].as_u64() <= Some(1_000_000_000));
        runtime.handle().pause_recording();
        assert!(client.stats()["workers"][0]["current"].is_null());
        end.open();

        for _ in 0..2 {
            let length = client.ask(r#"{"get":"recording"}"#)["recording"].as_u64().unwrap();
            let mut bytes = vec![0; length as usize];
            client.lines.read_exact(&mut bytes).unwrap();
            let recording = Recording::read_from(&bytes[..]).unwrap();
            let events = recording.tracks()[0].events();
            assert!(events.iter().any(|event| matches!(event.kind(), EventKind::Poll(_))));
        }
        // Behind the bytes lines go on.
        assert_eq!(client.stats()["flavor"], "multi_thread");
    });
}

#[test]
fn all_workers_are_stuck_and_it_answers() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = Builder::new_multi_thread().worker_threads(2).console(&path).build().unwrap();
        let latch = Latch::new();
        let ends: Vec<_> = (0..2)
            .map(|_| {
                let (latch, stuck) = (latch.clone(), Latch::new());
                let tell = stuck.clone();
                runtime.spawn(async move {
                    // From its second poll on it is in the dump.
                    fusee::task::yield_now().await;
                    tell.open();
                    latch.wait();
                });
                stuck
            })
            .collect();
        ends.iter().for_each(Latch::wait);
        let mut client = Client::new(&path);
        assert_eq!(client.ask(r#"{"get":"dump"}"#)["dump"]["tasks"][1]["state"], "running");
        until("the polls are long", || client.stats()["stuck"].as_array().unwrap().len() == 2);
        assert_eq!(client.stats()["workers"][1]["is_parked"], false);
        latch.open();
    });
}

#[test]
fn a_current_thread_runtime_has_one_too() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = Builder::new_current_thread().console(&path).build().unwrap();
        // Nobody is in `block_on`.
        assert_eq!(Client::new(&path).stats()["flavor"], "current_thread");
        driven(&runtime, || assert_eq!(Client::new(&path).stats()["alive"], 0));
    });
}

#[test]
fn only_the_user_may_connect_whatever_the_umask() {
    let (_folder, path) = place();
    let before = rustix::process::umask(rustix::fs::Mode::empty());
    let runtime = served(&path);
    rustix::process::umask(before);
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    drop(runtime);
}

#[test]
fn what_nobody_serves_is_replaced_and_goes_in_the_end() {
    watchdog(|| {
        let (folder, path) = place();
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "it is stale");
        let runtime = served(&path);
        assert_eq!(Client::new(&path).stats()["alive"], 0);
        drop(runtime);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "neither it nor what it was moved to");
        // The same builder may build again, then.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).console(&path);
        builder.build().unwrap().shutdown_background();
        assert!(!path.exists(), "at once");
        drop(builder.build().unwrap());
    });
}

#[test]
fn of_many_that_replace_a_stale_one_at_most_one_succeeds() {
    watchdog(|| {
        for _ in 0..20 {
            let (folder, path) = place();
            drop(UnixListener::bind(&path).unwrap());
            let (start, all) = (Barrier::new(4), Barrier::new(4));
            let built = AtomicUsize::new(0);
            let build = || {
                start.wait();
                let runtime = Builder::new_current_thread().console(&path).build();
                match &runtime {
                    Ok(_) => drop(built.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}"),
                }
                all.wait();
            };
            thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(build))));
            assert!(built.into_inner() <= 1);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    });
}

#[test]
fn what_is_somebody_elses_stays() {
    watchdog(|| {
        let (folder, path) = place();
        let runtime = served(&path);
        let (kind, text) = error_of(&path);
        assert!(kind == ErrorKind::AddrInUse && text.contains("listens there"), "{text}");
        assert_eq!(Client::new(&path).stats()["alive"], 0);

        let file = folder.path().join("notes");
        fs::write(&file, "mine").unwrap();
        let (kind, text) = error_of(&file);
        assert!(kind == ErrorKind::AlreadyExists && text.contains("no socket"), "{text}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(error_of(folder.path()).0, ErrorKind::AlreadyExists);
        let link = folder.path().join("link");
        symlink(folder.path().join("nowhere"), &link).unwrap();
        assert_eq!(error_of(&link).0, ErrorKind::AlreadyExists);

        // Ours is gone, and another's stands in its place.
        fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        drop(runtime);
        assert!(path.exists());
        drop(other);
    });
}

#[test]
fn a_path_that_cannot_be_is_an_error_that_says_why() {
    let (folder, _) = place();
    assert_eq!(error_of(&folder.path().join("no/such/folder.sock")).0, ErrorKind::NotFound);
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(error_of(&folder.path().join("file/app.sock")).0, ErrorKind::NotADirectory);
    let long = folder.path().join("x".repeat(120));
    let (kind, text) = error_of(&long);
    assert!(kind == ErrorKind::InvalidInput && text.contains("too long"), "{text}");
    assert_eq!(error_of(Path::new("")).0, ErrorKind::InvalidInput);
    assert_eq!(error_of(Path::new("a\0b")).0, ErrorKind::InvalidInput);
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
        assert_eq!(error_of(&folder.path().join("app.sock")).0, ErrorKind::PermissionDenied);
    }
}

#[test]
fn two_clients_are_answered_each_in_its_turn() {
    watchdog(|| {
        let (_folder, path) = place();
        let _runtime = served(&path);
        let (mut one, mut other) = (Client::new(&path), Client::new(&path));
        for _ in 0..10 {
            one.send(b"{\"get\":\"stats\"}\n{\"get\":");
            assert!(other.ask(r#"{"get":"text"}"#)["text"].is_string());
            one.send(b"\"text\"}\n");
            assert!(one.line()["stats"].is_object());
            assert!(one.line()["text"].is_string());
        }
    });
}

#[test]
fn garbage_is_an_error_and_harms_nobody() {
    watchdog(|| {
        let (_folder, path) = place();
        let _runtime = served(&path);
        let (mut good, mut bad) = (Client::new(&path), Client::new(&path));
        let garbage: [&[u8]; 7] = [
            b"",
            b"{",
            b"get stats",
            b"{\"get\":\"money\"}",
            b"\xff\xfe\0",
            b"[[[[[[[[[[",
            b"{\"get\":\"dump\",\"most\":-1}",
        ];
        for line in garbage {
            bad.send(line);
            bad.send(b"\n");
            let error = bad.line();
            assert!(error["error"].as_str().unwrap().starts_with("this is no request"), "{error}");
        }
        assert_eq!(bad.stats()["alive"], 0, "it is still served");
        bad.send(&[b'x'; 5_000]);
        assert!(bad.line()["error"].as_str().unwrap().contains("too long"));
        // The rest of what it has sent is not read: the connection may be reset.
        until("it is disconnected", || !matches!(bad.lines.read(&mut [0]), Ok(1..)));
        assert_eq!(good.stats()["alive"], 0);
    });
}

#[test]
fn a_client_that_half_closes_gets_its_answer() {
    watchdog(|| {
        let (_folder, path) = place();
        let _runtime = served(&path);
        let mut client = Client::new(&path);
        client.send(b"{\"get\":\"stats\"}\n");
        client.lines.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.line()["stats"]["alive"], 0);
        assert!(client.is_at_its_end());
    });
}

#[test]
fn one_that_never_reads_and_one_that_leaves_keep_nobody_waiting() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = served(&path);
        // So that an answer is longer than what a socket takes.
        (0..20_000).for_each(|_| drop(runtime.spawn(std::future::pending::<()>())));
        let mut good = Client::new(&path);
        until("all tasks wait", || good.stats()["places"][0]["waiting"] == 20_000);
        let mut silent = Client::new(&path);
        (0..3).for_each(|_| silent.send(b"{\"get\":\"dump\"}\n"));
        let mut leaves = Client::new(&path);
        leaves.send(b"{\"get\":\"dump\"}\n");
        drop(leaves);
        (0..10).for_each(|_| assert_eq!(good.stats()["alive"], 20_000));
        // It gets all of it, if it reads in the end.
        (0..3).for_each(|_| assert_eq!(silent.line()["dump"]["count"], 20_000));
        silent.send(b"{\"get\":\"dump\"}\n");
        // The answer has begun.
        assert!(!silent.lines.fill_buf().unwrap().is_empty());
        drop(runtime);
        assert!(!path.exists());
        let mut rest = Vec::new();
        // Cut off.
        let _ = silent.lines.read_to_end(&mut rest);
        assert!(!rest.ends_with(b"\n"));
    });
}

#[test]
fn the_seventeenth_client_is_told_that_it_is_one_too_many() {
    watchdog(|| {
        let (_folder, path) = place();
        let _runtime = served(&path);
        let mut clients: Vec<_> = (0..16).map(|_| Client::new(&path)).collect();
        let mut late = Client::new(&path);
        assert!(late.hello["error"].as_str().unwrap().contains("as many clients"));
        assert!(late.is_at_its_end());
        (clients.iter_mut()).for_each(|client| assert_eq!(client.stats()["alive"], 0));
        clients.pop();
        until("there is room", || Client::new(&path).hello["fusee"] == "console");
    });
}

#[test]
fn a_shutdown_ends_connections_and_answers_until_it_is_done() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = served(&path);
        let (end, _task) = block_a_worker(&runtime);
        let mut client = Client::new(&path);
        let handle = runtime.handle().clone();
        let shutdown = thread::spawn(move || drop(runtime));
        until("it shuts down", || handle.spawn(async {}).is_finished());
        assert_eq!(client.stats()["workers"][0]["is_parked"], false, "the poll that keeps it waiting can be seen");
        end.open();
        shutdown.join().unwrap();
        assert!(client.is_at_its_end());
        assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_runtime_that_is_dropped_on_its_own_thread_closes_it_too() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime = served(&path);
        let mut client = Client::new(&path);
        let handle = runtime.handle().clone();
        handle.spawn(async move { drop(runtime) });
        assert!(client.is_at_its_end());
        until("the socket is gone", || !path.exists());
    });
}
