//! The program in a terminal: what its screen shows of a runtime, what keys do, and that it leaves the terminal as it was.

use std::future::pending;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fusee::insight::Recorder;
use fusee::runtime::{Builder, Runtime};
use fusee::time::sleep;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// After how long a test counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

const HOUR: Duration = Duration::from_secs(3_600);

/// The lines of this file at which tasks are spawned.
const MANY: u32 = line!() + 7;
const NAMED: u32 = line!() + 8;
const STRANDED: u32 = line!() + 8;

fn app(path: &Path) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).name("shop").recorder(Recorder::new()).console(path).build().unwrap();
    (0..7).for_each(|_| drop(runtime.spawn(async { sleep(HOUR).await })));
    let named = fusee::task::Builder::new().name("reindex");
    runtime.block_on(async { drop(named.spawn(async { sleep(HOUR).await }).unwrap()) });
    drop(runtime.spawn(pending::<()>()));
    runtime
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    (folder, path)
}

/// The program, in a terminal of its own.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// The terminal's local modes before the program began.
    modes: u32,
}

impl Terminal {
    fn start(path: &Path, rows: u16, cols: u16, arguments: &[&str]) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_fusee-top"));
        command.args(arguments);
        command.arg(path);
        command.env("TERM", "xterm-256color");
        let modes = modes_of(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(cols), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // It ends with an error, or nothing, once nobody has the terminal open.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, keys, child, screen, modes }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}; the screen:\n{text}");
            // tidy: real time, because a screen tells nobody that it has changed; the watchdog is above.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Waits for its end, and checks that the terminal is as it was: the exit code.
    #[track_caller]
    fn ends(mut self) -> u32 {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; the screen:\n{}", self.text());
            // tidy: real time, because a child is asked for its end; the watchdog is above.
            std::thread::sleep(Duration::from_millis(5));
        };
        self.until("the screen of before is back", |_| {
            let parser = self.screen.lock().unwrap();
            !parser.screen().alternate_screen() && !parser.screen().hide_cursor()
        });
        assert_eq!(modes_of(&*self.master), self.modes, "echo and lines are as they were");
        status.exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        let _ = self.child.kill();
    }
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}

fn modes_of(master: &dyn MasterPty) -> u32 {
    master.get_termios().unwrap().local_flags.bits()
}

/// The lines that name this file, up to its first space.
fn places(screen: &str) -> Vec<u32> {
    let of_line = |line: &str| line.split_once("terminal.rs:")?.1.split(':').next()?.parse().ok();
    // Warnings name places, too.
    screen.lines().filter(|line| !line.starts_with('!')).filter_map(of_line).collect()
}

#[test]
fn it_shows_places_sorts_filters_opens_a_row_and_quits() {
    for (rows, cols) in [(24, 80), (50, 200)] {
        let (_folder, path) = place();
        let _runtime = app(&path);
        let mut terminal = Terminal::start(&path, rows, cols, &["-i", "0.1"]);
        let screen = terminal.until("all places are there", |screen| places(screen).len() == 3);
        assert!(screen.starts_with("shop · pid "), "{screen}");
        assert!(screen.contains("2 workers") && screen.contains("alive 9"), "{screen}");
        assert_eq!(places(&screen)[0], MANY, "most tasks first");
        terminal.shows(&format!("terminal.rs:{STRANDED}:"));
        terminal.shows("1 task is STRANDED");
        assert!(modes_of(&*terminal.master) != terminal.modes, "keys come one by one");

        // By the place: `s` goes around.
        terminal.shows("alive▼");
        terminal.press("SS");
        terminal.shows("idle▼");
        terminal.press("s");
        terminal.shows("spawned at▼");
        terminal.until("they are sorted by lines", |screen| places(screen) == [MANY, NAMED, STRANDED]);
        terminal.press("r");
        terminal.shows("spawned at▲");
        terminal.until("the other way round", |screen| places(screen) == [STRANDED, NAMED, MANY]);

        terminal.press(&format!("/rs:{NAMED}\r"));
        terminal.until("the others are gone", |screen| places(screen) == [NAMED]);
        terminal.press("\r");
        let screen = terminal.shows("\"reindex\"");
        assert!(screen.contains("timer in 59 min") && screen.contains("waiting"), "{screen}");
        // Back, and all places again.
        terminal.press("q");
        assert_eq!(terminal.ends(), 0);
    }
}

