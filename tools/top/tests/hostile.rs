//! A server that is not what it says: what it sends reaches no terminal as it came, and costs no more than it sends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// What a terminal obeys, or does not show: it clears the screen, sets a title, goes back to the line's beginning, and turns the direction of text.
const OBEYED: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{8}\u{9b}31m\n\u{202e}\u{200b}\u{feff}";

const HELLO: &str = r#"{"fusee":"console","version":1,"pid":1,"runtime":"shop","recorder":true}"#;

/// Greets whoever comes, has these answers to the requests, one each, and leaves; it answers with the requests.
fn serve(folder: &TempDir, hello: String, answers: Vec<Vec<u8>>) -> (PathBuf, JoinHandle<Vec<String>>) {
    let path = folder.path().join("app.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(format!("{hello}\n").as_bytes()).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let answer = |answer: Vec<u8>| {
            let request = lines.next()?.ok()?;
            // Who has read enough may be gone.
            let _ = stream.write_all(&answer);
            Some(request)
        };
        answers.into_iter().map_while(answer).collect()
    });
    (path, thread)
}

fn run(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fusee-top")).args(arguments).arg(path).output().unwrap()
}

/// What is printed, which no terminal obeys but for the ends of lines.
fn harmless(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    let is_obeyed = |letter: &char| letter.is_control() || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(letter);
    let obeyed = text.chars().find(|letter| *letter != '\n' && is_obeyed(letter));
    assert_eq!(obeyed, None, "{text:?}");
    text.to_owned()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Figures that are as large as can be, and texts that are hostile.
fn stats() -> Vec<u8> {
    let (max, text) = (u64::MAX, json(&format!("evil{OBEYED}")));
    let polls = format!(r#"{{"polls":{max},"busy_ns":{max},"longest_ns":{max}}}"#);
    let worker = format!(
        r#"{{"polls":{max},"parks":{max},"stolen":{max},"queued":{max},"busy_ns":{max},"recent":{polls},
        "current":{{"task":{text},"place":{text},"for_ns":{max}}}}}"#
    );
    let place = format!(
        r#"{{"place":{text},"alive":{max},"waiting":{max},"queued":{max},"running":{max},"stranded":{max},"oldest_idle_ms":{max},"recent":{polls}}}"#
    );
    let task =
        format!(r#"{{"id":{text},"name":{text},"state":{text},"polled_ns":{max},"spawned_at":{{"file":{text}}}}}"#);
    let line = format!(
        r#"{{"stats":{{"flavor":{text},"uptime_ns":{max},"alive":{max},"spawned":{max},"queued":{max},"workers":[{worker}],
        "places":[{place}],"stuck":[{task}],"stranded":[{task}],"circles":[[{text},{text}]],
        "timers":{{"live":{max},"fired":{max}}},"blocking":{{"threads":{max},"idle":0,"queued":{max}}},"window_ns":{max}}}}}"#
    );
    (line.replace('\n', "") + "\n").into_bytes()
}

#[test]
fn a_page_shows_hostile_texts_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let hello = HELLO.replace(r#""shop""#, &json(&format!("shop{OBEYED}")));
    let (path, served) = serve(&folder, hello, vec![stats(), stats()]);
    let output = run(&["--once", "-i", "0.05", "--width", "400"], &path);
    let (page, errors) = (harmless(&output.stdout), harmless(&output.stderr));
    assert!(output.status.success(), "{errors}");
    let escaped = r"\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{8}\u{9b}31m\n\u{202e}\u{200b}\u{feff}";
    assert!(page.starts_with(&format!("shop{escaped} · pid 1")), "{page}");
    for part in [&format!("evil{escaped}"), "18,446,744,073,709,551,615", "in a circle: evil", "is stuck for 213503 d"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(served.join().unwrap().len(), 2);
}

#[test]
fn a_dump_keeps_its_lines_and_nothing_else_that_a_terminal_obeys() {
    for (arguments, request, kind) in [
        (&["--dump"][..], r#"{"get":"text"}"#, "text"),
        (&["--dump", "--all"], r#"{"get":"text","all":true}"#, "text"),
        (&["--waits", "9"], r#"{"get":"waits","most":9}"#, "waits"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let answer = format!("{{\"{kind}\":{}}}\n", json(&format!("one\n  two{OBEYED}")));
        let (path, served) = serve(&folder, HELLO.to_owned(), vec![answer.into_bytes()]);
        let output = run(arguments, &path);
        let escaped = r"\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{8}\u{9b}31m";
        assert_eq!(harmless(&output.stdout), format!("one\n  two{escaped}\n\\u{{202e}}\\u{{200b}}\\u{{feff}}\n"));
        assert!(output.status.success() && output.stderr.is_empty());
        assert_eq!(served.join().unwrap(), [request]);
    }
}

#[test]
fn what_it_complains_of_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let answer = format!("{{\"error\":{}}}\n", json(OBEYED));
    let (path, served) = serve(&folder, HELLO.to_owned(), vec![answer.into_bytes()]);
    let output = run(&["--dump"], &path);
    let complaint = harmless(&output.stderr);
    assert!(complaint.starts_with("fusee-top: the process answers: ") && complaint.lines().count() == 1, "{complaint}");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    served.join().unwrap();
}

#[test]
fn a_recording_is_as_long_as_it_is_said_to_be_or_none() {
    let cases: [(&str, &[u8], &str); 5] = [
        (
            "18446744073709551615",
            b"fusee",
            "offers a recording of 18446744073709551615 bytes, and 1073741824 are taken",
        ),
        ("1073741825", b"fusee", "offers a recording of 1073741825 bytes"),
        ("1073741824", b"fusee", "5 of 1073741824 bytes have come"),
        ("10", b"", "0 of 10 bytes have come"),
        ("-1", b"", "no console of fusee's"),
    ];
    for (length, bytes, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        let answer = [format!("{{\"recording\":{length}}}\n").as_bytes(), bytes].concat();
        let (path, served) = serve(&folder, HELLO.to_owned(), vec![answer]);
        let file = folder.path().join("recording");
        let output = run(&["--trace", file.to_str().unwrap()], &path);
        let complaint = harmless(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains(why) && complaint.lines().count() == 1, "{length}: {complaint}");
        assert!(!file.exists(), "{length}");
        served.join().unwrap();
    }
}

#[test]
fn a_recording_of_many_chunks_is_whole_and_what_follows_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let answer = [format!("{{\"recording\":{}}}\n", bytes.len()).as_bytes(), &bytes, b"more"].concat();
    let (path, served) = serve(&folder, HELLO.to_owned(), vec![answer]);
    let file = folder.path().join("recording");
    let output = run(&["--trace", file.to_str().unwrap()], &path);
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(file).unwrap() == bytes);
    served.join().unwrap();
}

#[test]
fn an_answer_that_breaks_off_is_told_apart_from_another_program() {
    for (answer, why) in [(&b"{\"text\":\"half"[..], "closed the connection"), (b"\xff\xfe\n", "no console of fusee's")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (path, served) = serve(&folder, HELLO.to_owned(), vec![answer.to_owned()]);
        let output = run(&["--dump"], &path);
        let complaint = harmless(&output.stderr);
        assert!(output.status.code() == Some(1) && complaint.contains(why), "{complaint}");
        served.join().unwrap();
    }
}
