//! A dump of all tasks at a signal and at a panic, as who watches the process sees it: each test has a process of its own.
#![cfg(all(unix, feature = "signal"))]

mod support;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use fusee::signal::unix::{SignalKind, dump_on};
use fusee::task::{self, yield_now};
use fusee::time::sleep;
use nix::libc::SIGUSR1;
use signal_hook::low_level::raise;
use support::{watchdog, workers};

/// Whether this is the process that the test has started, which is to run its body.
const BODY: &str = "FUSEE_TEST_DUMPS";

/// This process started again for the test `name` alone; there it runs its body.
fn started_again(name: &str) -> Child {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture"]).env(BODY, "1").stdout(Stdio::null()).stderr(Stdio::piped());
    child.spawn().unwrap()
}

/// What `child` writes to its standard error, up to the first line that has all of `words`; then it is killed.
fn said_by(mut child: Child, words: &[&str]) -> String {
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said += &line;
        said.push('\n');
        if words.iter().all(|word| line.contains(word)) {
            child.kill().unwrap();
            child.wait().unwrap();
            return said;
        }
    }
    panic!("it has ended: {said}");
}

#[test]
fn at_a_signal_the_tasks_are_told_while_every_worker_is_stuck() {
    const NAME: &str = "at_a_signal_the_tasks_are_told_while_every_worker_is_stuck";
    if env::var_os(BODY).is_none() {
        return watchdog(|| {
            let said = said_by(started_again(NAME), &["\"stuck\" running"]);
            assert!(
                said.contains("2 tasks have waited")
                    && said.contains("\"late\" waiting")
                    && said.contains("timer in 3"),
                "{said}"
            );
        });
    }
    let runtime = workers(1);
    let _entered = runtime.enter();
    let _dumps = dump_on(SignalKind::user_defined1()).unwrap();
    let late = task::Builder::new().name("late").spawn(sleep(Duration::from_secs(3_600))).unwrap();
    support::until_within(&runtime, "it sleeps", || {
        runtime.handle().dump().tasks().iter().any(|told| told.id() == late.id() && !told.waits().is_empty())
    });
    let (started, is_started) = channel();
    let stuck = async move {
        yield_now().await;
        started.send(()).unwrap();
        std::thread::park();
        unreachable!("nobody unparks it");
    };
    task::Builder::new().name("stuck").spawn(stuck).unwrap();
    is_started.recv().unwrap();
    raise(SIGUSR1).unwrap();
    // It is killed.
    loop {
        std::thread::park();
    }
}

#[test]
fn whoever_drops_it_and_a_runtime_that_has_ended_are_told_nothing() {
    const NAME: &str = "whoever_drops_it_and_a_runtime_that_has_ended_are_told_nothing";
    if env::var_os(BODY).is_none() {
        return watchdog(|| {
            let said = said_by(started_again(NAME), &["the end of it"]);
            assert!(!said.contains("alive"), "{said}");
        });
    }
    let runtime = workers(1);
    let dumps = runtime.block_on(async { dump_on(SignalKind::user_defined1()).unwrap() });
    let other = runtime.block_on(async { dump_on(SignalKind::user_defined1()).unwrap() });
    // A thread that is told of nothing any more ends.
    let threads_are = |count| {
        while cfg!(target_os = "linux") && support::proc::threads_named("fusee-dump") != count {
            std::thread::yield_now();
        }
    };
    threads_are(2);
    drop(dumps);
    threads_are(1);
    drop(runtime);
    raise(SIGUSR1).unwrap();
    threads_are(0);
    drop(other);
    raise(SIGUSR1).unwrap();
    eprintln!("the end of it");
}

#[test]
fn what_cannot_be_heard_is_refused() {
    let runtime = workers(1);
    let _entered = runtime.enter();
    for number in [9, 11, 4_000] {
        let error = dump_on(SignalKind::from_raw(number)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    }
}

/// The hook that the page of `insight` shows, and panics on workers and outside.
#[test]
fn a_panics_hook_may_ask_for_a_dump() {
    const NAME: &str = "a_panics_hook_may_ask_for_a_dump";
    if env::var_os(BODY).is_none() {
        return watchdog(|| {
            let said = said_by(started_again(NAME), &["the end of it"]);
            assert_eq!(said.matches("\"panics\" running").count(), 1, "{said}");
            assert_eq!(said.matches("\"drops\" running").count(), 1, "{said}");
        });
    }
    let runtime = workers(2);
    let (handle, before) = (runtime.handle().clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        eprintln!("{}", handle.dump());
    }));
    runtime.block_on(async {
        let panics = async {
            yield_now().await;
            panic!("on purpose");
        };
        assert!(task::Builder::new().name("panics").spawn(panics).unwrap().await.unwrap_err().is_panic());
        // In a drop, which the end of the task runs.
        let bomb = support::on_drop(|| panic!("on purpose"));
        let drops = async move {
            let _bomb = bomb;
            yield_now().await;
        };
        assert!(task::Builder::new().name("drops").spawn(drops).unwrap().await.unwrap_err().is_panic());
    });
    eprintln!("the end of it");
}