#[test]
fn a_row_is_chosen_by_arrows_and_followed_while_it_is_open() {
    let (_folder, path) = place();
    let runtime = app(&path);
    let mut terminal = Terminal::start(&path, 24, 80, &["-i", "0.1"]);
    terminal.until("all places are there", |screen| places(screen).len() == 3);
    terminal.press("\x1b[B\x1b[B\x1b[B\x1b[A\r");
    terminal.shows("\"reindex\"");
    terminal.press("\x1b");
    terminal.until("the places are back", |screen| places(screen).len() == 3);
    terminal.press("gjj\r");
    terminal.shows("nothing can wake it");
    drop(runtime);
    terminal.shows("NO ANSWER");
    terminal.press("\x03");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_process_that_ends_and_comes_back_is_shown_again() {
    let (_folder, path) = place();
    let runtime = app(&path);
    let terminal = Terminal::start(&path, 24, 100, &["-i", "0.1"]);
    terminal.until("all places are there", |screen| places(screen).len() == 3);
    drop(runtime);
    let screen = terminal.shows("NO ANSWER");
    assert!(screen.contains("connecting again"), "{screen}");
    let _again = Builder::new_multi_thread().worker_threads(1).name("again").console(&path).build().unwrap();
    terminal.until("the other one is shown", |screen| screen.starts_with("again") && !screen.contains("NO ANSWER"));
    terminal.shows("1 worker ");
    // As another program would end it.
    let process = terminal.child.process_id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    assert_eq!(terminal.ends(), 128 + 15);
}

#[test]
fn a_stuck_poll_is_told_of_and_a_pause_keeps_the_screen() {
    let (_folder, path) = place();
    let runtime = app(&path);
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let task = runtime.spawn(async move { ended.recv().unwrap() });
    let mut terminal = Terminal::start(&path, 24, 120, &["-i", "0.1"]);
    terminal.shows(&format!("in a poll of {}", task.id()));
    terminal.press(" ");
    terminal.shows("PAUSED");
    end.send(()).unwrap();
    runtime.block_on(task).unwrap();
    terminal.press(" ");
    terminal.until("it is told of no more", |screen| !screen.contains("in a poll of"));
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn the_task_and_the_blocking_job_that_a_task_waits_for_are_named() {
    let (_folder, path) = place();
    let runtime = Builder::new_multi_thread().worker_threads(1).task_statistics(true).console(&path).build().unwrap();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let joined = runtime.spawn(async { sleep(HOUR).await });
    let job = runtime.spawn_blocking(move || ended.recv().unwrap_or_default());
    let waits = [format!("task {}", joined.id()), format!("blocking job {}", job.id())];
    let line = line!() + 1;
    [joined, job].into_iter().for_each(|other| drop(runtime.spawn(async { drop(other.await) })));
    let filter = format!("rs:{line}:");
    let mut terminal = Terminal::start(&path, 24, 120, &["-i", "0.1", "--filter", &filter]);
    terminal.until("the place is there", |screen| places(screen) == [line]);
    terminal.press("\r");
    waits.iter().for_each(|wait| drop(terminal.shows(wait)));
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
    drop(end);
}

#[test]
fn names_cannot_command_the_terminal() {
    let (_folder, path) = place();
    let runtime =
        Builder::new_multi_thread().worker_threads(1).name("shop\x1b[2J\x1b[H").console(&path).build().unwrap();
    let named = fusee::task::Builder::new().name("\u{202e}\x1b[31m\r");
    runtime.block_on(async { drop(named.spawn(async { sleep(HOUR).await }).unwrap()) });
    let mut terminal = Terminal::start(&path, 24, 120, &["-i", "0.1"]);
    terminal.until("the place is there", |screen| places(screen).len() == 1);
    let screen = terminal.text();
    assert!(screen.starts_with(r"shop\u{1b}[2J\u{1b}[H · pid "), "{screen}");
    terminal.press("\r");
    terminal.shows(r#""\u{202e}\u{1b}[31m\r" "#);
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}
