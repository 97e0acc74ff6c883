//! The socket by which others look into the process: what is answered, and that no client harms anybody.
#![cfg(all(unix, feature = "console"))]

mod support;

use std::io::{BufRead, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use fusee::insight::Recorder;
use fusee::insight::recording::{EventKind, Recording};
use fusee::runtime::Builder;
use support::console::{Client, place, served};
use support::{Latch, block_a_worker, driven, until, watchdog};

const HOUR: Duration = Duration::from_secs(3_600);

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
fn a_worker_in_a_hook_polls_nothing() {
    watchdog(|| {
        let (_folder, path) = place();
        let (is_armed, latch) = (Arc::new(AtomicBool::new(false)), Latch::new());
        let (has_begun, begun) = channel();
        let hook = {
            let (is_armed, latch) = (is_armed.clone(), latch.clone());
            move || {
                if is_armed.swap(false, Ordering::Relaxed) {
                    has_begun.send(()).unwrap();
                    latch.wait();
                }
            }
        };
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).recorder(Recorder::new()).console(&path).on_thread_park(hook);
        let runtime = builder.build().unwrap();
        let task = runtime.spawn(async move { is_armed.store(true, Ordering::Relaxed) });
        begun.recv().unwrap();
        let worker = Client::new(&path).stats()["workers"][0].take();
        latch.open();
        assert!(worker["current"].is_null() && worker["recent"]["polls"] == 1, "{worker}");
        runtime.block_on(task).unwrap();
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
fn a_request_has_at_most_so_many_bytes_whether_they_come_at_once_or_not() {
    watchdog(|| {
        let (_folder, path) = place();
        let _runtime = served(&path);
        let request = r#"{"get":"stats"}"#;
        let padded = |length: usize| format!("{}{request}\n", " ".repeat(length - request.len()));
        let mut client = Client::new(&path);
        for _ in 0..3 {
            client.send(padded(4_096).as_bytes());
        }
        (0..3).for_each(|_| assert_eq!(client.line()["stats"]["alive"], 0));
        for length in [4_097, 8_191, 100_000] {
            let mut client = Client::new(&path);
            let _ = client.lines.get_mut().write_all(padded(length).as_bytes());
            assert!(client.line()["error"].as_str().unwrap().contains("too long"));
        }
    });
}

#[test]
fn circles_and_all_tasks_are_told() {
    watchdog(|| {
        let (_folder, path) = place();
        let runtime =
            Builder::new_multi_thread().worker_threads(1).task_statistics(true).console(&path).build().unwrap();
        let (give, given) = futures::channel::oneshot::channel::<fusee::task::JoinHandle<()>>();
        let first = runtime.spawn(async move { given.await.unwrap().await.unwrap() });
        let mut circle = vec![first.id().to_string()];
        let second = runtime.spawn(async move { first.await.unwrap() });
        circle.push(second.id().to_string());
        assert!(give.send(second).is_ok());
        (0..30).for_each(|_| drop(runtime.spawn(async { fusee::time::sleep(HOUR).await })));
        let mut client = Client::new(&path);
        until("all wait", || client.stats()["places"][0]["waiting"] == 30);
        until("there is a circle", || client.stats()["circles"].as_array().unwrap().len() == 1);
        let told = client.stats()["circles"][0].take();
        let told: Vec<_> = told.as_array().unwrap().iter().map(|task| task.as_str().unwrap()).collect();
        assert!(told.len() == 2 && circle.iter().all(|task| told.contains(&task.as_str())), "{told:?}");
        let waits = client.ask(r#"{"get":"waits","most":5}"#)["waits"].take();
        assert_eq!(waits.as_str().unwrap().matches("waits at").count(), 5, "{waits}");
        let mut sleeping = |request| {
            let text = client.ask(request);
            text["text"].as_str().unwrap().matches(": timer in ").count()
        };
        assert_eq!((sleeping(r#"{"get":"text"}"#), sleeping(r#"{"get":"text","all":true}"#)), (10, 30));
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
